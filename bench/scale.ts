import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { layout } from '../lib/runs/layout.ts';
import { dollarsFor, PRICES } from '../lib/runs/prices.ts';
import type { Planned } from '../lib/stages/plan.ts';
import { ROOT } from '../local/deployed.ts';
import { measuredProcess } from './measured-process.ts';
import { startTmdb, workloadOf } from './simulated-tmdb.ts';
import { listsOf, PAGE } from './workloads.ts';

/*
 * Measures runs of 19 genres × 5 years with more and more movies, from a simulated TMDB that has no limit and answers at
 * once. A run is `npm start` in a process of its own; the simulator has another one. Then it calculates what AWS would
 * charge for the run: the requests to S3 are counted, the rest is from the forecast of a dry run.
 *
 *   npx node bench/scale.ts                   crime and war in their real size; 1,000 and 10,000 movies of all genres
 *   npx node bench/scale.ts --movies 100000   another number; 100,000 take about 20 minutes and 2 GB of disk
 */
const { values } = parseArgs({
  options: { movies: { type: 'string', multiple: true, default: ['crime-war', '1000', '10000'] } },
});

const DATASET = 'scale';
const DAY = '2026-11-20';
/** Requests a second of all page-walkers in AWS: 4 × 9. */
const AWS_RATE = 36;

const row = (...cells: readonly (string | number | undefined)[]) =>
  console.log(
    `| ${cells.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en-US') : cell)).join(' | ')} |`,
  );

const work = await mkdtemp(join(tmpdir(), 'bench-scale-'));
const datasets = join(work, 'datasets');
await mkdir(datasets);

/** The dataset crime-war with other genres and years. */
const saveDataset = async (genres: readonly number[], years: { from: number; to: number }) => {
  const {
    $schema: _,
    schedule: __,
    ...given
  } = JSON.parse(await readFile(join(ROOT, 'datasets/crime-war.json'), 'utf8'));
  const dataset = { ...given, name: DATASET, source: { ...given.source, genres, years } };
  await writeFile(join(datasets, `${DATASET}.json`), JSON.stringify(dataset));
};

/** Objects in the bucket, by kind. */
const objectsIn = async (bucket: string) => {
  const keys = (await readdir(bucket, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(bucket.length + 1));
  const like = (pattern: RegExp) => keys.filter((key) => pattern.test(key)).length;
  return {
    all: keys.length,
    shared: like(/^_runs\/.*\/shared\//),
    chunks: like(/^_runs\/.*\/chunks\//),
    parts: like(/^Raw\//),
  };
};

const counted = z.object({ puts: z.number(), lists: z.number(), gets: z.number() });

row(
  'distinct movies',
  'in lists',
  'list pages',
  'least requests',
  'requests',
  'more',
  'forecast',
  'time',
  'CPU time',
  'peak memory',
  'objects',
  'shared answers',
  'chunks',
  'parts',
  'history events',
  'PUT',
  'LIST',
  'GET',
  'GB-seconds',
  'transitions',
  'dollars of S3',
  'dollars',
);
row(...Array.from({ length: 22 }, () => '---:'));
for (const name of values.movies) {
  const size = name === 'crime-war' ? name : Number(name);
  const workload = workloadOf(size);
  const { genres, years, listed, distinct, pages } = workload;
  await saveDataset(genres, years);
  const lists = listsOf(workload);
  /** Lists of several pages: their page 1 is read again at the end. */
  const checked = lists.filter(({ length }) => length > PAGE).length;
  const least = distinct + pages + checked + lists.length;

  const tmdb = await startTmdb({ workload: size, ceiling: false, latencyMs: 0 });
  const out = join(work, name);
  const counts = join(work, 'counts.json');
  const start = (perSecond: number, ...more: readonly string[]) =>
    measuredProcess(
      process.execPath,
      ['--import', './bench/count-s3.js', 'local/main.ts', '--dataset', DATASET, '--day', DAY, '--out', out, ...more],
      {
        cwd: ROOT,
        env: {
          ...process.env,
          DATASETS: datasets,
          TMDB_BASE_URL: tmdb.url,
          TMDB_TOKEN: 'simulator',
          TMDB_REQUESTS_PER_SECOND: String(perSecond),
          S3_COUNTS: counts,
        },
      },
    );
  const run = await start(100_000);
  const { requests, throttled } = await tmdb.traffic();
  const s3 = counted.parse(JSON.parse(await readFile(counts, 'utf8')));
  const manifest = join(out, 'bucket', layout.dayManifest({ dataset: DATASET, day: DAY }));
  const { complete } = JSON.parse(await readFile(manifest, 'utf8').catch(() => '{}'));
  if (run.code !== 0 || !complete || throttled > 0)
    throw new Error(`The run of ${name} ended with exit code ${run.code}:\n${run.stderr}`);
  const objects = await objectsIn(join(out, 'bucket'));
  const { forecast } = JSON.parse((await start(AWS_RATE, '--dry-run', '--json')).stdout) as Planned;
  if (!forecast) throw new Error('The dry run has no forecast.');
  const ofS3 = (s3.puts + s3.lists) * PRICES.put + s3.gets * PRICES.get;
  row(
    distinct,
    listed,
    pages,
    least,
    requests,
    `${((100 * (requests - least)) / least).toFixed(2)} %`,
    forecast.requests,
    `${run.wallSeconds.toFixed(1)} s`,
    `${run.cpuSeconds?.toFixed(1)} s`,
    `${run.peakMegabytes?.toFixed(0)} MB`,
    objects.all,
    objects.shared,
    objects.chunks,
    objects.parts,
    forecast.historyEvents,
    s3.puts,
    s3.lists,
    s3.gets,
    forecast.usage.gbSeconds,
    forecast.usage.transitions,
    ofS3.toFixed(4),
    (ofS3 + dollarsFor({ ...forecast.usage, puts: 0 })).toFixed(4),
  );
  await tmdb.close();
  await rm(out, { recursive: true });
}
await rm(work, { recursive: true });
