import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOCAL_BUCKET, startBucket } from '../local/bucket.ts';
import { openPipeline } from '../local/pipeline.ts';
import { defaultCatalogue } from '../local/simulator/catalogue.ts';
import { type CsvStatement, writeCsv } from '../local/simulator/csv.ts';
import { startSimulator } from '../local/simulator/simulator.ts';
import { bundled } from './bundled.ts';
import { called, megabytes, program } from './called.ts';

/*
 * Runs with CSVs of real size. Prints the figures in docs/datasets.md: whether the manifest has the expected ids, the
 * time, the output, and the memory of each function in a separate process. The simulator has no rate limit and no
 * response time here. With TMDB, the limit of 36 requests per second determines the time.
 */
const work = await mkdtemp(join(tmpdir(), 'bench-csv-'));
const simulator = await startSimulator({
  catalogue: defaultCatalogue(),
  seed: 1,
  ceiling: false,
  // The functions run in separate processes here, each with its own connections.
  latencyMs: { from: 0, to: 0 },
});
const tmdb = { TMDB_BASE_URL: simulator.url, TMDB_TOKEN: 'simulator', TMDB_REQUESTS_PER_SECOND: '100000' };

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** A CSV in a bucket of its own. */
const uploaded = async (name: string, options: { rows: number; ids: number; years?: { from: number; to: number } }) => {
  const out = join(work, name);
  const file = join(work, 'movies.csv');
  const statement = await writeCsv(file, { kind: 'Movies', seed: 5, malformed: 50, ...options });
  await program(['local/upload.ts', file, '--out', out, '--day', '2026-11-19']);
  return { out, statement, megabytes: (await stat(file)).size / 1e6 };
};

/** Runs the planner, and the page-walker and the writer of the first branch, each in a separate process. Prints time and memory. */
const alone = async (out: string, dataset: string) => {
  const bucket = await startBucket(join(out, 'bucket'));
  const env = {
    ...tmdb,
    BUCKET: LOCAL_BUCKET,
    AWS_ENDPOINT_URL_S3: bucket.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    AWS_ENDPOINT_URL_SFN: 'http://127.0.0.1:9',
  };
  const ref = { dataset, day: '2026-01-01', run: 'bench' };
  const execution = { id: 'arn:bench', name: ref.run, startTime: '2026-01-01T12:00:00Z', redriveCount: 0 };
  const branch = { ...ref, branch: `${dataset}-0001`, execution: execution.id };
  const events = [
    ['planner', { input: { dataset, day: ref.day }, execution }],
    ['page-walker', branch],
    ['writer', branch],
  ] as const;
  for (const [name, event] of events) {
    const { seconds: took, peakBytes, loadedBytes } = await called((await bundled(name, work)).file, event, { env });
    console.log(
      `  ${name} alone: ${took.toFixed(1)} s, peak memory ${megabytes(peakBytes)} (${megabytes(loadedBytes)} before the call)`,
    );
  }
  await bucket.close();
};

const throughPipeline = async (
  dataset: string,
  { out, statement }: { out: string; statement: CsvStatement },
  filter: Parameters<CsvStatement['of']>[0],
) => {
  const { found, ...reasons } = statement.of(filter);
  const asked = simulator.asked.length;
  const startedAt = performance.now();
  const pipeline = await openPipeline({ out, env: tmdb });
  const { status } = await pipeline.start({ dataset, day: '2026-11-20' }).ended;
  const took = seconds(startedAt);
  const manifest = JSON.parse(
    (await pipeline.store.get(`_manifests/${dataset}/2026-11-20/manifest.json`))?.body.toString() ?? '{}',
  );
  const parts = (await pipeline.store.list('Raw/TMDB/')).length;
  await pipeline.close();
  const same = (a: string[] = [], b: string[] = []) => a.length === b.length && new Set([...a, ...b]).size === a.length;
  const wrong = Object.entries(reasons).filter(([reason, ids]) => !same(ids, manifest.missing[reason]));
  const counts = Object.entries(reasons).map(([reason, ids]) => `${ids.length} ${reason}`);
  console.log(
    `${dataset}: ${status} in ${took}, ${simulator.asked.length - asked} requests; ${manifest.distinct} ids = ${found.length} found + ${counts.join(' + ')}`,
  );
  console.log(
    `  manifest: ${manifest.written} written in ${parts} files, ${(manifest.bytes / 1e6).toFixed(1)} MB; ${wrong.length === 0 && manifest.written === found.length ? 'the ids of every reason are as expected' : `WRONG: ${wrong.map(([reason]) => reason)}`}`,
  );
};

const real = await uploaded('real', { rows: 1_100_000, ids: 244_243 });
console.log(`a CSV of ${real.megabytes.toFixed(0)} MB, 1,100,000 rows, 244,243 distinct ids`);
await alone(real.out, 'csv-details');

const details = await uploaded('details', { rows: 110_000, ids: 24_400, years: { from: 2013, to: 2022 } });
await throughPipeline('csv-details', details, { fromYear: 2013, toYear: 2022 });

const credits = await uploaded('credits', { rows: 600_000, ids: 133_000 });
await throughPipeline('csv-credits', credits, { fromYear: 0, toYear: 9999, genres: ['Drama', 'Romance'] });
await alone(credits.out, 'csv-credits');

await simulator.close();
await rm(work, { recursive: true });
