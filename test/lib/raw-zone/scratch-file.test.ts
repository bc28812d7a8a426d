import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratchFile } from '../../../lib/raw-zone/scratch-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scratch-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a scratch file', () => {
  it('has every text at its place, in any order, whether it is written yet or not', async () => {
    const scratch = scratchFile(folder);
    // The large ones are more than is written at once.
    const texts = ['a', '', 'Größe 🎬', 'x'.repeat(1_500_000), '\u2028', 'é'.repeat(700_000), 'last'];
    const places = [];
    for (const text of texts) {
      places.push(await scratch.add(text));
      expect((await scratch.read(places.slice(-1))).map(String)).toEqual([text]);
    }
    const more = await scratch.add('one more');

    expect((await scratch.read([more, ...places.toReversed()])).map(String)).toEqual([
      'one more',
      ...texts.toReversed(),
    ]);
    expect(places.map(({ bytes }) => bytes)).toEqual(texts.map((text) => Buffer.byteLength(text)));
    await scratch.close();
  });

  it('has no name, so a killed process leaves nothing', async () => {
    const scratch = scratchFile(folder);
    const place = await scratch.add('x'.repeat(1_100_000));

    expect(await readdir(folder)).toEqual([]);
    expect((await scratch.read([place])).map(({ length }) => length)).toEqual([1_100_000]);
    await scratch.close();
  });

  it('needs no folder for the texts of a small branch', async () => {
    const scratch = scratchFile(join(folder, 'absent'));
    const place = await scratch.add('text');

    expect((await scratch.read([place])).map(String)).toEqual(['text']);
    await expect(scratch.add('x'.repeat(1_100_000))).rejects.toMatchObject({ code: 'ENOENT' });
    await scratch.close();
  });

  it('has an empty text as an empty text, also when the next text has the same place', async () => {
    const scratch = scratchFile(folder);
    const places = [await scratch.add(''), await scratch.add('next'), await scratch.add('')];

    expect((await scratch.read(places)).map(String)).toEqual(['', 'next', '']);
  });

  it('says where it ends when a text should be behind its end', async () => {
    const scratch = scratchFile(folder);

    await expect(scratch.read([{ at: 7, bytes: 5 }])).rejects.toThrow(
      `the scratch file in ${folder} ends at byte 7: run again.`,
    );
    const { bytes } = await scratch.add('x'.repeat(1_100_000));
    await expect(scratch.read([{ at: 0, bytes: bytes + 1 }])).rejects.toThrow(`ends at byte ${bytes}: run again.`);
    await scratch.close();
  });

  it('frees its space when it is closed', async () => {
    const scratch = scratchFile(folder);
    const place = await scratch.add('x'.repeat(1_100_000));
    await scratch.close();

    await expect(scratch.read([place])).rejects.toMatchObject({ code: 'EBADF' });
  });
});
