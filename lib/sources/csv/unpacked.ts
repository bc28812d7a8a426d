import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Wrong } from './text.ts';

/** Bytes of a CSV after unpacking: ten times the largest known file. A small gzip file can unpack to any size. */
const MOST_UNPACKED_BYTES = 2_000_000_000;

/**
 * Unpacks a CSV that is a gzip file, while it is read. Any other file passes through unchanged. The first two bytes
 * decide, not the file's name: S3 can also store a packed object under a name that ends in .csv.
 *
 * @throws {BadInputError} The gzip file is damaged, incomplete or too large.
 */
export const unpacked = async function* (body: AsyncIterable<Uint8Array>, wrong: Wrong): AsyncGenerator<Uint8Array> {
  const { start, all } = await startOf(body);
  if (!isGzip(start)) {
    yield* all;
    return;
  }
  const gunzip = createGunzip();
  // The loop below throws the error of any of the streams, so the promise needs no handler of its own.
  pipeline(Readable.from(all), gunzip).catch(() => undefined);
  let bytes = 0;
  try {
    for await (const chunk of gunzip as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > MOST_UNPACKED_BYTES)
        throw wrong(
          `the gzip file has more than ${MOST_UNPACKED_BYTES} bytes after unpacking, which is the limit; upload a smaller file`,
        );
      yield chunk;
    }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw code.startsWith('Z_')
      ? wrong('the gzip file is damaged or incomplete; pack the CSV again, and upload it again')
      : error;
  }
};

export const isGzip = (start: Uint8Array): boolean => start[0] === 0x1f && start[1] === 0x8b;

/** The first two bytes or more, and all chunks including these. */
const startOf = async (body: AsyncIterable<Uint8Array>) => {
  const chunks = body[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  while (first.reduce((sum, { length }) => sum + length, 0) < 2) {
    const { done, value } = await chunks.next();
    if (done) break;
    first.push(value);
  }
  const all = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* first;
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
    } finally {
      // Closes the connection to S3 where the reader has stopped early.
      await chunks.return?.();
    }
  };
  return { start: Buffer.concat(first), all: all() };
};
