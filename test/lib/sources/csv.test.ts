import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadDataset } from '../../../lib/datasets/load.ts';
import { BadInputError } from '../../../lib/parse.ts';
import type { DayManifest } from '../../../lib/runs/day-manifest.ts';
import { readIds } from '../../../lib/sources/csv/ids.ts';
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
    expect(read).toEqual({
      key: KEY,
      years: { from: 2013, to: 2022 },
      rows: 5,
      badRows: 0,
      badLines: [],
      unreadableYears: 0,
      ids: 3,
    });
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

/** Reads bytes in pieces of these sizes, and then the rest. */
const readInPieces = async (bytes: Buffer, sizes: readonly number[], change: object = {}) => {
  const pieces = async function* () {
    let from = 0;
    for (const size of sizes) yield bytes.subarray(from, (from += size));
    yield bytes.subarray(from);
  };
  const source = csv.settings.parse({ ...settings.source, ...change });
  const filter = { ...(source as unknown as Parameters<typeof readIds>[1]), years: { from: 2013, to: 2022 } };
  return readIds(pieces(), filter, (what) => new BadInputError(`${what}.`));
};

describe('line ends', () => {
  const ids = Array.from({ length: 12 }, (_, at) => `tt${String(at + 1).padStart(7, '0')}`);

  it.each([
    { what: 'header LF, rows CRLF', ends: ['\n', '\r\n'] },
    { what: 'header CRLF, rows LF', ends: ['\r\n', '\n'] },
    { what: 'header CR, rows CR', ends: ['\r', '\r'] },
    { what: 'header LF, rows CR', ends: ['\n', '\r'] },
  ])('$what give every row, wherever the columns are that are read', async ({ ends: [first, other] }) => {
    for (const [header, field] of [
      ['anoLancamento|genero|id', (id: string) => `2015|Drama|${id}`],
      ['id|genero|anoLancamento', (id: string) => `${id}|Drama|2015`],
      ['id|anoLancamento|genero', (id: string) => `${id}|2015|Drama`],
    ] as const) {
      const text = `${header}${first}${ids.map((id) => `${field(id)}${other}`).join('')}`;
      const read = await plan(text, { genres: ['Drama'] });
      expect(idsIn(read)).toEqual(ids);
      expect(read.read).toMatchObject({ rows: 12, badRows: 0, unreadableYears: 0 });
    }
  });

  it('may be mixed in any way, and cut in any place by the pieces that a file comes in', async () => {
    const end = fc.constantFrom('\n', '\r\n', '\r');
    await fc.assert(
      fc.asyncProperty(
        fc.array(end, { minLength: 13, maxLength: 13 }),
        fc.array(fc.nat(40)),
        fc.boolean(),
        async (ends, sizes, zipped) => {
          const text = [HEADER, ...ids.map((id) => row({ id, title: 'Ação 🎬' }))]
            .map((line, at) => `${line}${ends[at]}`)
            .join('');
          const bytes = Buffer.from(`\uFEFF${text}`);
          const read = await readInPieces(zipped ? gzipSync(bytes) : bytes, sizes);
          expect(read).toMatchObject({ ids, rows: 12, badRows: 0 });
        },
      ),
    );
  });

  it('count for the numbers of bad lines as an editor counts them: the header is line 1, blank lines count', async () => {
    const good = Array.from({ length: 400 }, (_, at) => row({ id: `tt${String(at + 1).padStart(7, '0')}` }));
    const { read } = await plan(`${[HEADER, '', row(), '  ', 'bad', ...good, 'bad'].join('\r\n')}\r\n`);
    expect(read).toMatchObject({ rows: 403, badRows: 2, badLines: [5, 406] });
  });
});

describe('fields', () => {
  it('are read without spaces around them', async () => {
    const text = lines(row({ id: ' tt0000005 ', year: ' 2015 ', genres: ' Drama , Comedy' }));
    expect(idsIn(await plan(text.replace('id|', ' id | ').replace('|tituloPincipal', 'tituloPincipal')))).toEqual([
      'tt0000005',
    ]);
  });

  it('are quoted where all names in the header are, though the dataset names no quotation mark', async () => {
    const wrap = (line: string) => line.split('|').map((field) => `"${field}"`);
    const title = 'The ""Quick"", and the | Dead';
    for (const delimiter of ['|', ',']) {
      const text = [HEADER, row(), row({ id: 'tt0000002', title: 'X' })]
        .map((line) => wrap(line).join(delimiter).replaceAll('"X"', `"${title}"`))
        .join('\n');
      const { branches, read } = await plan(text, { delimiter });
      expect(branches[0]?.listFrom).toEqual({ ids: ['tt0000001', 'tt0000002'] });
      expect(read).toMatchObject({ rows: 2, badRows: 0 });
    }
  });

  it('may have line ends in them where they are quoted, and a quotation mark too many makes one bad row', async () => {
    const quoted = (at: number, title: string) => `"tt${String(at).padStart(7, '0')}","${title}","2015","Drama"`;
    const good = Array.from({ length: 300 }, (_, at) => quoted(at + 10, 'A'));
    const text = [
      '"id","title","anoLancamento","genero"',
      quoted(1, 'Two\nlines, ""one"" title'),
      'tt0000002,"Never closed,2015,Drama',
      quoted(3, 'The "Quick" Fox'),
      'tt0000004,Half"quoted,2015,Drama',
      quoted(5, 'End'),
      '"tt0000006","title","2015","Drama',
      quoted(7, 'A'),
      ...good,
    ].join('\n');
    const { read, ...planned } = await plan(text, { delimiter: ',' });
    expect(idsIn({ read, ...planned }).slice(0, 6)).toEqual([
      'tt0000001',
      'tt0000003',
      'tt0000004',
      'tt0000005',
      'tt0000007',
      'tt0000010',
    ]);
    expect(read).toMatchObject({ rows: 307, badRows: 2, badLines: [4, 8], ids: 305 });
  });

  it('in quotation marks, below a header without, are refused with the setting that they need', async () => {
    const text = 'id,anoLancamento,genero\n"tt0000001","2015","Drama, Comedy"\n';
    await expect(plan(text, { delimiter: ',' })).rejects.toThrow(/\(line 2\): 1 without .*set source\.quote to "\\""/);
    await expect(plan(text.replace(', Comedy', ''), { delimiter: ',' })).rejects.toThrow(
      /1 where anoLancamento is not a year, such as "\\"2015\\"".*set source\.quote to "\\""/,
    );
    await expect(plan(text.replace(', Comedy', '').replace('"2015"', '2015'), { delimiter: ',' })).rejects.toThrow(
      /no id is an IMDb id; .*got "\\"tt0000001\\""\. Its fields are quoted: set source\.quote to "\\""/,
    );
    expect(idsIn(await plan(text, { delimiter: ',', quote: '"' }))).toEqual(['tt0000001']);
  });
});

describe('a release year', () => {
  const among = (year: string, more: object = {}) =>
    plan(lines(...Array.from({ length: 200 }, () => row()), row({ id: 'tt0000009', year })), more);

  it.each([
    '2015',
    '2015.0',
    '2015.',
    '2015,0',
    ' 2015 ',
    '2015-06-01',
    '2015-06',
    '2015/06/01',
    '2015-06-01T00:00:00Z',
  ])('written %j is 2015', async (year) => {
    for (const years of [
      { from: 2015, to: 2015 },
      { from: 1800, to: 2014 },
    ]) {
      const read = await among(year, { years }).catch(() => undefined);
      expect(read ? idsIn(read).includes('tt0000009') : false).toBe(years.from === 2015);
      expect(read?.read?.unreadableYears ?? 0).toBe(0);
    }
  });

  it.each(['2015.5', '215', '20155', '-2015', 'MMXV', '2015-2019', '2015-13', '01/06/2015', '2015 2016', 'NA', 'nan'])(
    'written %j is no other year: it is counted, and a bad row where years are selected',
    async (year) => {
      const { read, ...selected } = await among(year);
      expect(idsIn({ ...selected, read })).toEqual(['tt0000001']);
      expect(read).toMatchObject({ badRows: 1, badLines: [202], unreadableYears: 1 });

      const all = await among(year, { years: undefined });
      expect(idsIn(all)).toEqual(['tt0000001', 'tt0000009']);
      expect(all.read).toMatchObject({ badRows: 0, unreadableYears: 1 });
    },
  );

  it.each(['', '\\N', ' '])('%j is none: the row does not match, and is not bad', async (year) => {
    const read = await among(year);
    expect(idsIn(read)).toEqual(['tt0000001']);
    expect(read.read).toMatchObject({ rows: 201, badRows: 0, unreadableYears: 0 });
  });

  it('that can not be read in many rows refuses the file, with the first of them', async () => {
    await expect(plan(lines(row(), row({ year: '2015–2019' })))).rejects.toThrow(
      /1 of 2 rows are bad \(line 3\): 1 where anoLancamento is not a year, such as "2015–2019" \(if it means null, set source\.nullMarker to it\)\. At most/,
    );
  });
});

describe('ids that are no IMDb ids', () => {
  it.each(['0001001', '1001', 'nm0001001', 'https://www.imdb.com/title/tt0001001/', 'tt123456', 'tt123456789'])(
    'such as %s in every row are refused, with the form that is expected',
    async (id) => {
      await expect(plan(lines(row({ id })))).rejects.toMatchObject({
        name: 'BadInputError',
        message: expect.stringMatching(
          new RegExp(`: no id is an IMDb id; use "tt" and 7 or 8 digits, for example tt0111161; got "${id}"\\. Set`),
        ),
      });
    },
  );

  it('in some rows are planned: they get the reason malformed', async () => {
    expect(idsIn(await plan(lines(row({ id: '1' }), row())))).toEqual(['1', 'tt0000001']);
  });
});

describe('an upload', () => {
  it.each([
    { key: 'Raw/Local/CSV/Movies/2026/11/21/', body: '', why: "a folder of S3's console" },
    { key: 'Raw/Local/CSV/Movies/2026/11/21/movies.csv', body: '', why: 'an empty file' },
    { key: 'Raw/Local/CSV/Movies/2026/11/21/readme.txt', body: 'About', why: 'another file' },
  ])('is not $why, though it is newer', async ({ key, body }) => {
    const store = memoryStore();
    await store.put(KEY, lines(row()));
    await store.put(key, body);
    expect((await branchesFrom({ store })).read?.key).toBe(KEY);
  });

  it.each(['movies.csv.gz', 'MOVIES.CSV', 'packed.csv'])('may be packed, whatever its name: %s', async (name) => {
    const store = memoryStore();
    const key = `Raw/Local/CSV/Movies/2026/11/21/${name}`;
    await store.put(key, gzipSync(lines(row(), row({ id: 'tt0000002' }))));
    const read = await branchesFrom({ store });
    expect(idsIn(read)).toEqual(['tt0000001', 'tt0000002']);
    expect(read.read?.key).toBe(key);
  });

  it('may be packed in several members, one behind the other', async () => {
    const [first = '', ...rest] = lines(row(), row({ id: 'tt0000002' })).split(/(?<=\n)/);
    const read = await readInPieces(Buffer.concat([gzipSync(first), gzipSync(rest.join(''))]), [1, 1, 7]);
    expect(read.ids).toEqual(['tt0000001', 'tt0000002']);
  });

  it('that is packed and incomplete, or damaged, is refused', async () => {
    const many = Array.from({ length: 9_000 }, (_, at) => row({ id: `tt${String(at * 7919).padStart(8, '0')}` }));
    const packed = gzipSync(lines(...many));
    const damaged = Buffer.from(packed);
    damaged.fill(0, packed.length / 2, packed.length / 2 + 50);
    for (const bytes of [packed.subarray(0, -20), packed.subarray(0, packed.length / 2), damaged])
      await expect(plan(bytes)).rejects.toMatchObject({
        name: 'BadInputError',
        message: expect.stringMatching(/: the gzip file is damaged or incomplete; pack the CSV again/),
      });
  });

  it('that is packed and endless is refused, without unpacking it to its end', async () => {
    const packed = gzipSync(Buffer.alloc(200_000_000, 'a'));
    await expect(plan(packed)).rejects.toThrow(/line 1 has more than 1000000 characters/);
  });
});

describe('a day that was already planned from a CSV', () => {
  const again = async (
    before: object,
    {
      years,
      only = false,
      branches = [],
    }: { years?: { from: number; to: number }; only?: boolean; branches?: DayManifest['branches'] } = {},
  ) => {
    const store = memoryStore();
    await store.put(KEY, lines(row()));
    await store.put(
      `_manifests/csv-details/${DAY}/manifest.json`,
      JSON.stringify(
        dayManifested({
          dataset: 'csv-details',
          branches,
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

  it('rejects single slices if the dataset would now select other ids of the same upload, or cut them otherwise', async () => {
    const line = { run: 'thursday', distinct: 2, kept: 2, written: 2, parts: 1, warnings: [], manifest: '' };
    const branches = [{ ...line, branch: 'csv-details-0001' }];
    for (const { ids, ...day } of [{ ids: 2 }, { ids: 1, branches }]) {
      await expect(again({ ids }, { only: true, ...day })).rejects.toThrow(
        /^only: the files of csv-details, 2026-11-20, hold other slices of Raw.*movies\.csv than the dataset makes now.*; run all branches\.$/,
      );
      expect((await again({ ids }, day)).branches).toHaveLength(1);
    }
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
      says: /its header has no column "anoLancamento"; the header is "id\|titulo.*: set source\.columns to the names in the file/,
    },
    {
      what: 'a wrong delimiter',
      body: lines(row()).replaceAll('|', ';'),
      says: /its header has no delimiter "\|"; its delimiter seems to be ";": set source\.delimiter to ";"/,
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
      says: /line 2 has more than 1000000 characters/,
    },
    { what: 'an empty first line', body: `\n${lines(row())}`, says: /its first line is empty; the first line must be/ },
    { what: 'a header only', body: `${HEADER}\n`, says: /the file has a header and no row below it/ },
    {
      what: 'a column twice',
      body: lines(row()).replace('tituloOriginal', 'id'),
      says: /its header has the column "id" twice/,
    },
    {
      what: 'rows that have other columns than the header',
      body: lines(...many, 'tt9|x', 'tt8|y', 'tt7|z', row()),
      says: undefined,
    },
    {
      what: 'many such rows',
      body: lines(row(), 'tt9|x', row()),
      says: /1 of 3 rows are bad \(line 3\): 1 without the header's 15 columns\. At most 1 % of the rows may be bad; correct the rows/,
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
      says: /dataset csv-details reads a CSV, and there is no upload below Raw\/Local\/CSV\/Movies\/ \(a file that ends in \.csv or \.csv\.gz and is not empty\); upload one with: npm run upload -- movies\.csv/,
    },
    { upload: 'Raw/Local/CSV/Movies/x.csv', says: /there is no Raw\/Local\/CSV\/Movies\/x\.csv/ },
    {
      upload: 'Raw/Local/CSV/Series/2026/11/20/series.csv',
      says: 'upload: dataset csv-details reads a CSV of movies; use a key that begins with Raw/Local/CSV/Movies/; got "Raw/Local/CSV/Series/2026/11/20/series.csv".',
    },
  ])(
    'that does not exist or has the other kind ($upload) is rejected with a message that says what to do',
    async ({ upload, says }) => {
      await expect(branchesFrom({ upload })).rejects.toThrow(says);
    },
  );
});
