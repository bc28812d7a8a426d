import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  constants as zlibConstants,
  zstdCompressSync,
} from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nestsDeeperThan, textOf, UnreadableBody, unpacked } from '../../../lib/tmdb/body.ts';

const TEXT = JSON.stringify({
  id: 7,
  title: 'Ação 🎬 "7.0"',
  filler: Array.from({ length: 200 }, (_, at) => at * 7919),
});
const bytes = Buffer.from(TEXT);
const LIMIT = 100_000;
const read = (body: Uint8Array, label?: string, limit = LIMIT) => textOf(unpacked(body, label, limit));

describe('the text of a body', () => {
  it.each<[string, Uint8Array, string | undefined]>([
    ['plain bytes', bytes, undefined],
    ['plain bytes labelled identity', bytes, 'identity'],
    ['plain bytes labelled gzip', bytes, 'gzip'],
    ['plain bytes labelled br', bytes, 'br'],
    ['plain bytes labelled deflate', bytes, 'deflate'],
    ['plain bytes labelled with an unknown encoding', bytes, 'aws-chunked'],
    ['gzip', gzipSync(bytes), 'gzip'],
    ['gzip labelled x-gzip', gzipSync(bytes), 'x-gzip'],
    ['gzip without a label', gzipSync(bytes), undefined],
    ['gzip labelled br', gzipSync(bytes), 'br'],
    ['gzip twice, labelled once', gzipSync(gzipSync(bytes)), 'gzip'],
    ['gzip three times, without a label', gzipSync(gzipSync(gzipSync(bytes))), undefined],
    ['two gzip members', Buffer.concat([gzipSync(bytes.subarray(0, 50)), gzipSync(bytes.subarray(50))]), 'gzip'],
    ['deflate with a zlib header', deflateSync(bytes), 'deflate'],
    ['deflate with a zlib header, without a label', deflateSync(bytes), undefined],
    ['deflate with a small window', deflateSync(bytes, { windowBits: 9 }), 'deflate'],
    ['raw deflate', deflateRawSync(bytes), 'deflate'],
    ['br', brotliCompressSync(bytes), 'br'],
    ['br within gzip', gzipSync(brotliCompressSync(bytes)), 'br, gzip'],
    ['gzip within br', brotliCompressSync(gzipSync(bytes)), 'gzip, br'],
    ['zstd', zstdCompressSync(bytes), 'zstd'],
    ['zstd without a label', zstdCompressSync(bytes), undefined],
    ['a byte order mark', Buffer.from(`\uFEFF${TEXT}`), undefined],
    ['a byte order mark in gzip', gzipSync(`\uFEFF${TEXT}`), 'gzip'],
  ])('is read from %s', (_, body, label) => {
    expect(read(body, label)).toBe(TEXT);
  });

  it('is read for any JSON, any compressions and any Content-Encoding', () => {
    const packings = [gzipSync, deflateSync, zstdCompressSync];
    const labels = [undefined, '', 'identity', 'gzip', 'br', 'deflate', 'zstd', 'gzip, gzip'];
    fc.assert(
      fc.property(
        fc.json(),
        fc.array(fc.constantFrom(...packings), { maxLength: 3 }),
        fc.constantFrom(...labels),
        (text, layers, label) => {
          expect(
            read(
              layers.reduce<Buffer>((body, pack) => pack(body), Buffer.from(text)),
              label,
            ),
          ).toBe(text);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it.each<[string, Uint8Array, string | undefined]>([
    ['half of gzip', gzipSync(bytes).subarray(0, 200), 'gzip'],
    ['half of gzip, without a label', gzipSync(bytes).subarray(0, 200), undefined],
    ['gzip without its last byte', gzipSync(bytes).subarray(0, -1), 'gzip'],
    [
      'gzip with one bit changed',
      Buffer.from(gzipSync(bytes).map((byte, at) => (at === 300 ? byte ^ 1 : byte))),
      'gzip',
    ],
    ['half of deflate', deflateSync(bytes).subarray(0, 200), 'deflate'],
    ['half of raw deflate', deflateRawSync(bytes).subarray(0, 200), 'deflate'],
    ['half of br', brotliCompressSync(bytes).subarray(0, 200), 'br'],
    ['half of zstd', zstdCompressSync(bytes).subarray(0, 200), 'zstd'],
  ])('cannot be read from %s', (_, body, label) => {
    expect(() => read(body, label)).toThrow(UnreadableBody);
  });

  it('cannot be read with more than three compressions', () => {
    expect(() => read(gzipSync(gzipSync(gzipSync(gzipSync(bytes)))))).toThrow(
      'the body is compressed more than 3 times',
    );
  });

  const BOMB = Buffer.alloc(50_000_000, ' ');
  it.each<[string, Uint8Array, string | undefined]>([
    ['gzip', gzipSync(BOMB), 'gzip'],
    ['gzip within gzip', gzipSync(gzipSync(BOMB)), undefined],
    ['deflate', deflateSync(BOMB), undefined],
    ['raw deflate', deflateRawSync(BOMB), 'deflate'],
    ['br', brotliCompressSync(BOMB, { params: { [zlibConstants.BROTLI_PARAM_QUALITY]: 1 } }), 'br'],
    ['zstd', zstdCompressSync(BOMB), 'zstd'],
  ])('stops at the limit for a bomb of %s', (_, bomb, label) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(() => read(bomb, label)).toThrow('the body is too long');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5_000_000);
  });

  it('may be as long as the limit', () => {
    const longest = gzipSync(`"${'a'.repeat(LIMIT - 2)}"`);

    expect(read(longest)).toHaveLength(LIMIT);
    expect(() => read(longest, undefined, LIMIT - 1)).toThrow('the body is too long');
  });

  it.each<[string, number[]]>([
    ['Latin-1', [0x22, 0xe9, 0x22]],
    ['a cut character', [0x22, 0xf0, 0x9f, 0x8e]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x22, 0x00]],
  ])('is never guessed: %s is not UTF-8, so it is an error', (_, body) => {
    expect(() => read(Buffer.from(body))).toThrow('the body is not valid UTF-8');
    expect(() => read(gzipSync(Buffer.from(body)))).toThrow(UnreadableBody);
  });

  it('keeps U+FFFD if TMDB sent it', () => {
    expect(read(Buffer.from('"\uFFFD"'))).toBe('"\uFFFD"');
  });
});

describe('the depth of JSON', () => {
  it.each([
    ['{"a":[{"b":1}]}', 3],
    ['[[],[],{}]', 2],
    ['"[[[["', 0],
    ['{"\\"[[":"\\\\","b":"[\\\\\\"["}', 1],
    ['7', 0],
    ['', 0],
    ['["no end [[[', 1],
  ])('of %s is %d', (text, depth) => {
    expect(nestsDeeperThan(text, depth)).toBe(false);
    if (depth > 0) expect(nestsDeeperThan(text, depth - 1)).toBe(true);
  });

  it('equals the depth that a parser finds', () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
    fc.assert(
      fc.property(fc.json(), (text) => {
        const depth = depthOf(JSON.parse(text));
        expect([nestsDeeperThan(text, depth), nestsDeeperThan(text, depth - 1)]).toEqual([false, depth > 0]);
      }),
    );
  });

  it('is found without recursion, at any depth', () => {
    expect(nestsDeeperThan('[{"a":'.repeat(500_000), 999_999)).toBe(true);
  });
});
