import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../../lib/datasets/dataset.ts';
import { scratchFile } from '../../../lib/raw-zone/scratch-file.ts';
import { type BranchOfTables, openTables } from '../../../lib/tables/branch-tables.ts';
import { crime2017, crimeWar } from '../crime-2017.ts';
import { footerOf, rowsIn } from './read-back.ts';

/** The tables of these records, as the text of a part has them; beyond: what the details have beyond each. */
const written = async (
  records: readonly (object | string)[],
  { beyond, ...changes }: Partial<BranchOfTables> & { beyond?: string } = {},
) => {
  const scratch = scratchFile(tmpdir());
  const tables = openTables({ ...crime2017(), ...changes }, scratch);
  for (const [at, record] of records.entries())
    await tables.add(at + 1, typeof record === 'string' ? record : JSON.stringify(record), beyond);
  const files = await Array.fromAsync(tables.files());
  await scratch.close();
  const file = (name: string) => {
    const found = files.find(({ table }) => table === name);
    if (!found) throw new Error(`there is no table ${name}`);
    return found;
  };
  return { files, file, rows: (name: string) => rowsIn(file(name).body), drift: tables.drift() };
};

const movie = {
  genre_ids: [80, 10_752, 18],
  id: 1,
  title: 'Ação & reação',
  original_language: 'pt',
  popularity: 7.5,
  poster_path: null,
  release_date: '2017-03-13',
  vote_average: 7,
  vote_count: 12,
  budget: 3_000_000_000,
  imdb_id: 'tt1',
  origin_country: ['BR', 'US'],
  actors: [
    { gender: 2, id: 7, name: 'A', popularity: 1, character: 'X', order: 0 },
    { gender: 1, id: 8, name: 'B', popularity: 2.5, character: 'Y', order: 1 },
  ],
  directors: [{ gender: 0, id: 9, name: 'C', popularity: 3, job: 'Director' }],
};

describe('the tables of a branch', () => {
  it('have the values of the records, with the declared types', async () => {
    const { rows, file, drift } = await written([movie], { beyond: '{"revenue":9007199254740993,"runtime":131}' });

    expect(await rows('movies')).toEqual([
      {
        id: 1n,
        title: 'Ação & reação',
        original_language: 'pt',
        popularity: 7.5,
        poster_path: null,
        softcore: null,
        vote_average: 7,
        vote_count: 12n,
        release_date: '2017-03-13',
        budget: 3_000_000_000n,
        imdb_id: 'tt1',
        revenue: 9_007_199_254_740_993n,
        runtime: 131n,
      },
    ]);
    expect(await rows('movie_countries')).toEqual([
      { movie_id: 1n, position: 1n, country: 'BR', share: 0.5 },
      { movie_id: 1n, position: 2n, country: 'US', share: 0.5 },
    ]);
    expect((await rows('movie_cast')).map(({ position, person_id, name }) => [position, person_id, name])).toEqual([
      [1n, 7n, 'A'],
      [2n, 8n, 'B'],
    ]);
    expect(await rows('movie_directors')).toMatchObject([{ movie_id: 1n, person_id: 9n, job: 'Director' }]);
    expect(await rows('genres')).toContainEqual({ id: 80n, name: 'Crime', name_pt: 'Crime' });
    expect(await rows('genres')).toContainEqual({ id: 10_752n, name: 'War', name_pt: 'Guerra' });
    expect((await rows('genres')).every(({ name_pt }) => typeof name_pt === 'string')).toBe(true);
    expect(footerOf(file('movies').body).columns.slice(6, 9)).toEqual([
      'vote_average DOUBLE',
      'vote_count INT64',
      'release_date DATE',
    ]);
    expect(drift).toEqual([]);
  });

  it('have shares that add up to the number of movies, also for a movie without countries', async () => {
    const { rows, file } = await written([movie, { ...movie, origin_country: [] }, { ...movie, genre_ids: null }]);

    expect(await rows('movie_countries')).toContainEqual({ movie_id: 2n, position: null, country: null, share: 1 });
    for (const table of ['movie_genres', 'movie_countries']) {
      const sum = (await rows(table)).reduce((total, { share }) => total + Number(share), 0);
      expect(sum).toBeCloseTo(3, 9);
      expect(file(table).shares).toBe(3);
    }
    expect(file('movie_cast').shares).toBeUndefined();
  });

  it('have one schema on two days, whatever TMDB sent, and count what does not fit', async () => {
    const days = await Promise.all([
      written([
        JSON.stringify(movie)
          .replace('"vote_average":7', '"vote_average":7.0')
          .replace('"vote_count":12', '"vote_count":12.0'),
        { ...movie, vote_average: null, budget: null },
      ]),
      written([
        { ...movie, vote_average: 7.5, vote_count: '12', rating: 'PG', release_date: '2017-02-30' },
        { id: 2, vote_average: 7.5, vote_count: 1.5, release_date: '', title: 3, origin_country: 'BR', softcore: 'no' },
        { ...movie, actors: [{ ...movie.actors[0], order: 'first', pronoun: 'x' }, null, 5], genre_ids: [80, '18'] },
        { ...movie, budget: 2e3, rating: null },
      ]),
    ]);
    const [first, second] = days;

    for (const { table, body } of second.files)
      expect(footerOf(body).columns).toEqual(footerOf(first.file(table).body).columns);
    const averages = await Promise.all(
      days.map(async ({ rows }) => (await rows('movies')).map((row) => row.vote_average)),
    );
    expect(averages).toEqual([
      [7, null],
      [7.5, 7.5, 7, 7],
    ]);
    expect(first.drift).toEqual([]);
    expect((await second.rows('movies'))[1]).toMatchObject({ vote_count: null, title: null, release_date: null });
    expect((await second.rows('movies'))[3]).toMatchObject({ budget: 2000n });
    expect(second.drift.map(({ field, type, values, example }) => [field, type, values, example])).toEqual([
      ['actors', 'object', 1, '5'],
      ['actors.order', 'BIGINT', 1, '"first"'],
      ['actors.pronoun', undefined, 1, '"x"'],
      ['genre_ids', 'BIGINT', 1, '"18"'],
      ['origin_country', 'list', 1, '"BR"'],
      ['rating', undefined, 1, '"PG"'],
      ['release_date', 'DATE', 1, '"2017-02-30"'],
      ['softcore', 'BOOLEAN', 1, '"no"'],
      ['title', 'VARCHAR', 1, '3'],
      ['vote_count', 'BIGINT', 2, '"12"'],
    ]);
  });

  it('of one input have the same bytes, and no rows make files with all columns', async () => {
    const hashes = async (records: object[]) =>
      (await written(records)).files.map(({ table, sha256 }) => [table, sha256]);
    expect(await hashes([movie, movie])).toEqual(await hashes([movie, movie]));

    const { files } = await written([]);
    expect(files.map(({ table, rows }) => [table, rows])).toEqual([
      ['movies', 0],
      ['movie_genres', 0],
      ['movie_countries', 0],
      ['movie_cast', 0],
      ['movie_directors', 0],
      ['genres', 27],
    ]);
    for (const { body, sha256 } of files) {
      expect(footerOf(body).columns.length).toBeGreaterThan(2);
      expect(sha256).toBe(createHash('sha256').update(body).digest('hex'));
    }
  });

  it('begin a new row group every 2 MB', async () => {
    const long = { ...movie, title: 'x'.repeat(100_000) };
    const { file, rows } = await written(Array.from({ length: 45 }, () => long));

    expect(footerOf(file('movies').body).groups).toBe(3);
    expect((await rows('movies')).map(({ title }) => String(title).length)).toEqual(Array(45).fill(100_000));
  });

  it('have several files below 10 MB each where they are large', async () => {
    // Texts that do not get smaller by compression.
    const text = (seed: number) =>
      Array.from({ length: 800 }, (_, at) => createHash('sha512').update(`${seed} ${at}`).digest('base64')).join('');
    const { files } = await written(Array.from({ length: 150 }, (_, at) => ({ ...movie, title: text(at) })));
    const ofMovies = files.filter(({ table }) => table === 'movies');

    expect(ofMovies.map(({ number }) => number)).toEqual([1, 2]);
    expect(ofMovies.map(({ body }) => body.length < 10_000_000)).toEqual([true, true]);
    const ids = (await Promise.all(ofMovies.map(({ body }) => rowsIn(body)))).flat().map(({ id }) => id);
    expect(ids).toEqual(Array.from({ length: 150 }, (_, at) => BigInt(at + 1)));
    expect(files.filter(({ table }) => table === 'movie_genres').map(({ shares }) => shares)).toEqual([150]);
  });

  it('write an object of the details as columns, and an id that was asked for as text', async () => {
    const settings: Pick<Dataset, 'record' | 'output'> = {
      output: crimeWar().output,
      record: {
        from: 'credits',
        without: ['crew'],
        with: { asked: { from: 'asked' }, belongs_to_collection: { from: 'details' } },
        peopleWithout: [],
      },
    };
    const collection = { id: 5, name: 'All', poster_path: null, backdrop_path: '/b.jpg', parts: 3 };
    const { rows, drift } = await written(
      [
        { id: 1, cast: [], asked: 1, belongs_to_collection: collection },
        { id: 2, cast: [{ id: 3, name: 'N', credit_id: 'c' }], asked: 'tt2', belongs_to_collection: [] },
      ],
      { settings },
    );

    expect(await rows('movies')).toMatchObject([
      { asked: '1', belongs_to_collection_id: 5n, belongs_to_collection_backdrop_path: '/b.jpg' },
      { asked: 'tt2', belongs_to_collection_id: null },
    ]);
    expect(await rows('movie_cast')).toMatchObject([{ movie_id: 2n, person_id: 3n, credit_id: 'c' }]);
    expect(drift.map(({ field }) => field)).toEqual(['belongs_to_collection', 'belongs_to_collection.parts']);
  });
});

describe('the owner of a movie', () => {
  const owner = async (branch: string, facts: Record<string, unknown>) => {
    const scratch = scratchFile(tmpdir());
    const { ownerOf } = openTables({ ...crime2017(), branch }, scratch);
    await scratch.close();
    return ownerOf(facts);
  };

  it.each([
    ['crime-2017', { genre_ids: [10_752, 80] }, 'crime-2017'],
    ['war-2017', { genre_ids: [10_752, 80] }, 'crime-2017'],
    ['war-2017', { genres: [{ id: 80 }] }, 'crime-2017'],
    ['war-2017', { genre_ids: [10_752, 18] }, 'war-2017'],
    // TMDB listed it there, whatever its genres say.
    ['war-2017', {}, 'war-2017'],
    // A branch of an earlier plan, or of a source without genres.
    ['popular-movies', { genre_ids: [1] }, 'popular-movies'],
  ])('of the list of %s with %j is %s', async (branch, facts, expected) => {
    expect(await owner(branch, facts)).toBe(expected);
  });
});
