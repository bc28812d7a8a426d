import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contentType,
  cutIntoParts,
  type FileFormat,
  LARGEST_PART_BYTES,
  partOf,
  RecordTooLargeError,
  recordText,
} from '../../../lib/raw-zone/parts.ts';

const asJson: FileFormat = { format: 'json', gzip: false, recordsPerFile: 100 };
const asLines: FileFormat = { ...asJson, format: 'jsonl' };

/** What the writer does with the records of a branch. */
const partsOf = (records: readonly object[], format: FileFormat) => {
  const texts = records.map((record, id) => {
    const text = Buffer.from(recordText(record, format));
    return { id, bytes: text.length, text };
  });
  return cutIntoParts(texts, format).map((part) =>
    partOf(
      part.map(({ text }) => text),
      format,
    ),
  );
};

const movies = (count: number) => Array.from({ length: count }, (_, id) => ({ id }));
const sizes = (records: readonly object[], format = asJson) => partsOf(records, format).map((part) => part.records);
/** A record whose JSON has this many bytes. */
const weighing = (bytes: number) => ({ overview: 'x'.repeat(bytes - '{"overview":""}'.length) });
/** Records with all kinds of text: line separators of JavaScript, quotes, backslashes, emoji. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\u2028', '\u2029', '"', '\\', 'a\nb', '\r\n', '🎬', '\0'),
);
const record = fc
  .dictionary(text, fc.oneof(text, fc.jsonValue()), { maxKeys: 5 })
  .map((one) => JSON.parse(JSON.stringify(one)) as object);
const records = fc.array(record, { maxLength: 30 });

describe('dividing records into parts', () => {
  it.each([
    { movies: 0, parts: [] },
    { movies: 1, parts: [1] },
    { movies: 100, parts: [100] },
    { movies: 101, parts: [100, 1] },
    { movies: 250, parts: [100, 100, 50] },
  ])('makes $parts of $movies movies', ({ movies: count, parts }) => {
    expect(sizes(movies(count))).toEqual(parts);
  });

  it.each(['json', 'jsonl'] as const)('keeps every record of %s once, in order', (format) => {
    // The texts are compared, because JSON.parse can return the wrong key for a key that begins with an escape. TMDB has no
    // such key. Source: https://github.com/nodejs/node/issues/63785 (read 2026-11-25).
    const textOf = (some: readonly object[]): string =>
      format === 'json' ? JSON.stringify(some, null, 4) : some.map((one) => `${JSON.stringify(one)}\n`).join('');
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: 7 }), fc.boolean(), (all, recordsPerFile, gzip) => {
        const parts = partsOf(all, { format, gzip, recordsPerFile });

        const expected = Array.from({ length: Math.ceil(all.length / recordsPerFile) }, (_, at) =>
          all.slice(at * recordsPerFile, (at + 1) * recordsPerFile),
        );
        expect(parts.map(({ body }) => (gzip ? gunzipSync(body) : body).toString())).toEqual(expected.map(textOf));
        expect(parts.map((part) => part.records)).toEqual(expected.map((some) => some.length));
      }),
    );
  });

  it('starts a new part before a part exceeds 10 MB', () => {
    const four = weighing(4_000_000);

    expect(sizes([four, four, four, four, four])).toEqual([2, 2, 1]);
    expect(sizes([four, four, { id: 1 }, four], asLines)).toEqual([3, 1]);
    for (const { body } of partsOf([four, four, four], asJson)) expect(body.length).toBeLessThanOrEqual(10_000_000);
  });

  it('counts bytes, not characters', () => {
    const emoji = { overview: '🎬'.repeat(1_300_000) };

    expect(sizes([emoji, emoji])).toEqual([1, 1]);
  });

  it.each([asJson, asLines])('never makes a part larger than 10 MB: $format', (format) => {
    const two = (bytes: number) => [weighing(5_000_000), weighing(bytes)];
    const [one] = partsOf(two(100), { ...format, recordsPerFile: 2 });
    const frame = (one?.body.length ?? 0) - 5_000_100;
    for (let over = -5; over <= 5; over += 1) {
      const parts = partsOf(two(LARGEST_PART_BYTES - 5_000_000 - frame + over), format);

      expect(Math.max(...parts.map(({ body }) => body.length))).toBeLessThanOrEqual(LARGEST_PART_BYTES);
      if (over > 0) expect(parts).toHaveLength(2);
      if (over < -3) expect(parts).toHaveLength(1);
    }
  });

  it.each([asJson, asLines])(
    'fills each part before it starts the next, for records of any size: $format',
    (format) => {
      const bytes = fc.oneof(
        fc.integer({ min: 2, max: 20_000 }),
        fc.integer({ min: 1_000_000, max: LARGEST_PART_BYTES - 10 }),
        fc.constantFrom(LARGEST_PART_BYTES / 2 - 4, LARGEST_PART_BYTES / 4 - 3, LARGEST_PART_BYTES - 10),
      );
      const open = format.format === 'json' ? 4 : 1;
      const between = format.format === 'json' ? 2 : 1;
      /** The length of a part as partOf would build it, and two bytes at most that the cut reserves. */
      const sizeOf = (part: readonly { bytes: number }[]) =>
        open + part.reduce((sum, { bytes }) => sum + bytes, 0) + between * (part.length - 1);
      fc.assert(
        fc.property(fc.array(bytes, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (sizes, recordsPerFile) => {
          const all = sizes.map((bytes, id) => ({ id, bytes }));
          const parts = cutIntoParts(all, { ...format, recordsPerFile });

          expect(parts.flat()).toEqual(all);
          for (const [at, part] of parts.entries()) {
            expect(part.length).toBeGreaterThan(0);
            expect(part.length).toBeLessThanOrEqual(recordsPerFile);
            expect(sizeOf(part)).toBeLessThanOrEqual(LARGEST_PART_BYTES);
            const [next] = parts[at + 1] ?? [];
            if (next && part.length < recordsPerFile)
              expect(sizeOf([...part, next])).toBeGreaterThan(LARGEST_PART_BYTES - between);
          }
        }),
      );
    },
  );

  it('rejects a record that is larger than a part may be', () => {
    expect(sizes([weighing(9_999_000)])).toEqual([1]);
    expect(() => partsOf([{ id: 1 }, weighing(10_000_001)], asJson)).toThrow(RecordTooLargeError);
  });

  it('accepts the largest record that fits, and names one that is a byte larger', () => {
    // Around one record: "[\n" and "\n]", and two bytes for the comma and line feed before the next one.
    const largest = { id: 603, bytes: LARGEST_PART_BYTES - 6 };
    const larger = { ...largest, bytes: largest.bytes + 1 };

    expect(cutIntoParts([largest], asJson)).toEqual([[largest]]);
    expect(() => cutIntoParts([larger], asJson)).toThrow(
      expect.objectContaining({
        name: 'RecordTooLargeError',
        message:
          'The record of 603 has 9999997 bytes, but a part may have at most 10000000: add fields to record.without in the dataset, so that they are left out.',
      }),
    );
  });
});

describe('a part', () => {
  it('of json is one array, indented by 4 spaces', () => {
    fc.assert(
      fc.property(records, (all) => {
        const [part] = partsOf(all, asJson);
        expect(part?.body.toString() ?? '[]').toBe(JSON.stringify(all, null, 4));
      }),
    );
  });

  it('does not treat a line separator inside a text as a new line', () => {
    const [part] = partsOf([{ title: 'One\u2028two "three"\n' }], asJson);

    expect(part?.body.toString()).toBe('[\n    {\n        "title": "One\u2028two \\"three\\"\\n"\n    }\n]');
  });

  it('of jsonl has one record per line, and ends every line', () => {
    const [part] = partsOf([{ id: 1, genres: [] }, { id: 2 }], asLines);

    expect(part?.body.toString()).toBe('{"id":1,"genres":[]}\n{"id":2}\n');
  });

  it('has the sha256 of the bytes in the bucket', () => {
    for (const gzip of [false, true]) {
      const [part] = partsOf(movies(3), { ...asJson, gzip });
      expect(part?.sha256).toBe(
        createHash('sha256')
          .update(part?.body ?? '')
          .digest('hex'),
      );
    }
  });

  it('has the same bytes on every system and at any time', () => {
    const pack = () => partsOf(movies(100), { ...asLines, gzip: true })[0]?.body ?? Buffer.alloc(0);
    const header = pack().subarray(0, 10);

    expect(pack()).toEqual(pack());
    // No name, no time, the slowest compression, and no operating system: RFC 1952, 2.3.1.
    expect([header[3], header.readUInt32LE(4), header[8], header[9]]).toEqual([0, 0, 2, 255]);
    expect(gunzipSync(pack()).toString().split('\n')).toHaveLength(101);
  });

  it.each([
    { format: 'json', gzip: false, type: 'application/json' },
    { format: 'jsonl', gzip: false, type: 'application/x-ndjson' },
    { format: 'json', gzip: true, type: 'application/gzip' },
  ] as const)('of $format, gzip $gzip, is $type', ({ type, ...format }) => {
    expect(contentType({ ...asJson, ...format })).toBe(type);
  });
});
