import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { joined } from '../json-text.ts';

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

/** The text of one record in a part. */
export const recordText = (record: object, { format }: FileFormat): string => LAYOUTS[format].text(record);

/**
 * Divides records into parts by the length of their texts. A new part starts after `recordsPerFile` records, or earlier
 * if the part would exceed 10 MB.
 *
 * The records keep their order. Without records, there are no parts.
 *
 * @param records TMDB's id of each record, and the length of its text in bytes.
 * @throws {RecordTooLargeError}
 */
export const cutIntoParts = <Text extends { id: number; bytes: number }>(
  records: readonly Text[],
  { format, recordsPerFile }: FileFormat,
): Text[][] => {
  const { open, between, close } = LAYOUTS[format];
  const overhead = open.length + close.length;
  const parts: Text[][] = [];
  let bytes = overhead;
  for (const record of records) {
    const size = record.bytes + between.length;
    if (overhead + size > LARGEST_PART_BYTES) {
      throw new RecordTooLargeError(
        `The record of ${record.id} has ${size} bytes, but a part may have at most ${LARGEST_PART_BYTES}: add fields to record.without in the dataset, so that they are left out.`,
      );
    }
    let part = parts.at(-1);
    if (!part || part.length === recordsPerFile || bytes + size > LARGEST_PART_BYTES) {
      part = [];
      parts.push(part);
      bytes = overhead;
    }
    part.push(record);
    bytes += size;
  }
  return parts;
};

/** One part from the texts of its records. The same texts give the same bytes. */
export const partOf = (texts: readonly Buffer[], { format, gzip }: FileFormat): Part => {
  const { open, between, close } = LAYOUTS[format];
  const plain = Buffer.concat([Buffer.from(open), ...joined(texts, between), Buffer.from(close)]);
  const body = gzip ? packed(plain) : plain;
  return { body, records: texts.length, sha256: createHash('sha256').update(body).digest('hex') };
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
