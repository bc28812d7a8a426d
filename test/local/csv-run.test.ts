import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeCsv } from '../../local/simulator/csv.ts';
import { type Fault, faultsNamed } from '../../local/simulator/faults.ts';
import { datasetWith, filesIn, quickPipeline, quickSimulator, rawZone, readJson, temporaryFolder } from './running.ts';

const DAY = '2026-11-20';

/** With so many, each upload below has two branches. With the 1,000 of the shipped datasets, they would have to be larger. */
const IDS_PER_BRANCH = 500;

/** The upload for each dataset, with fewer malformed ids than the dataset tolerates, and the filter for its ids. */
const UPLOADS = {
  'csv-details': { size: { rows: 18_000, ids: 4_000, malformed: 6 }, filter: { fromYear: 2013, toYear: 2022 } },
  'csv-credits': {
    size: { rows: 6_000, ids: 1_350, malformed: 2 },
    filter: { fromYear: 0, toYear: 9999, genres: ['Drama', 'Romance'] },
  },
};

/** The file of an upload, and what it holds. */
const uploadOf = async (dataset: keyof typeof UPLOADS) => {
  const file = join(await temporaryFolder(), 'movies.csv');
  const statement = await writeCsv(file, { kind: 'Movies', ...UPLOADS[dataset].size, seed: 3 });
  return { file, statement };
};

/** A CSV dataset from an upload to its manifest. */
const csvRun = async (
  dataset: keyof typeof UPLOADS,
  { file, statement }: Awaited<ReturnType<typeof uploadOf>>,
  faults: readonly Fault[] = [],
) => {
  const { size, filter } = UPLOADS[dataset];
  const simulator = await quickSimulator({ faults });
  const env = { DATASETS: await datasetWith(dataset, { idsPerBranch: IDS_PER_BRANCH }) };
  const pipeline = await quickPipeline(simulator, { env });
  await pipeline.store.put('Raw/Local/CSV/Movies/2026/11/19/movies.csv', await readFile(file), {
    contentType: 'text/csv',
  });
  const execution = await pipeline.start({ dataset, day: DAY }).ended;
  expect(execution).toMatchObject({ status: 'SUCCEEDED' });
  const manifest = await readJson(pipeline.bucket, `_manifests/${dataset}/${DAY}/manifest.json`);
  return { simulator, pipeline, manifest, said: statement.of(filter), rows: size.rows };
};

/** Runs without faults. Several tests check them. */
let quiet: { [Dataset in keyof typeof UPLOADS]: Awaited<ReturnType<typeof csvRun>> };
let details: Awaited<ReturnType<typeof uploadOf>>;
beforeAll(async () => {
  details = await uploadOf('csv-details');
  quiet = {
    'csv-details': await csvRun('csv-details', details),
    'csv-credits': await csvRun('csv-credits', await uploadOf('csv-credits')),
  };
});

describe.each([
  { dataset: 'csv-details', folder: 'MovieDetails' },
  { dataset: 'csv-credits', folder: 'MovieCredits' },
] as const)('$dataset', ({ dataset, folder }) => {
  it('has a record or a reason for every distinct id of the CSV', async () => {
    const { simulator, pipeline, manifest, said, rows } = quiet[dataset];
    const { found, is_movie, ...reasons } = said;
    expect(is_movie).toEqual([]);
    expect(manifest.branches).toHaveLength(2);
    for (const [reason, ids] of Object.entries(reasons)) {
      expect(ids.length, reason).toBeGreaterThan(0);
      expect(new Set(manifest.missing[reason] ?? []), reason).toEqual(new Set(ids));
    }
    expect(manifest.distinct).toBe(Object.values(said).flat().length);
    expect(manifest.written).toBe(found.length);
    expect(manifest.csv).toMatchObject({ rows, badRows: 0, ids: manifest.distinct });

    const files = await filesIn(join(pipeline.bucket, `Raw/TMDB/JSON/${folder}/2026/11/20`));
    const records = [...files.values()].flatMap((body) => JSON.parse(body.toString()));
    expect(records.map(({ imdb_id }) => imdb_id).toSorted()).toEqual(found.toSorted());
    for (const [name, body] of files) {
      expect(JSON.parse(body.toString()).length, name).toBeLessThanOrEqual(100);
      expect(body.length, name).toBeLessThanOrEqual(10_000_000);
    }

    // One find for each well-formed id, and one request for each found movie: nothing is requested twice.
    const wellFormed = manifest.distinct - (reasons.malformed?.length ?? 0);
    expect(simulator.count(/^\/find\//)).toBe(wellFormed);
    expect(simulator.asked.length).toBe(1 + wellFormed + found.length + (reasons.gone?.length ?? 0));
  });
});

describe('csv-details', () => {
  it('gives the same bytes with faults', async () => {
    const stormy = await csvRun('csv-details', details, faultsNamed('throttled'));
    expect(stormy.simulator.asked.some(({ status }) => status === 429)).toBe(true);
    expect(await rawZone(stormy.pipeline.bucket)).toEqual(await rawZone(quiet['csv-details'].pipeline.bucket));
  });
});

describe('popular', () => {
  it("writes movies and series to separate folders, in TMDB's order, without further requests", async () => {
    const simulator = await quickSimulator();
    const pipeline = await quickPipeline(simulator);
    expect(await pipeline.start({ dataset: 'popular', day: DAY }).ended).toMatchObject({ status: 'SUCCEEDED' });
    const movies = await readJson(
      pipeline.bucket,
      'Raw/TMDB/JSON/PopularMovies/2026/11/20/popular_movies_part_1_20261120.json',
    );
    const series = await readJson(
      pipeline.bucket,
      'Raw/TMDB/JSON/PopularSeries/2026/11/20/popular_series_part_1_20261120.json',
    );
    expect(Object.keys(await rawZone(pipeline.bucket))).toHaveLength(2);
    expect(movies).toHaveLength(20);
    expect(movies.every((movie: object) => 'title' in movie && !('first_air_date' in movie))).toBe(true);
    expect(series.every((one: object) => 'first_air_date' in one && !('title' in one))).toBe(true);
    expect(movies.map(({ popularity }: { popularity: number }) => popularity)).toEqual(
      movies.map(({ popularity }: { popularity: number }) => popularity).toSorted((a: number, b: number) => b - a),
    );
    expect(simulator.asked.map(({ path, query }) => [path, query.language]).toSorted()).toEqual([
      ['/movie/popular', 'pt-BR'],
      ['/movie/popular', 'pt-BR'],
      ['/tv/popular', 'pt-BR'],
      ['/tv/popular', 'pt-BR'],
    ]);
  });
});
