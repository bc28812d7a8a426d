import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { recordsIn } from '../../../lib/raw-zone/part-records.ts';
import { LARGEST_PART_BYTES, partOf, recordText } from '../../../lib/raw-zone/parts.ts';

const records = [{ id: 1, title: 'A\nB' }, { id: 2 }];

it.each([
  { format: 'json', gzip: false },
  { format: 'json', gzip: true },
  { format: 'jsonl', gzip: false },
  { format: 'jsonl', gzip: true },
] as const)('a part of $format (gzip: $gzip) is read back as its records', (one) => {
  const format = { ...one, recordsPerFile: 100 };
  const { body } = partOf(
    records.map((record) => Buffer.from(recordText(record, format))),
    format,
  );

  expect(recordsIn(body, format)).toEqual(records);
  expect(recordsIn(body.subarray(0, -3), format)).toBeUndefined();
});

it.each(['', '{}', '[1]', '[{}, 1]', '[null]', 'x'])('%j has no records', (text) => {
  expect(recordsIn(Buffer.from(text), { format: 'json', gzip: false })).toBeUndefined();
});

it('a gzip file whose text is larger than a part may be has no records', () => {
  const padded = (bytes: number) => gzipSync('[]'.padEnd(bytes), { level: 1 });
  const format = { format: 'json', gzip: true } as const;

  expect(recordsIn(padded(LARGEST_PART_BYTES), format)).toEqual([]);
  expect(recordsIn(padded(LARGEST_PART_BYTES + 1), format)).toBeUndefined();
});
