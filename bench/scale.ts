import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { layout } from '../lib/runs/layout.ts';
import type { Planned } from '../lib/stages/plan.ts';
import { ROOT } from '../local/deployed.ts';
import { measuredProcess } from './measured-process.ts';
import { startTmdb, workloadOf } from './simulated-tmdb.ts';

/*
 * Measures runs of 19 genres × 5 years with more and more movies, from a simulated TMDB that has no limit and answers at
 * once. A run is `npm start` in a process of its own; the simulator has another one.
 *
 *   npx node bench/scale.ts                   1,000 and 10,000 distinct movies
 *   npx node bench/scale.ts --movies 100000   another number; 100,000 take about half an hour and 3 GB of disk
 */
const { values } = parseArgs({
  options: { movies: { type: 'string', multiple: true, default: ['1000', '10000'] } },
});

const DATASET = 'all-genres';
const DAY = '2026-11-20';
const PAGE = 20;

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

row(
  'distinct movies',
  'in lists',
  'list pages',
  'least requests',
  'requests',
  'more',
  'answers 429',
  'time',
  'CPU time',
  'peak memory',
  'objects',
  'shared answers',
  'chunks',
  'parts',
  'PUT and LIST, forecast',
  'requests, forecast',
  'history events',
);
row(...Array.from({ length: 17 }, () => '---:'));
for (const movies of values.movies.map(Number)) {
  const { genres, years, listed, distinct, pages, catalogue } = workloadOf(movies);
  await saveDataset(genres, years);
  const branches = genres.length * (years.to - years.from + 1);
  /** Lists of several pages: their page 1 is read again at the end. */
  const checked = genres
    .flatMap((id) =>
      Array.from({ length: years.to - years.from + 1 }, (_, index) =>
        catalogue.movies.filter(
          ({ release_date, genres: of }) =>
            release_date.startsWith(`${years.from + index}-`) && of.some((genre) => genre.id === id),
        ),
      ),
    )
    .filter(({ length }) => length > PAGE).length;
  const least = distinct + pages + checked + branches;

  const tmdb = await startTmdb({ workload: movies, ceiling: false, latencyMs: 0 });
  const out = join(work, String(movies));
  const start = (...more: readonly string[]) =>
    measuredProcess(process.execPath, ['local/main.ts', '--dataset', DATASET, '--day', DAY, '--out', out, ...more], {
      cwd: ROOT,
      env: {
        ...process.env,
        DATASETS: datasets,
        TMDB_BASE_URL: tmdb.url,
        TMDB_TOKEN: 'simulator',
        TMDB_REQUESTS_PER_SECOND: '100000',
      },
    });
  const run = await start();
  const { requests, throttled } = await tmdb.traffic();
  const manifest = join(out, 'bucket', layout.dayManifest({ dataset: DATASET, day: DAY }));
  const { complete } = JSON.parse(await readFile(manifest, 'utf8').catch(() => '{}'));
  if (run.code !== 0 || !complete)
    throw new Error(`The run of ${movies} movies ended with exit code ${run.code}:\n${run.stderr}`);
  const objects = await objectsIn(join(out, 'bucket'));
  const { forecast } = JSON.parse((await start('--dry-run', '--json')).stdout) as Planned;
  row(
    distinct,
    listed,
    pages,
    least,
    requests,
    `${((100 * (requests - least)) / least).toFixed(2)} %`,
    throttled,
    `${run.wallSeconds.toFixed(1)} s`,
    `${run.cpuSeconds?.toFixed(1)} s`,
    `${run.peakMegabytes?.toFixed(0)} MB`,
    objects.all,
    objects.shared,
    objects.chunks,
    objects.parts,
    forecast?.usage.puts,
    forecast?.requests,
    forecast?.historyEvents,
  );
  await tmdb.close();
  await rm(out, { recursive: true });
}
await rm(work, { recursive: true });
