import { describe, expect, it } from 'vitest';
import { BadInputError } from '../../../../lib/parse.ts';
import { csvText, LONGEST_LINE, linesOf } from '../../../../lib/sources/csv/text.ts';
import { isGzip } from '../../../../lib/sources/csv/unpacked.ts';
import { yearIn } from '../../../../lib/sources/csv/year.ts';

const wrong = (what: string) => new BadInputError(what);
const chunks = async function* <Chunk>(...all: Chunk[]) {
  yield* all;
};
const textOf = async (...all: (string | Uint8Array)[]) =>
  (await Array.fromAsync(csvText(chunks(...all.map((one) => Buffer.from(one as string))), wrong))).join('');
const lines = async (...all: string[]) => (await Array.fromAsync(linesOf(chunks(...all), wrong))).flat();

describe('the text of a CSV', () => {
  it.each([
    ['a CRLF in two chunks', ['a\r', '\nb'], 'a\nb'],
    ['a CRLF in two chunks, with an empty chunk between them', ['a\r', '', '\nb'], 'a\nb'],
    ['a CR at the end of a chunk', ['a\r', 'b\n'], 'a\nb\n'],
    ['a CR at the start of a chunk', ['\ra', '\nb'], '\na\nb'],
    ['a CR before a CRLF', ['a\r', '\r\nb'], 'a\n\nb'],
    ['a line feed of its own at the start of a chunk', ['a', '\nb'], 'a\nb'],
  ])('has a line feed for each line end: %s', async (_, chunks, text) => {
    expect(await textOf(...chunks)).toBe(text);
  });

  it('has the letters whose bytes are in two chunks', async () => {
    const bytes = Buffer.from('é🎬');

    expect(await textOf(...[...bytes].map((byte) => Buffer.of(byte)))).toBe('é🎬');
  });

  it('names the line that is not UTF-8, and the line that has a NUL byte', async () => {
    await expect(textOf('a\nb\n', Buffer.of(0xff))).rejects.toThrow('line 3, or one soon after it, is not UTF-8');
    await expect(textOf('a\n', 'b\nc\0')).rejects.toThrow('line 3 has a NUL byte');
    await expect(textOf('a', Buffer.of(0xc3))).rejects.toThrow('line 1, or one soon after it, is not UTF-8');
  });
});

describe('the lines of a text', () => {
  it('are the same however the text is divided', async () => {
    expect(await lines('a\nb', 'c\n', '\nd')).toEqual(['a', 'bc', '', 'd']);
    expect(await lines('a\n')).toEqual(['a', '']);
  });

  it('may have a million characters, and the number of a longer one is named', async () => {
    const longest = 'x'.repeat(LONGEST_LINE);

    expect(await lines(`${longest}\n`, longest)).toEqual([longest, longest]);
    await expect(lines('a\nb\n', `c\n${longest}x\n`)).rejects.toThrow(
      'line 4 has more than 1000000 characters; upload a CSV with a line end after each row',
    );
    await expect(lines('a\nb\n', 'c\n', longest, 'x')).rejects.toThrow('line 4 has more than');
  });
});

it('the first two bytes decide whether a file is a gzip file', () => {
  expect([[0x1f, 0x8b], [0x1f, 0x20], [0x20, 0x8b], [0x1f], []].map((start) => isGzip(Uint8Array.from(start)))).toEqual(
    [true, false, false, false, false],
  );
});

it.each([
  ['2015', 2015],
  ['2015.0', 2015],
  ['2015-06-01', 2015],
  ['', 'none'],
  ['-', 'none'],
  ['15', 'unreadable'],
  ['2015-13', 'unreadable'],
])('the year in %j is %s', (field, year) => {
  expect(yearIn(field, '-')).toBe(year);
});
