import { gunzipSync } from 'node:zlib';
import { type FileFormat, LARGEST_PART_BYTES } from './parts.ts';

/** The format of a part. Manifests of earlier versions do not say it; the name of the file does. */
export const formatOf = (
  key: string,
  output?: { format: string; gzip: boolean },
): Pick<FileFormat, 'format' | 'gzip'> => ({
  format: (output ? output.format === 'jsonl' : /\.jsonl(\.gz)?$/.test(key)) ? 'jsonl' : 'json',
  gzip: output?.gzip ?? key.endsWith('.gz'),
});

/**
 * The records of a part, read back.
 *
 * @returns undefined where the bytes are no part of this format, or larger than a part may be.
 */
export const recordsIn = (
  body: Buffer,
  { format, gzip }: Pick<FileFormat, 'format' | 'gzip'>,
): Record<string, unknown>[] | undefined => {
  try {
    // A damaged gzip file can claim any size.
    const text = (gzip ? gunzipSync(body, { maxOutputLength: LARGEST_PART_BYTES }) : body).toString();
    const lines = format === 'jsonl' ? text.split('\n') : undefined;
    // The last line ends with a line feed, too.
    if (lines && lines.pop() !== '') return undefined;
    const records: unknown = lines ? lines.map((line) => JSON.parse(line)) : JSON.parse(text);
    return Array.isArray(records) && records.every(isObject) ? records : undefined;
  } catch {
    return undefined;
  }
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
