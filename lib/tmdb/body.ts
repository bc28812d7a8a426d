import {
  brotliDecompressSync,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  type ZlibOptions,
  zstdDecompressSync,
} from 'node:zlib';
import { endOfString } from '../json-text.ts';

/*
 * From the bytes of a response to its text.
 *
 * The first bytes decide how a body is compressed, because the Content-Encoding header can be wrong: TMDB's CDN has sent
 * gzip without the header for a day. The header decides only for br and for raw deflate, which have no signature.
 */

/** The body can't be read: it is damaged, incomplete, too long or not UTF-8. */
export class UnreadableBody extends Error {
  override readonly name = 'UnreadableBody';
}

/** Compressions on top of each other. A CDN that compresses a compressed body makes two. */
const MOST_LAYERS = 3;

/**
 * A body without its compressions and without a byte order mark.
 *
 * @param contentEncoding The header Content-Encoding.
 * @param mostBytes Limit of the body after each decompression. A decompression stops where it reaches the limit.
 * @throws {UnreadableBody}
 */
export const unpacked = (bytes: Uint8Array, contentEncoding: unknown, mostBytes: number): Buffer => {
  const labels = typeof contentEncoding === 'string' ? contentEncoding.toLowerCase().split(/[\s,]+/) : [];
  let body = bytes;
  for (let layers = 0; ; layers += 1) {
    const next = unpackedOnce(body, labels, mostBytes);
    if (!next) return withoutMark(body);
    if (layers === MOST_LAYERS) throw new UnreadableBody(`the body is compressed more than ${MOST_LAYERS} times`);
    body = next;
  }
};

const BYTE_ORDER_MARK = Buffer.from('\uFEFF');

const withoutMark = (body: Uint8Array): Buffer => {
  const start = BYTE_ORDER_MARK.every((byte, at) => body[at] === byte) ? BYTE_ORDER_MARK.length : 0;
  return Buffer.from(body.buffer, body.byteOffset + start, body.length - start);
};

/** Whether a text or its bytes can be JSON, by the first character. */
export const looksLikeJson = (body: Uint8Array | string): boolean => {
  const start = typeof body === 'string' ? body.slice(0, FIRST_BYTES) : Buffer.from(body.subarray(0, FIRST_BYTES));
  return /^(\uFEFF)?\s*[[{"\-0-9tfn]/.test(start.toString());
};

/** White space before JSON is rare and short. */
const FIRST_BYTES = 64;

/**
 * Whether a JSON text nests arrays and objects deeper than `levels`. Reads the text once, without recursion, and knows
 * nothing else about JSON.
 */
export const nestsDeeperThan = (text: string, levels: number): boolean => {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charCodeAt(index);
    if (char === QUOTE) {
      index = endOfString(text, index);
      if (index < 0) return false;
    } else if (char === OPEN_BRACE || char === OPEN_BRACKET) {
      depth += 1;
      if (depth > levels) return true;
    } else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) depth -= 1;
  }
  return false;
};

const [QUOTE, OPEN_BRACE, OPEN_BRACKET, CLOSE_BRACE, CLOSE_BRACKET] = [34, 123, 91, 125, 93];

type Unpack = (bytes: Uint8Array, options: Pick<ZlibOptions, 'maxOutputLength' | 'chunkSize'>) => Uint8Array;

/** Most answers fit into one piece of output, and need no copy. */
const PIECE_BYTES = 64 * 1024;

const SIGNED: readonly { name: string; begins(bytes: Uint8Array): boolean; unpack: Unpack }[] = [
  { name: 'gzip', begins: ([a, b, c]) => a === 0x1f && b === 0x8b && c === 8, unpack: gunzipSync },
  // 0x78 is the usual window of 32 KiB. Smaller windows begin with bytes that JSON can begin with.
  { name: 'deflate', begins: ([a, b = 0]) => a === 0x78 && (0x7800 + b) % 31 === 0, unpack: inflateSync },
  {
    name: 'zstd',
    begins: ([a, b, c, d]) => a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd,
    unpack: zstdDecompressSync,
  },
];

const LABELLED: Readonly<Record<string, readonly Unpack[]>> = {
  br: [brotliDecompressSync],
  deflate: [inflateSync, inflateRawSync],
};

/**
 * The body without its outermost compression, or undefined where it has none.
 *
 * @param labels The header's encodings that are still to be undone. The last one was applied last. Each is used once.
 */
const unpackedOnce = (body: Uint8Array, labels: string[], maxOutputLength: number): Uint8Array | undefined => {
  const options = { maxOutputLength, chunkSize: PIECE_BYTES };
  const signed = SIGNED.find(({ begins }) => begins(body));
  if (signed) {
    if (labels.at(-1)?.replace(/^x-/, '') === signed.name) labels.pop();
    return orElse(
      () => signed.unpack(body, options),
      () => damaged(signed.name),
    );
  }
  for (let label = labels.pop(); label !== undefined; label = labels.pop()) {
    for (const unpack of LABELLED[label] ?? []) {
      const next = orElse(
        () => unpack(body, options),
        () => undefined,
      );
      // Plain JSON under a wrong label can be valid compressed data by chance, but hardly unpacks to JSON again.
      if (next && (!looksLikeJson(body) || looksLikeJson(next) || isSigned(next))) return next;
    }
    if (LABELLED[label] && !looksLikeJson(body)) damaged(label);
  }
  return undefined;
};

const isSigned = (body: Uint8Array) => SIGNED.some(({ begins }) => begins(body));

const orElse = <Other>(unpack: () => Uint8Array, otherwise: () => Other): Uint8Array | Other => {
  try {
    return unpack();
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw new UnreadableBody(TOO_LONG);
    return otherwise();
  }
};

export const TOO_LONG = 'the body is too long';

const damaged = (compression: string): never => {
  throw new UnreadableBody(`the body is incomplete or damaged (${compression})`);
};

/** Fails on invalid UTF-8, where the default would put U+FFFD into the data. A byte order mark has been removed before. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The text of a body.
 *
 * @throws {UnreadableBody} It is not UTF-8.
 */
export const textOf = (body: Uint8Array): string => {
  try {
    return utf8.decode(body);
  } catch {
    throw new UnreadableBody('the body is not valid UTF-8');
  }
};
