import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type Tmdb, tmdbClient } from '../../lib/tmdb/client.ts';
import { pace } from '../../lib/tmdb/pace.ts';
import { ROOT } from '../../local/deployed.ts';
import { openPipeline, type PipelineOptions } from '../../local/pipeline.ts';
import type { Catalogue } from '../../local/simulator/catalogue.ts';
import type { Fault } from '../../local/simulator/faults.ts';
import { type Simulator, startSimulator } from '../../local/simulator/simulator.ts';
import { fastClock } from '../doubles/fast-clock.ts';
import { folders, up } from '../left-open.ts';
import { catalogue } from './simulator/asking.ts';

/** An empty folder. It is removed after the file's tests. */
export const temporaryFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'tmdb-raw-zone-'));
  folders.push(folder);
  return folder;
};

/** A simulator without response time and without a rate limit. */
export const quickSimulator = async (
  options: { faults?: readonly Fault[]; seed?: number; ceiling?: number; catalogue?: Catalogue } = {},
): Promise<Simulator> => {
  const simulator = await startSimulator({
    catalogue: catalogue(),
    seed: 1,
    ceiling: false,
    latencyMs: { from: 0, to: 0 },
    ...options,
  });
  up.push(() => simulator.close());
  return simulator;
};

/** A TMDB client for a pipeline with a simulator, for tests that need other limits or another clock. */
export const quickTmdb = (
  simulator: Simulator,
  limits: Parameters<typeof tmdbClient>[0]['limits'] = {},
  clock = fastClock(Date.now()),
): Tmdb => tmdbClient({ baseUrl: simulator.url, token: () => 'simulator', gate: pace(100_000, clock), clock, limits });

/** The pipeline with a simulator, in its own folder. Backoffs and pauses end at once, in order. */
export const quickPipeline = async (
  simulator: Pick<Simulator, 'url'>,
  options: Partial<PipelineOptions> & { out?: string } = {},
) => {
  const out = options.out ?? (await temporaryFolder());
  const pipeline = await openPipeline({
    clock: fastClock(Date.now()),
    retryMs: 1,
    ...options,
    out,
    env: { TMDB_BASE_URL: simulator.url, TMDB_TOKEN: 'simulator', TMDB_REQUESTS_PER_SECOND: '100000', ...options.env },
  });
  let open = true;
  const close = async () => {
    if (open) await pipeline.close();
    open = false;
  };
  up.push(close);
  return { ...pipeline, close, out, bucket: join(out, 'bucket') };
};

/**
 * A folder with one dataset of the project, whose source is changed.
 *
 * @returns A value for the variable DATASETS.
 */
export const datasetWith = async (name: string, changes: object): Promise<string> => {
  const folder = await temporaryFolder();
  const dataset = await readJson(ROOT, `datasets/${name}.json`);
  const source = { ...dataset.source, ...changes };
  await writeFile(join(folder, `${name}.json`), JSON.stringify({ ...dataset, source }));
  return folder;
};

/** The same for crime-war with fewer years, and so fewer than 22 branches. */
export const crimeWarOf = (from: number, to: number): Promise<string> =>
  datasetWith('crime-war', { years: { from, to } });

/** All files below a folder: relative path and bytes. */
export const filesIn = async (folder: string): Promise<Map<string, Buffer>> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  return new Map(await Promise.all(files.map(async (file) => [relative(folder, file), await readFile(file)] as const)));
};

/** The hash of each file in the raw zone, by key. */
export const rawZone = async (bucket: string): Promise<Record<string, string>> =>
  Object.fromEntries(
    [...(await filesIn(join(bucket, 'Raw')))].map(([path, body]) => [
      path,
      createHash('sha256').update(body).digest('hex'),
    ]),
  );

// biome-ignore lint/suspicious/noExplicitAny: tests read JSON of any shape
export const readJson = async (...path: string[]): Promise<any> => JSON.parse(await readFile(join(...path), 'utf8'));
