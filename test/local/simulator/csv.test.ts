import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type CsvFilter, type CsvOptions, writeCsv } from '../../../local/simulator/csv.ts';
import { whatFindSays } from '../../../local/simulator/find.ts';

const folder = mkdtempSync(join(tmpdir(), 'csv-'));
afterAll(() => rmSync(folder, { recursive: true }));

const small: CsvOptions = { kind: 'Movies', rows: 4500, ids: 1000, seed: 1, malformed: 8 };
let written = 0;
const write = async (options: Partial<CsvOptions> = {}) => {
  const file = join(folder, `${++written}.csv`);
  const statement = await writeCsv(file, { ...small, ...options });
  const text = readFileSync(file, 'utf8');
  const lines = text.split(options.lineEnd ?? '\n').slice(0, -1);
  return { text, header: lines[0], rows: lines.slice(1).map((line) => line.split('|')), statement };
};
const everything = { fromYear: 0, toYear: 9999 };

describe('a generated CSV', () => {
  it('has the header of the real files, including the misspelling', async () => {
    const { header } = await write();
    const movies =
      'id|tituloPincipal|tituloOriginal|anoLancamento|tempoMinutos|genero|notaMedia|numeroVotos|generoArtista|personagem|nomeArtista|anoNascimento|anoFalecimento|profissao|titulosMaisConhecidos';

    expect(header).toBe(movies);
    expect((await write({ kind: 'Series' })).header).toBe(movies.replace('anoLancamento', 'anoLancamento|anoTermino'));
  });

  it.each(['Movies', 'Series'] as const)('has exactly the requested rows and ids: %s', async (kind) => {
    const { rows, header } = await write({ kind });

    expect(rows).toHaveLength(4500);
    expect(new Set(rows.map(([id]) => id)).size).toBe(1000);
    expect(new Set(rows.map((row) => row.length))).toEqual(new Set([header?.split('|').length]));
  });

  it('has quotes, nulls, empty fields, and ids with another row at the end', async () => {
    const { text, rows } = await write();
    const places = Map.groupBy(rows.keys(), (place) => rows[place]?.[0]);

    expect(text).toMatch(/\|[^|\n]*[^|"\n]"\|/);
    expect(text).toContain('|\\N|');
    expect(text).toContain('||');
    expect([...places.values()].some((at) => (at.at(-1) ?? 0) - (at[0] ?? 0) >= at.length)).toBe(true);
  });

  it.each([{ lineEnd: '\r\n' as const }, { bom: true }, { seed: 1 }])(
    'with %j has no other difference',
    async (how) => {
      const plain = (text: string) => text.replaceAll('\r', '').replace('\uFEFF', '');
      const { text } = await write(how);

      expect(plain(text)).toBe((await write()).text);
      expect(text.startsWith('\uFEFF')).toBe('bom' in how);
      expect(text.includes('\r\n')).toBe('lineEnd' in how);
    },
  );

  it.each<{ filter: CsvFilter }>([
    { filter: everything },
    { filter: { fromYear: 2013, toYear: 2022 } },
    { filter: { fromYear: 1990, toYear: 2022, genres: ['Drama', 'Romance'] } },
  ])('contains the expected ids for $filter', async ({ filter }) => {
    const { rows, statement } = await write();
    const ids = new Set<string>();
    for (const [id = '', , , year, , genres = ''] of rows) {
      const wanted = filter.genres?.some((genre) => genres.split(',').includes(genre)) ?? true;
      const number = year === '\\N' ? 0 : Number(year);
      if (wanted && number >= filter.fromYear && number <= filter.toYear) ids.add(id);
    }
    const said = statement.of(filter);

    expect(new Set(Object.values(said).flat())).toEqual(ids);
    expect(Object.values(said).flat()).toHaveLength(ids.size);
    expect(said.found.every((id) => whatFindSays(id) === 'movie')).toBe(true);
    expect(said.malformed.some((id) => /^tt\d{7,8}$/.test(id))).toBe(false);
    expect(said.found.length).toBeGreaterThan(0.6 * ids.size);
  });

  it('has the requested number of malformed ids, and later years more often', async () => {
    const { statement } = await write({ years: { from: 2001, to: 2020 } });
    const count = (fromYear: number, toYear: number) => Object.values(statement.of({ fromYear, toYear })).flat().length;

    expect(statement.of(everything).malformed).toHaveLength(8);
    expect(count(2011, 2020)).toBeGreaterThan(count(2001, 2010));
    expect(count(2001, 2020)).toBe(count(1, 9999));
  });

  it('of series has ids of series: found are series, also beside a movie', async () => {
    const { statement } = await write({ kind: 'Series' });
    const { found, is_movie, is_tv, ambiguous } = statement.of(everything);

    expect(found.length).toBeGreaterThan(600);
    expect(new Set(found.map((id) => whatFindSays(id)))).toEqual(new Set(['is_tv', 'ambiguous']));
    expect(is_movie.length).toBeGreaterThan(0);
    expect([...is_tv, ...ambiguous]).toEqual([]);
  });

  it('rejects more ids than rows', async () => {
    await expect(write({ rows: 10, ids: 11 })).rejects.toThrow(
      'rows is 10 and ids is 11: use at least one id, and at least as many rows as ids',
    );
  });
});
