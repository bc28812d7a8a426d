import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

/** The bytes of a body, and the Content-Encoding header. */
interface Packed {
  bytes: Buffer;
  label?: string;
}

const gzip = (body: Buffer) => gzipSync(body, { level: 1 });

/** Compressions that differ from the header, or that the client doesn't accept. */
export const ENCODINGS = {
  'gzip-unlabelled': (body: Buffer): Packed => ({ bytes: gzip(body) }),
  'plain-as-gzip': (body: Buffer): Packed => ({ bytes: body, label: 'gzip' }),
  'double-gzip': (body: Buffer): Packed => ({ bytes: gzip(gzip(body)), label: 'gzip' }),
  deflate: (body: Buffer): Packed => ({ bytes: deflateSync(body), label: 'deflate' }),
  br: (body: Buffer): Packed => ({ bytes: brotliCompressSync(body), label: 'br' }),
} as const;
export type Encoding = keyof typeof ENCODINGS;

/** The correct compression. */
export const packed = (body: Buffer, zipped: boolean): Packed =>
  zipped ? { bytes: gzip(body), label: 'gzip' } : { bytes: body };

const LEVELS = 5_000;

/** Invalid UTF-8: 0xC3, the first of two bytes, without the second one. It is in the first title or name of the body. */
const withBrokenCharacter = (right: Buffer): Buffer => {
  const text = right.toString('latin1');
  const found = /"(?:title|name|status_message)":"/.exec(text) ?? /":"/.exec(text);
  const end = found ? found.index + found[0].length : 0;
  const broken = Buffer.from([0xc3]);
  return found ? Buffer.concat([right.subarray(0, end), broken, right.subarray(end)]) : Buffer.from('"\xc3"', 'latin1');
};

/** Bodies that are sent instead of the correct one. */
export const WRONG_SHAPES = {
  'empty-object': () => '{}',
  'empty-array': () => '[]',
  null: () => 'null',
  /** TMDB's JSON for errors. */
  envelope: () => '{"success":false,"status_code":11,"status_message":"Internal error: Something went wrong."}',
  'invalid-utf8': withBrokenCharacter,
  nested: () => '['.repeat(LEVELS) + ']'.repeat(LEVELS),
} satisfies Record<string, (right: Buffer) => string | Buffer>;

/** html-403: an HTML page with status 403. */
export type Shape = keyof typeof WRONG_SHAPES | 'html-403';
export const SHAPES: readonly Shape[] = [...(Object.keys(WRONG_SHAPES) as Shape[]), 'html-403'];
