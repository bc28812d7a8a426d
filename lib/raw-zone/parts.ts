import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

export interface FileFormat {
  /** `json`: one array, indented by 4 spaces. `jsonl`: one record per line, which Athena can read. */
  format: 'json' | 'jsonl';
  gzip: boolean;
  /** Largest number of records in one part. */
  recordsPerFile: number;
}

/** Largest part in bytes before compression: 10 MB. docs/output-format.md promises this limit to readers. */
export const LARGEST_PART_BYTES = 10_000_000;

/** One record is larger than a part may be. A person must remove fields from the dataset's record; nothing retries. */
export class RecordTooLargeError extends Error {
  override readonly name = 'RecordTooLargeError';
}

export interface Part {
  body: Buffer;
  records: number;
  sha256: string;
}

/**
 * Divides records into parts. A new part starts after `recordsPerFile` records, or earlier if the part would exceed 10 MB.
 *
 * The records keep their order. The same records give the same bytes. Without records, there are no parts.
 *
 * @throws {RecordTooLargeError}
 */
export const cutIntoParts = (records: readonly object[], { format, gzip, recordsPerFile }: FileFormat): Part[] => {
  const { open, between, close, text } = LAYOUTS[format];
  const overhead = open.length + close.length;
  const parts: Part[] = [];
  let texts: string[] = [];
  let bytes = overhead;

  const finish = () => {
    if (texts.length === 0) return;
    const plain = Buffer.from(open + texts.join(between) + close);
    const body = gzip ? packed(plain) : plain;
    parts.push({ body, records: texts.length, sha256: createHash('sha256').update(body).digest('hex') });
    texts = [];
    bytes = overhead;
  };

  for (const record of records) {
    const one = text(record);
    const size = Buffer.byteLength(one) + between.length;
    if (overhead + size > LARGEST_PART_BYTES) {
      throw new RecordTooLargeError(
        `The record${'id' in record ? ` of ${record.id}` : ''} has ${size} bytes, but a part may have at most ${LARGEST_PART_BYTES}: add fields to record.without in the dataset, so that they are left out.`,
      );
    }
    if (texts.length === recordsPerFile || bytes + size > LARGEST_PART_BYTES) finish();
    texts.push(one);
    bytes += size;
  }
  finish();
  return parts;
};

const INDENT = '    ';

/** The syntax of each format. `json` is built record by record and equals JSON.stringify(records, null, 4). */
const LAYOUTS = {
  json: {
    open: '[\n',
    between: ',\n',
    close: '\n]',
    // Not /^/gm: it also matches after U+2028, which may appear unescaped in a JSON string.
    text: (record: object) => INDENT + JSON.stringify(record, null, 4).replaceAll('\n', `\n${INDENT}`),
  },
  jsonl: { open: '', between: '\n', close: '\n', text: (record: object) => JSON.stringify(record) },
} as const;

/** Compresses with gzip and sets the header's operating-system byte to "unknown", so that the result is the same on every system. */
const packed = (plain: Buffer): Buffer => {
  const body = gzipSync(plain, { level: 9 });
  body[9] = 255;
  return body;
};

export const contentType = ({ format, gzip }: FileFormat): string =>
  gzip ? 'application/gzip' : format === 'json' ? 'application/json' : 'application/x-ndjson';
