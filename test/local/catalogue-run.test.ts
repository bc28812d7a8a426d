import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../local/deployed.ts';
import { filesIn, readJson, temporaryFolder } from './running.ts';
import { startInProcess } from './start-in-process.ts';

/*
 * 4,803 real movies through the whole pipeline. The expected parts are computed here only from the catalogue, without
 * the pipeline's code.
 */
const MATERIAL = process.env.TEST_MATERIAL_DIR;
const CATALOGUE = join(MATERIAL ?? '', 'tmdb/catalogue.jsonl.gz');
const DAY = '2026-11-20';

interface Movie {
  id: number;
  genres: { id: number }[];
  release_date: string;
  vote_count: number;
  budget: number;
  [field: string]: unknown;
}

const catalogue = async (): Promise<Movie[]> =>
  gunzipSync(await readFile(CATALOGUE))
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** The bytes of a part, from TMDB's details objects. */
const expectedParts = (movies: readonly Movie[], genre: number, year: number): string[] => {
  const kept = movies
    .filter(
      ({ genres, release_date, vote_count, budget }) =>
        genres.some(({ id }) => id === genre) && release_date.startsWith(`${year}-`) && vote_count >= 5 && budget > 0,
    )
    .sort((a, b) => (a.budget === b.budget ? a.id - b.id : b.budget - a.budget));
  const records = kept.map((movie) => ({
    genre_ids: movie.genres.map(({ id }) => id),
    id: movie.id,
    title: movie.title,
    original_language: movie.original_language,
    popularity: movie.popularity,
    poster_path: movie.poster_path,
    release_date: movie.release_date,
    softcore: false,
    vote_average: movie.vote_average,
    vote_count: movie.vote_count,
    budget: movie.budget,
    // A null that TMDB sent stays null.
    imdb_id: movie.imdb_id === undefined ? '' : movie.imdb_id,
    origin_country: movie.origin_country,
    actors: [],
    directors: [],
  }));
  const parts: string[] = [];
  while (records.length > 0) parts.push(JSON.stringify(records.splice(0, 100), null, 4));
  return parts;
};

const runOver = async (args: readonly string[], env: Record<string, string> = {}) => {
  const out = await temporaryFolder();
  const quick = ['--catalogue', CATALOGUE, '--day', DAY, '--ceiling', 'none', '--latency', '0-0', '--out', out];
  const { code, err } = await startInProcess([...args, ...quick], { TMDB_REQUESTS_PER_SECOND: '100000', ...env });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return join(out, 'bucket');
};

const wanted = (
  movies: readonly Movie[],
  genres: Record<string, number>,
  from: number,
  to: number,
): Map<string, string> => {
  const files = new Map<string, string>();
  for (const [name, genre] of Object.entries(genres)) {
    for (let year = from; year <= to; year += 1) {
      for (const [at, part] of expectedParts(movies, genre, year).entries())
        files.set(`movie_${name}_${year}_part_${at + 1}_20261120.json`, part);
    }
  }
  return files;
};

const found = async (folder: string) =>
  new Map([...(await filesIn(folder))].map(([name, body]) => [name, body.toString()]));

describe.skipIf(!MATERIAL)('4,803 real movies (skipped without TEST_MATERIAL_DIR)', () => {
  let movies: Movie[];
  beforeAll(async () => {
    movies = await catalogue();
  });

  it('crime and war, 2012 to 2022, give exactly the parts expected from the catalogue', async () => {
    const bucket = await runOver([]);
    const expected = wanted(movies, { crime: 80, war: 10752 }, 2012, 2022);
    expect(expected.size).toBeGreaterThan(8);
    expect(await found(join(bucket, 'Raw/TMDB/JSON/Movies/2026/11/20'))).toEqual(expected);
    const manifests = await filesIn(join(bucket, `_manifests/crime-war/${DAY}/branches`));
    expect(manifests.size).toBe(22);
    expect(JSON.parse(manifests.get('war-2022.json')?.toString() ?? '')).toMatchObject({ kept: 0, parts: [] });
  });

  it('drama, 2000 to 2009, gives the expected parts: 2006 has 101 movies, in parts of 100 and 1', async () => {
    const datasets = await temporaryFolder();
    const crimeWar = await readJson(ROOT, 'datasets/crime-war.json');
    const source = { ...crimeWar.source, genres: ['drama'], years: { from: 2000, to: 2009 } };
    await writeFile(join(datasets, 'drama.json'), JSON.stringify({ ...crimeWar, name: 'drama', source }));
    const bucket = await runOver(['--dataset', 'drama'], { DATASETS: datasets });
    const files = await found(join(bucket, 'Raw/TMDB/JSON/Movies/2026/11/20'));
    expect(files).toEqual(wanted(movies, { drama: 18 }, 2000, 2009));
    expect(JSON.parse(files.get('movie_drama_2006_part_1_20261120.json') ?? '')).toHaveLength(100);
    expect(JSON.parse(files.get('movie_drama_2006_part_2_20261120.json') ?? '')).toHaveLength(1);
  });
});
