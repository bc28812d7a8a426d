import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

export interface FileFormat {
  /** `json`: one array, indented by 4. `jsonl`: one record a line, which Athena reads. */
  format: 'json' | 'jsonl';
  gzip: boolean;
  /** Records in one part at most. */
  recordsPerFile: number;
}

/** No part is larger, before it is packed: 10 MB, the promise to readers in docs/output-format.md. */
export const LARGEST_PART_BYTES = 10_000_000;

/** One record is larger than a whole part may be. A person takes fields out of the dataset's record. */
export class RecordTooLargeError extends Error {
  override readonly name = 'RecordTooLargeError';
}

export interface Part {
  body: Buffer;
  records: number;
  sha256: string;
}

/**
 * Cuts records into parts: a new one after `recordsPerFile` records, or earlier where a part would pass 10 MB.
 *
 * Keeps their order, and gives the same bytes for the same records. No records, no parts.
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
        `One record has ${size} bytes, and a part may have ${LARGEST_PART_BYTES}: leave fields out in the dataset's record.without.`,
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

/** How each format spells a file. `json` gives what JSON.stringify(records, null, 4) gives, put together record by record. */
const LAYOUTS = {
  json: {
    open: '[\n',
    between: ',\n',
    close: '\n]',
    // Not /^/gm: that also matches after U+2028, which may stand unescaped inside a JSON string.
    text: (record: object) => INDENT + JSON.stringify(record, null, 4).replaceAll('\n', `\n${INDENT}`),
  },
  jsonl: { open: '', between: '\n', close: '\n', text: (record: object) => JSON.stringify(record) },
} as const;

/** gzip, with the one byte that tells the operating system set to "unknown": same input, same bytes, wherever. */
const packed = (plain: Buffer): Buffer => {
  const body = gzipSync(plain, { level: 9 });
  body[9] = 255;
  return body;
};

export const contentType = ({ format, gzip }: FileFormat): string =>
  gzip ? 'application/gzip' : format === 'json' ? 'application/json' : 'application/x-ndjson';
