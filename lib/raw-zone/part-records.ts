import { gunzipSync } from 'node:zlib';
import { type FileFormat, LARGEST_PART_BYTES } from './parts.ts';

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
    const records: unknown =
      format === 'json'
        ? JSON.parse(text)
        : text
            .split('\n')
            .slice(0, -1)
            .map((line) => JSON.parse(line));
    return Array.isArray(records) && records.every(isObject) ? records : undefined;
  } catch {
    return undefined;
  }
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
