import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LOCAL_BUCKET, startBucket } from '../local/bucket.ts';
import { catalogueOf } from '../local/simulator/catalogue.ts';
import { chance } from '../local/simulator/chance.ts';
import { CRIME } from '../local/simulator/genres.ts';
import { inventedCredits } from '../local/simulator/invented-credits.ts';
import { dayIn, inventedMovie } from '../local/simulator/invented-movies.ts';
import { startSimulator } from '../local/simulator/simulator.ts';
import { bundled, DEPLOYED_MEMORY } from './bundled.ts';
import { called, megabytes } from './called.ts';

/*
 * Measures the memory of the page-walker and the writer with one large branch: movies with 80 people each, all of them in
 * the records and in the tables. Each function runs in a process of its own, from its bundle, with limits of V8's heap that follow
 * from its memory.
 *
 *   npx node bench/memory.ts                              1,000, 10,000 and 50,000 movies, and memorySize of serverless.yml
 *   npx node bench/memory.ts --movies 1000 --memory 256   one number of movies, and another memorySize
 *   npx node bench/memory.ts --movies 50000 --people 8    fewer people, so less CPU time
 *
 * It ends with exit code 1 if a function takes more than its memory.
 */
const { values } = parseArgs({
  options: {
    movies: { type: 'string', multiple: true, default: ['1000', '10000', '50000'] },
    memory: { type: 'string' },
    people: { type: 'string', default: '80' },
  },
});

/** MB of each function. */
const { walker, writer } = values.memory
  ? { walker: Number(values.memory), writer: Number(values.memory) }
  : { walker: DEPLOYED_MEMORY.pageWalker, writer: DEPLOYED_MEMORY.writer };
const memory = { walker, writer };

/**
 * V8's limits for a function's memory: a twentieth for each half of the young generation, nine tenths for the old one.
 * The shares are those in published copies of the start script of Lambda's Node (read 2026-11-25). We did not check which
 * limits Lambda itself sets.
 */
const heapOf = (megabytes: number) => [
  `--max-semi-space-size=${Math.floor(megabytes / 20)}`,
  `--max-old-space-size=${megabytes - Math.floor(megabytes / 10)}`,
];

const YEAR = 2012;
const PEOPLE = Number(values.people);
/** Different credits. Movies share them, because making them for each request takes longer than all else. */
const CREDITS = 101;

const work = await mkdtemp(join(tmpdir(), 'bench-memory-'));
const bundles = {
  planner: (await bundled('planner', work)).file,
  walker: (await bundled('page-walker', work)).file,
  writer: (await bundled('writer', work)).file,
};

const datasets = join(work, 'datasets');
await mkdir(datasets);
const dataset = {
  name: 'large',
  timezone: 'UTC',
  source: { kind: 'discover', genres: ['crime'], years: { from: YEAR, to: YEAR } },
  ask: ['details', 'credits'],
  record: { from: 'details', with: { cast: { from: 'cast' }, crew: { from: 'crew' } } },
  keep: [{ field: 'budget', above: 0 }],
  sort: [{ field: 'budget', order: 'desc' }],
  output: { key: 'Raw/TMDB/JSON/Large/{yyyy}/{mm}/{dd}/{genre}_{year}_part_{part}_{yyyymmdd}.json' },
};
await writeFile(join(datasets, 'large.json'), JSON.stringify(dataset));

/** Half of the people are cast, half are crew. */
const credits = Array.from({ length: CREDITS }, (_, from) => {
  const all = Array.from({ length: 20 }, (_, more) => inventedCredits('movie', from * 20 + more));
  return {
    cast: all.flatMap(({ cast }) => cast).slice(0, PEOPLE / 2),
    crew: all.flatMap(({ crew }) => crew).slice(0, PEOPLE / 2),
  };
});

const catalogueWith = (count: number) => {
  const luck = chance('memory');
  const movies = Array.from({ length: count }, (_, index) =>
    inventedMovie({
      id: index + 1,
      imdb_id: `tt${90_000_000 + index}`,
      genres: [CRIME],
      release_date: dayIn(luck, YEAR),
      vote_count: 10,
      budget: luck.whole(1, 200_000_000),
    }),
  );
  return catalogueOf(movies, [], (_, id) => credits[id % CREDITS] ?? { cast: [], crew: [] });
};

const row = (...cells: readonly (string | number)[]) => console.log(`| ${cells.join(' | ')} |`);

row('movies', 'function', 'memorySize', 'peak memory', 'when loaded', 'time', 'CPU time', 'calls');
row('---', '---', '---', '---', '---', '---', '---', '---');
for (const count of values.movies.map(Number)) {
  const simulator = await startSimulator({
    catalogue: catalogueWith(count),
    seed: 1,
    ceiling: false,
    connections: 1_000,
    latencyMs: { from: 0, to: 0 },
  });
  const folder = join(work, String(count));
  const bucket = await startBucket(folder);
  const env = {
    BUCKET: LOCAL_BUCKET,
    DATASETS: datasets,
    TMDB_BASE_URL: simulator.url,
    TMDB_TOKEN: 'simulator',
    TMDB_REQUESTS_PER_SECOND: '100000',
    AWS_ENDPOINT_URL_S3: bucket.url,
    AWS_ENDPOINT_URL_SFN: 'http://127.0.0.1:9',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  };
  const ref = { dataset: dataset.name, day: '2026-11-20', run: 'bench' };
  const execution = { id: 'arn:bench', name: ref.run, startTime: '2026-11-20T12:00:00Z', redriveCount: 0 };
  await called(bundles.planner, { input: { dataset: ref.dataset, day: ref.day }, execution }, { env });
  const branch = { ...ref, branch: `crime-${YEAR}`, execution: execution.id };
  for (const name of ['walker', 'writer'] as const) {
    const { peakBytes, loadedBytes, seconds, cpuSeconds, calls } = await called(bundles[name], branch, {
      env,
      nodeOptions: heapOf(memory[name]),
    });
    if (peakBytes > memory[name] * 1024 * 1024) process.exitCode = 1;
    row(
      count.toLocaleString('en'),
      name,
      `${memory[name]} MB`,
      megabytes(peakBytes),
      megabytes(loadedBytes),
      `${seconds.toFixed(1)} s`,
      `${cpuSeconds.toFixed(1)} s`,
      calls,
    );
  }
  await bucket.close();
  await simulator.close();
  await rm(folder, { recursive: true });
}
await rm(work, { recursive: true });
