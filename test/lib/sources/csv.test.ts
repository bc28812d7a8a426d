import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadDataset } from '../../../lib/datasets/load.ts';
import { csv } from '../../../lib/sources/csv.ts';
import { KINDS } from '../../../lib/sources/kinds.ts';
import type { PlanFor } from '../../../lib/sources/source.ts';
import { writeCsv } from '../../../local/simulator/csv.ts';
import { memoryStore } from '../../doubles/memory-store.ts';
import { dayManifested } from '../runs/manifested.ts';

const HEADER =
  'id|tituloPincipal|tituloOriginal|anoLancamento|tempoMinutos|genero|notaMedia|numeroVotos|generoArtista|personagem|nomeArtista|anoNascimento|anoFalecimento|profissao|titulosMaisConhecidos';
const KEY = 'Raw/Local/CSV/Movies/2026/11/20/movies.csv';
const DAY = '2026-11-20';
const settings = await loadDataset(join(import.meta.dirname, '../../../datasets'), 'csv-details', KINDS);

/** One valid row, with some fields changed. */
const row = ({ id = 'tt0000001', title = 'A Film', year = '2015', genres = 'Drama,Comedy' } = {}) =>
  `${id}|${title}|${title}|${year}|90|${genres}|6.1|120|actor|Hero|Somebody|1970|\\N||tt0000001,tt0000002`;
const lines = (...rows: string[]) => `${[HEADER, ...rows].join('\n')}\n`;

/** The branches of a CSV dataset with some of its source changed, and what was read of the file. */
const branchesFrom = async (plan: Partial<PlanFor>, change: object = {}) => {
  const source = csv.open({ ...settings, source: { ...settings.source, ...change } });
  const all = { day: DAY, years: undefined, upload: undefined, only: false, store: memoryStore(), ...plan } as const;
  const { ofRun, csv: read } = await source.branches(all);
  return { branches: ofRun, read };
};
const plan = async (body: string | Uint8Array, change: object = {}, years?: { from: number; to: number }) => {
  const store = memoryStore();
  await store.put(KEY, body);
  return branchesFrom({ store, years }, change);
};
const idsIn = ({ branches }: Awaited<ReturnType<typeof plan>>) =>
  branches.flatMap(({ listFrom }) => listFrom.ids as string[]);

describe('the ids of a CSV', () => {
  it('are distinct, in the order of their first rows, divided into branches', async () => {
    const rows = ['tt0000003', 'tt0000001', 'tt0000003', 'tt0000002', 'tt0000001'].map((id) => row({ id }));
    const { branches, read } = await plan(lines(...rows), { idsPerBranch: 2 });
    expect(branches).toEqual([
      {
        name: 'csv-details-0001',
        listFrom: { ids: ['tt0000003', 'tt0000001'] },
        placeholders: { slice: '0001' },
        expected: 2,
      },
      {
        name: 'csv-details-0002',
        listFrom: { ids: ['tt0000002'] },
        placeholders: { slice: '0002' },
        expected: 1,
      },
    ]);
    expect(read).toEqual({ key: KEY, years: { from: 2013, to: 2022 }, rows: 5, badRows: 0, badLines: [], ids: 3 });
  });

  it.each([
    { year: '2013', kept: true },
    { year: '2022', kept: true },
    { year: '2012', kept: false },
    { year: '2023', kept: false },
    { year: '\\N', kept: false },
  ])('of a release year $year are kept: $kept', async ({ year, kept }) => {
    expect(idsIn(await plan(lines(row(), row({ id: 'tt0000009', year })))).includes('tt0000009')).toBe(kept);
  });

  it.each([
    { genres: 'Drama', kept: true },
    { genres: 'Comedy, romance', kept: true },
    { genres: 'Comedy,Horror', kept: false },
    { genres: '\\N', kept: false },
  ])('with the genres $genres, when drama or romance is selected, are kept: $kept', async ({ genres, kept }) => {
    const wanted = { genres: ['Drama', 'Romance'] };
    expect(idsIn(await plan(lines(row(), row({ id: 'tt0000009', genres })), wanted)).includes('tt0000009')).toBe(kept);
  });

  it('follow the years of the run when it defines them', async () => {
    expect(idsIn(await plan(lines(row({ year: '1999' })), {}, { from: 1999, to: 1999 }))).toEqual(['tt0000001']);
  });

  it.each([
    { what: 'CRLF', text: lines(row(), row({ id: 'tt0000002' })).replaceAll('\n', '\r\n') },
    { what: 'a byte order mark', text: `\uFEFF${lines(row(), row({ id: 'tt0000002' }))}` },
    { what: 'no line feed at the end', text: lines(row(), row({ id: 'tt0000002' })).trimEnd() },
    {
      what: 'a quotation mark in a title',
      text: lines(row({ title: 'The "Quick' }), row({ id: 'tt0000002', title: '"' })),
    },
    { what: 'empty lines', text: lines(row(), '', row({ id: 'tt0000002' }), '') },
  ])('are read from a file with $what', async ({ text }) => {
    expect(idsIn(await plan(text))).toEqual(['tt0000001', 'tt0000002']);
  });

  it('are read with the quoting, delimiter, null value and columns of the dataset', async () => {
    const text = 'tconst;y;g\n"tt0000001";2015;"Drama;Comedy"\n-;2015;Drama\n';
    const { branches, read } = await plan(text, {
      delimiter: ';',
      quote: '"',
      nullMarker: '-',
      columns: { id: 'tconst', year: 'y', genres: 'g' },
    }).catch(() => ({ branches: [], read: undefined }));
    expect(branches).toEqual([]);
    expect(read).toBeUndefined();
    const more = `${text}${Array.from({ length: 200 }, (_, at) => `tt${String(at + 1).padStart(7, '0')};2015;Drama\n`).join('')}`;
    const good = await plan(more, {
      delimiter: ';',
      quote: '"',
      nullMarker: '-',
      columns: { id: 'tconst', year: 'y', genres: 'g' },
    });
    expect(good.read).toMatchObject({ rows: 202, badRows: 1, badLines: [3], ids: 200 });
  });

  it('are exactly the ids that the generated CSV contains', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'csv-')), 'movies.csv');
    const statement = await writeCsv(file, {
      kind: 'Movies',
      rows: 9_000,
      ids: 2_000,
      seed: 7,
      malformed: 11,
      lineEnd: '\r\n',
      bom: true,
    });
    const expected = Object.values(statement.of({ fromYear: 2013, toYear: 2022 })).flat();
    expect(new Set(idsIn(await plan(await readFile(file))))).toEqual(new Set(expected));
  });
});

describe('slices of an earlier run of the day', () => {
  it('that this run does not have are planned empty, so that their parts are removed', async () => {
    const store = memoryStore();
    await store.put(KEY, lines(row()));
    for (const number of ['0001', '0002', '0003'])
      await store.put(`_manifests/csv-details/${DAY}/branches/csv-details-${number}.json`, '{}');
    const { branches } = await branchesFrom({ store });
    expect(branches.map(({ name, expected }) => [name, expected])).toEqual([
      ['csv-details-0001', 1],
      ['csv-details-0002', 0],
      ['csv-details-0003', 0],
    ]);
  });
});

describe('a day that was already planned from a CSV', () => {
  const again = async (
    before: object,
    { years, only = false }: { years?: { from: number; to: number }; only?: boolean } = {},
  ) => {
    const store = memoryStore();
    await store.put(KEY, lines(row()));
    await store.put(
      `_manifests/csv-details/${DAY}/manifest.json`,
      JSON.stringify(
        dayManifested({
          dataset: 'csv-details',
          csv: { key: KEY, years: { from: 2013, to: 2022 }, rows: 1, badRows: 0, badLines: [], ids: 1, ...before },
        }),
      ),
    );
    return branchesFrom({ store, years, only });
  };

  it('can be planned again from another upload as a whole', async () => {
    expect((await again({ key: 'Raw/Local/CSV/Movies/old.csv' })).branches).toHaveLength(1);
  });

  it('rejects single slices of another upload, because ids would be doubled or missing', async () => {
    await expect(again({ key: 'Raw/Local/CSV/Movies/old.csv' }, { only: true })).rejects.toThrow(
      /^only: the files of csv-details, 2026-11-20, were made from Raw\/Local\/CSV\/Movies\/old\.csv/,
    );
    expect((await again({}, { only: true })).branches).toHaveLength(1);
  });

  it('rejects other years, because they would replace the existing ids', async () => {
    await expect(again({}, { years: { from: 2000, to: 2009 } })).rejects.toThrow(
      /^years: the files of csv-details, 2026-11-20, hold 2013-2022,/,
    );
  });
});

describe('an invalid CSV', () => {
  const many = Array.from({ length: 300 }, (_, at) => row({ id: `tt${String(at + 1).padStart(7, '0')}` }));

  it.each([
    {
      what: 'a missing column',
      body: lines(row()).replace('anoLancamento', 'ano'),
      says: /there is no column "anoLancamento"; set source\.columns; the header is "id\|titulo/,
    },
    {
      what: 'a wrong delimiter',
      body: lines(row()).replaceAll('|', ';'),
      says: /has no "\|" in it and seems to be separated by ";"/,
    },
    {
      what: 'a last line that is cut off',
      body: lines(...many).slice(0, -40),
      says: /the last line, 301, is cut off: it has fewer columns than the 15 of the header/,
    },
    { what: 'a NUL byte', body: lines(row(), row({ title: 'A\0B' })), says: /line 3 has a NUL byte/ },
    {
      what: 'Latin-1 bytes',
      body: Buffer.from(lines(row({ title: 'Cora\u00e7\u00e3o' })), 'latin1'),
      says: /line 1, or one soon after it, is not UTF-8/,
    },
    {
      what: 'a line of 10 MB',
      body: lines(row({ title: 'x'.repeat(10_000_000) })),
      says: /line 2 is longer than 1000000 bytes/,
    },
    { what: 'nothing in it', body: '', says: /the file is empty/ },
    { what: 'a header only', body: `${HEADER}\n`, says: /the file has a header and no row below it/ },
    {
      what: 'a column twice',
      body: lines(row()).replace('tituloOriginal', 'id'),
      says: /the header has the column "id" twice/,
    },
    {
      what: 'rows that have other columns than the header',
      body: lines(...many, 'tt9|x', 'tt8|y', 'tt7|z', row()),
      says: undefined,
    },
    {
      what: 'many such rows',
      body: lines(row(), 'tt9|x', row()),
      says: /1 of 3 rows do not have the header's 15 columns or have no id \(line 3\); a file with more than 1 % of such rows is refused/,
    },
    {
      what: 'no row that the dataset wants',
      body: lines(row({ year: '1950' })),
      says: /none of its 1 rows matches the dataset's years and genres/,
    },
  ])('with $what is rejected with a message that names the problem', async ({ body, says }) => {
    if (!says) {
      expect((await plan(body)).read).toMatchObject({ badRows: 3, badLines: [302, 303, 304], ids: 300 });
      return;
    }
    await expect(plan(body)).rejects.toMatchObject({ name: 'BadInputError', message: expect.stringMatching(says) });
    await expect(plan(body)).rejects.toThrow(new RegExp(`^${KEY}: [^\n]*\\.$`));
  });

  it.each([
    {
      upload: undefined,
      says: /dataset csv-details reads a CSV, and there is no upload below Raw\/Local\/CSV\/Movies\/; upload one with: npm run upload -- movies\.csv/,
    },
    { upload: 'Raw/Local/CSV/Movies/x.csv', says: /there is no Raw\/Local\/CSV\/Movies\/x\.csv/ },
  ])(
    'that does not exist ($upload) is rejected with a message that says how to upload one',
    async ({ upload, says }) => {
      await expect(branchesFrom({ upload })).rejects.toThrow(says);
    },
  );
});
