import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

/** The compression of a body, and its Content-Encoding. */
interface Packed {
  bytes: Buffer;
  label?: string;
}

const gzip = (body: Buffer) => gzipSync(body, { level: 1 });

/** Forms of a body that don't match their header, or that the client didn't ask for. */
export const ENCODINGS = {
  'gzip-unlabelled': (body: Buffer): Packed => ({ bytes: gzip(body) }),
  'plain-as-gzip': (body: Buffer): Packed => ({ bytes: body, label: 'gzip' }),
  'double-gzip': (body: Buffer): Packed => ({ bytes: gzip(gzip(body)), label: 'gzip' }),
  deflate: (body: Buffer): Packed => ({ bytes: deflateSync(body), label: 'deflate' }),
  br: (body: Buffer): Packed => ({ bytes: brotliCompressSync(body), label: 'br' }),
} as const;
export type Encoding = keyof typeof ENCODINGS;

/** The compression without faults. */
export const packed = (body: Buffer, zipped: boolean): Packed =>
  zipped ? { bytes: gzip(body), label: 'gzip' } : { bytes: body };

const LEVELS = 5_000;

/** Invalid UTF-8, as from a proxy that cuts a character: 0xC3 without its second byte, in the first title or name. */
const withBrokenCharacter = (right: Buffer): Buffer => {
  const text = right.toString('latin1');
  const found = /"(?:title|name|status_message)":"/.exec(text) ?? /":"/.exec(text);
  const at = found ? found.index + found[0].length : 0;
  const broken = Buffer.from([0xc3]);
  return found ? Buffer.concat([right.subarray(0, at), broken, right.subarray(at)]) : Buffer.from('"\xc3"', 'latin1');
};

/** Bodies of a wrong shape with status 200. */
export const WRONG_SHAPES = {
  'empty-object': () => '{}',
  'empty-array': () => '[]',
  null: () => 'null',
  /** TMDB's JSON for an error, although the status is 200. */
  envelope: () => '{"success":false,"status_code":11,"status_message":"Internal error: Something went wrong."}',
  'invalid-utf8': withBrokenCharacter,
  nested: () => '['.repeat(LEVELS) + ']'.repeat(LEVELS),
} satisfies Record<string, (right: Buffer) => string | Buffer>;

/** html-403: the page of a CDN that blocks the request. */
export type Shape = keyof typeof WRONG_SHAPES | 'html-403';
export const SHAPES: readonly Shape[] = [...(Object.keys(WRONG_SHAPES) as Shape[]), 'html-403'];
