import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Day } from '../../../lib/day.ts';
import { couldMeet, dayKeys, partKeys, placeholdersIn } from '../../../lib/raw-zone/key-pattern.ts';
import { crimeWar } from '../crime-2017.ts';
import { shippedSchema } from '../datasets/shipped.ts';

const MOVIES = crimeWar().output.key;
const crime2017 = partKeys(MOVIES, '2026-11-20', { genre: 'crime', year: '2017' });

describe('the keys of a branch', () => {
  it('contain the day, the values of the branch and the number of the part', () => {
    expect(crime2017.key(1)).toBe('Raw/TMDB/JSON/Movies/2026/11/20/movie_crime_2017_part_1_20261120.json');
    expect(crime2017.key(12)).toBe('Raw/TMDB/JSON/Movies/2026/11/20/movie_crime_2017_part_12_20261120.json');
  });

  it('begin with the prefix by which the bucket is listed', () => {
    expect(crime2017.prefix).toBe('Raw/TMDB/JSON/Movies/2026/11/20/movie_crime_2017_part_');
  });

  it('are recognized in a listing, with any number', () => {
    fc.assert(fc.property(fc.integer({ min: 1 }), (number) => crime2017.isMine(crime2017.key(number))));
  });

  it.each([
    'Raw/TMDB/JSON/Movies/2026/11/20/movie_crime_2018_part_1_20261120.json',
    'Raw/TMDB/JSON/Movies/2026/11/20/movie_war_2017_part_1_20261120.json',
    'Raw/TMDB/JSON/Movies/2026/11/21/movie_crime_2017_part_1_20261121.json',
    'Raw/TMDB/JSON/Movies/2026/11/20/movie_crime_2017_part_1_20261121.json',
    'Raw/TMDB/JSON/Movies/2026/11/20/movie_crime_2017_part_1_20261120.json.gz',
    'Raw/TMDB/JSON/Movies/2026/11/20/movie_crime_2017_part_1_20261120xjson',
    'Raw/TMDB/JSON/Movies/2026/11/20/movie_crime_2017_part__20261120.json',
    'Raw/TMDB/JSON/Movies/2026/11/20/movie_crime_2017_part_a_20261120.json',
    'x/Raw/TMDB/JSON/Movies/2026/11/20/movie_crime_2017_part_1_20261120.json',
  ])('do not include %s', (key) => {
    expect(crime2017.isMine(key)).toBe(false);
  });

  it('have placeholders, which are found in order', () => {
    expect(placeholdersIn(MOVIES)).toEqual(['yyyy', 'mm', 'dd', 'genre', 'year', 'part', 'yyyymmdd']);
  });
});

describe('the keys of a dataset', () => {
  // What the schema of a dataset allows: its key patterns, days, and the values that its branches can have.
  // Few of each, so that two branches often differ in only one of them.
  const values = fc.record({
    genre: fc.constantFrom('crime', 'war', 'music', 'tv-movie', 'science-fiction'),
    year: fc.constantFrom('1911', '1926', '2011', '2012', '2020', '2026'),
  });
  const days = fc.constantFrom<Day>('2011-01-12', '2020-11-20', '2026-01-11', '2026-11-01', '2026-11-20', '2026-11-21');
  const text = fc.constantFrom('', '_', '-', '.', 'a', '1', '/');
  const pieces = fc.constantFrom('{genre}', '{year}', '{yyyy}', '{mm}', '{dd}', '{yyyymmdd}');
  const needed = fc.shuffledSubarray(['{genre}', '{year}', '{yyyymmdd}', '{part}'], { minLength: 4 });
  /** All placeholders that a key needs, in any order and with any text between them; and others before them. */
  const patterns = fc
    .tuple(fc.array(fc.tuple(pieces, text), { maxLength: 4 }), needed, fc.array(text, { minLength: 4, maxLength: 4 }))
    .map(([before, names, texts]) => {
      const start = before.flat().join('');
      return `Raw/TMDB/${start}${names.map((name, at) => `${name}${texts[at]}`).join('')}.json`;
    })
    .filter((key) => shippedSchema.safeParse(crimeWar({ output: { ...crimeWar().output, key } })).success);
  const branch = fc.record({ placeholders: values, day: days });

  it('never meet: another branch, another day or another number is another key, and each is recognized by its own branch only', () => {
    let different = 0;
    fc.assert(
      fc.property(
        patterns,
        branch,
        branch,
        fc.integer({ min: 1 }),
        fc.integer({ min: 1 }),
        (pattern, one, other, m, n) => {
          const [mine, theirs] = [one, other].map((of) => partKeys(pattern, of.day, of.placeholders));
          if (!mine || !theirs) return;
          const isSame =
            one.day === other.day && JSON.stringify(one.placeholders) === JSON.stringify(other.placeholders);
          if (!isSame) different += 1;

          expect(mine.isMine(mine.key(m))).toBe(true);
          expect(mine.isMine(theirs.key(n))).toBe(isSame);
          expect(mine.key(m) === theirs.key(n)).toBe(isSame && m === n);
          expect(mine.key(m).startsWith(mine.prefix)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
    expect(different).toBeGreaterThan(100);
  });

  it('stay below Raw/TMDB/, with no empty folder and none of only dots', () => {
    fc.assert(
      fc.property(patterns, branch, fc.integer({ min: 1 }), (pattern, { day, placeholders }, number) => {
        const key = partKeys(pattern, day, placeholders).key(number);

        expect(key).toMatch(/^Raw\/TMDB\/[A-Za-z0-9_./-]+$/);
        expect(key.split('/').filter((folder) => /^\.*$/.test(folder))).toEqual([]);
        expect(dayKeys(pattern, day).isOfDay(key)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('two key patterns', () => {
  const DATED = '{yyyy}/{mm}/{dd}/x_{part}_{yyyymmdd}.json';
  const meets = (one: string, other: string) => [couldMeet(one, other), couldMeet(other, one)];

  it.each([
    ['the same', `Raw/TMDB/JSON/Movies/${DATED}`, `Raw/TMDB/JSON/Movies/${DATED}`],
    ['other file names in one folder', MOVIES, `Raw/TMDB/JSON/Movies/${DATED}`],
    ['one folder below the other', `Raw/TMDB/JSON/${DATED}`, `Raw/TMDB/JSON/Movies/${DATED}`],
    [
      'the date in the file name only',
      'Raw/TMDB/JSON/Movies/x_{part}_{yyyymmdd}.json',
      `Raw/TMDB/JSON/Movies/${DATED}`,
    ],
    [
      'a placeholder that could be the name',
      `Raw/TMDB/JSON/Popular{Media}/${DATED}`,
      `Raw/TMDB/JSON/PopularMovies/${DATED}`,
    ],
    ['two placeholders', `Raw/TMDB/JSON/{genre}Movies/${DATED}`, `Raw/TMDB/JSON/Popular{Media}/${DATED}`],
    ['a placeholder for nothing', `Raw/TMDB/JSON/Movies{slice}/${DATED}`, `Raw/TMDB/JSON/Movies/${DATED}`],
    ['other folders below the date', 'Raw/TMDB/JSON/{yyyy}/A/x_{part}.json', 'Raw/TMDB/JSON/{yyyy}/B/x_{part}.json'],
    [
      'other file names, with no date in the folders',
      'Raw/TMDB/JSON/Movies/x_{part}_{yyyymmdd}.json',
      'Raw/TMDB/JSON/Movies/y_{part}_{yyyymmdd}.json',
    ],
    ['a placeholder for a folder', `Raw/TMDB/{genre}/${DATED}`, `Raw/TMDB/JSON/${DATED}`],
  ])('could meet: %s', (_, one, other) => {
    expect(meets(one, other)).toEqual([true, true]);
  });

  it.each([
    ['different folders', `Raw/TMDB/JSON/Movies/${DATED}`, `Raw/TMDB/JSON/MovieDetails/${DATED}`],
    ['one name that begins like the other', `Raw/TMDB/JSON/Movie/${DATED}`, `Raw/TMDB/JSON/Movies/${DATED}`],
    [
      'endings that no placeholder brings together',
      `Raw/TMDB/JSON/{genre}Movies/${DATED}`,
      `Raw/TMDB/JSON/{genre}Series/${DATED}`,
    ],
    ['beginnings, too', `Raw/TMDB/JSON/Popular{Media}/${DATED}`, `Raw/TMDB/JSON/Movie{slice}/${DATED}`],
    [
      'different folders, with no date in them',
      'Raw/TMDB/JSON/Movies/x_{part}_{yyyymmdd}.json',
      'Raw/TMDB/JSON/Series/x_{part}_{yyyymmdd}.json',
    ],
    ['another format', `Raw/TMDB/JSONL/Movies/${DATED}`, `Raw/TMDB/JSON/Movies/${DATED}`],
    ['small letters', `Raw/TMDB/JSON/movies/${DATED}`, `Raw/TMDB/JSON/Movies/${DATED}`],
  ])('cannot meet: %s', (_, one, other) => {
    expect(meets(one, other)).toEqual([false, false]);
  });

  it('could meet exactly when some values give the same folder, or one folder below the other', () => {
    const piece = fc.constantFrom('a', 'b', 'ab', '{genre}', '{year}');
    const segment = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''));
    const values = fc.record({ genre: fc.constantFrom('a', 'b', 'ab', ''), year: fc.constantFrom('b', 'ba', '') });
    const filled = (folder: string, { genre, year }: { genre: string; year: string }) =>
      folder.replaceAll('{genre}', genre).replaceAll('{year}', year);
    fc.assert(
      fc.property(segment, segment, values, values, (one, other, here, there) => {
        if (filled(one, here) === filled(other, there))
          expect(meets(`Raw/TMDB/${one}/${DATED}`, `Raw/TMDB/${other}/${DATED}`)).toEqual([true, true]);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the folders of the parts of a day', () => {
  it('have the day, and a test where a name depends on the branch', () => {
    const { folders, isOfDay } = dayKeys(
      'Raw/TMDB/JSON/Popular{Media}/{yyyy}/{mm}/{dd}/{media}_{part}.json',
      '2026-11-20',
    );

    expect(folders.filter((folder) => typeof folder === 'string')).toEqual(['Raw', 'TMDB', 'JSON', '2026', '11', '20']);
    expect(['PopularMovies', 'Popular', 'MyPopularMovies'].map((name) => (folders[3] as RegExp).test(name))).toEqual([
      true,
      false,
      false,
    ]);
    expect(isOfDay('Raw/TMDB/JSON/PopularMovies/2026/11/20/notes.txt')).toBe(true);
  });

  it('have the files of all days where the day is only in the name of the file', () => {
    const { isOfDay } = dayKeys('Raw/TMDB/JSON/X/{yyyy}/movie_{genre}_{part}_{yyyymmdd}.json', '2026-11-20');

    expect(
      ['movie_crime_1_20261120.json', 'movie_crime_1_20261121.json', 'notes.txt'].map((name) =>
        isOfDay(`Raw/TMDB/JSON/X/2026/${name}`),
      ),
    ).toEqual([true, false, false]);
  });

  it('have only files of the day where a folder has the whole day as its name', () => {
    const { isOfDay } = dayKeys('Raw/TMDB/JSON/X/{yyyymmdd}/movie_{genre}_{part}.json', '2026-11-20');

    expect(isOfDay('Raw/TMDB/JSON/X/20261120/notes.txt')).toBe(true);
  });
});
