import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../lib/clock.ts';
import { openPipeline, type PipelineOptions } from '../../local/pipeline.ts';
import type { Catalogue } from '../../local/simulator/catalogue.ts';
import { defaultCatalogue } from '../../local/simulator/catalogue.ts';
import type { Fault } from '../../local/simulator/faults.ts';
import { type Simulator, startSimulator } from '../../local/simulator/simulator.ts';

/** Twenty seconds in one: backoffs and pauses keep their proportions, and tests don't sit through them. */
const hurriedClock = (times = 20): Clock => {
  const began = Date.now();
  return {
    now: () => began + (Date.now() - began) * times,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms / times)),
  };
};

export const temporaryFolder = () => mkdtemp(join(tmpdir(), 'tmdb-raw-zone-'));

/** A simulator that answers at once and takes any number of requests. */
export const quickSimulator = async (
  options: { faults?: readonly Fault[]; seed?: number; catalogue?: Catalogue; ceiling?: number } = {},
): Promise<Simulator> => {
  const { catalogue = defaultCatalogue(), seed = 1, faults = [], ceiling = false } = options;
  const simulator = await startSimulator({ catalogue, seed, faults, ceiling, latencyMs: { from: 0, to: 0 } });
  onTestFinished(() => simulator.close());
  return simulator;
};

/** The pipeline over a simulator, in a folder of its own. */
export const quickPipeline = async (
  simulator: Simulator,
  options: Partial<PipelineOptions> & { out?: string } = {},
) => {
  const out = options.out ?? (await temporaryFolder());
  const pipeline = await openPipeline({
    clock: hurriedClock(),
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
  onTestFinished(close);
  return { ...pipeline, close, out, bucket: join(out, 'bucket') };
};

/** Every file below a folder: its path there, and its bytes. */
export const filesIn = async (folder: string): Promise<Map<string, Buffer>> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  return new Map(await Promise.all(files.map(async (file) => [relative(folder, file), await readFile(file)] as const)));
};

/** The raw zone's files by their keys, each as a hash: what `diff -r` would compare. */
export const rawZone = async (bucket: string): Promise<Record<string, string>> =>
  Object.fromEntries(
    [...(await filesIn(join(bucket, 'Raw')))].map(([path, body]) => [
      path,
      createHash('sha256').update(body).digest('hex'),
    ]),
  );

// biome-ignore lint/suspicious/noExplicitAny: tests look into JSON of every shape
export const readJson = async (...path: string[]): Promise<any> => JSON.parse(await readFile(join(...path), 'utf8'));
