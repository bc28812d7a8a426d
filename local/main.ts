import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Dataset } from '../lib/datasets/dataset.ts';
import { datasetNames, loadDataset } from '../lib/datasets/load.ts';
import { type Emit, logEvents } from '../lib/events.ts';
import { BadInputError } from '../lib/parse.ts';
import { loadDayManifest } from '../lib/runs/day-manifest.ts';
import { layout } from '../lib/runs/layout.ts';
import { loadRun } from '../lib/runs/plan.ts';
import { KINDS } from '../lib/sources/kinds.ts';
import type { Planned } from '../lib/stages/plan.ts';
import { ROOT } from './deployed.ts';
import { exitWith } from './exit-code.ts';
import { inventUpload } from './invented-upload.ts';
import { jsonLines } from './log-file.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { openPipeline, type Pipeline } from './pipeline.ts';
import { showProgress } from './progress.ts';
import { catalogueFrom, defaultCatalogue } from './simulator/catalogue.ts';
import { faultsNamed } from './simulator/faults.ts';
import { startSimulator } from './simulator/simulator.ts';
import type { Execution } from './step-functions/engine.ts';
import { summary } from './summary.ts';

/** `npm start`: reads the options, starts the embedded services, runs, reports. Returns the exit code. */
const main = async (argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> => {
  const options = readOptions(argv, env);
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const datasets = env.DATASETS ? resolve(env.DATASETS) : join(ROOT, 'datasets');
  const dataset = await loadDataset(datasets, options.input.dataset, KINDS);

  const simulator = options.simulator && (await simulated(options.simulator));
  try {
    const tmdb = simulator ? { TMDB_BASE_URL: simulator.url, TMDB_TOKEN: 'simulator' } : {};
    return await run(options, dataset, { ...env, ...tmdb, DATASETS: datasets });
  } finally {
    await simulator?.close();
  }
};

const simulated = async ({
  catalogue,
  faults,
  ceiling,
  latency,
  seed = Date.now() % 1_000_000,
}: NonNullable<Options['simulator']>) =>
  startSimulator({
    catalogue: catalogue ? await readCatalogue(catalogue) : defaultCatalogue(),
    faults: faultsNamed(faults) ?? [],
    ceiling,
    latencyMs: latency,
    seed,
  });

const readCatalogue = async (file: string) => {
  try {
    return await catalogueFrom(file);
  } catch (error) {
    throw new BadInputError(`--catalogue: ${(error as Error).message}`);
  }
};

const run = async (
  { input, out, bucket, again, simulator }: Options,
  dataset: Dataset,
  env: NodeJS.ProcessEnv,
): Promise<number> => {
  const name = runName(new Date());
  const folder = resolve(out);
  await mkdir(join(folder, 'logs'), { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new BadInputError(`--out: ${out} is not writable (${error.code}); use a folder that you can write to.`);
  });
  const logFile = createWriteStream(join(folder, 'logs', `${name}.jsonl`));
  const progress = showProgress(process.stdout);
  const log = logEvents(jsonLines((line) => logFile.write(line)));
  let planned = false;
  const emit: Emit = (event) => {
    planned ||= event.type === 'planned';
    log(event);
    progress.see(event);
  };
  const pipeline = await openPipeline({ out: folder, env, bucket, emit });
  const began = Date.now();
  // Ctrl-C ends this process; what the walkers kept stays, and a resumed run continues from there.
  process.once('SIGINT', () => {
    progress.stop();
    process.stderr.write(
      planned || input.resume
        ? `\nStopped. To continue this run: ${resumeCommand(input.resume ?? name, again)}\n`
        : '\nStopped before the run was planned.\n',
    );
    process.exit(130);
  });
  try {
    const invented =
      simulator &&
      !bucket &&
      !input.resume &&
      !input.upload &&
      !input.dryRun &&
      (await inventUpload(pipeline.store, dataset, folder));
    if (invented)
      process.stdout.write(
        `There is no upload, so this run reads an invented ${invented}; npm run upload sends your own file.\n`,
      );
    const wanted = input.resume
      ? { ...input, dataset: await datasetOf(pipeline, input.resume, input.dataset, env) }
      : input;
    const execution = await pipeline.start(wanted, name).ended;
    progress.stop();
    await pipeline.mirror();
    return await tell(execution, pipeline, {
      bucket: bucket ? `s3://${bucket}` : join(folder, 'bucket'),
      seconds: (Date.now() - began) / 1000,
      again,
    });
  } finally {
    progress.stop();
    await pipeline.close();
    await new Promise((done) => logFile.end(done));
  }
};

/** When the run was started, to a millisecond: a name that sorts, and that no other run on this machine has. */
const runName = (now: Date): string => `local-${now.toISOString().replaceAll(/[-:.]/g, '')}`;

const resumeCommand = (run: string, again: readonly string[]): string =>
  ['npm start -- --resume', run, ...again.map(quoted)].join(' ');

const quoted = (word: string): string => (/^[\w./:=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** A run's dataset, so that --resume needs no --dataset: the one that has a run of this name. */
const datasetOf = async (
  { store }: Pipeline,
  run: string,
  fallback: string,
  env: NodeJS.ProcessEnv,
): Promise<string> => {
  for (const dataset of await datasetNames(env.DATASETS ?? '')) {
    for (const day of await store.folders(layout.daysOfRuns(dataset))) {
      if ((await store.folders(`${layout.daysOfRuns(dataset)}${day}`)).includes(`${run}/`)) return dataset;
    }
  }
  return fallback;
};

interface Told {
  bucket: string;
  seconds: number;
  again: readonly string[];
}

/** Reports how the run ended. Returns the exit code. */
const tell = async (execution: Execution, { store }: Pipeline, { bucket, seconds, again }: Told): Promise<number> => {
  const { errorType, errorMessage } = causeOf(execution);
  const planned = execution.calls.find(({ state }) => state === 'Plan')?.output as Planned | undefined;
  if (errorType === 'BadInputError') throw new BadInputError(errorMessage);
  if (planned && planned.outcome !== 'planned') {
    process.stdout.write(`${planned.says}\n`);
    return 0;
  }
  const [run, manifest] = planned ? await Promise.all([loadRun(store, planned), loadDayManifest(store, planned)]) : [];
  if (!run || !manifest || (errorType && errorType !== 'BranchesUnfinishedError')) {
    process.stderr.write(`${errorType}: ${errorMessage}\n`);
    return 1;
  }
  process.stdout.write(
    summary(manifest, {
      ...run,
      bucket,
      seconds,
      planned: run.branches.length,
      resume: resumeCommand(run.run, again),
    }),
  );
  return errorType ? 1 : 0;
};

/** A function's error, out of the JSON that Lambda makes of it. */
const causeOf = ({
  status,
  error,
  cause = '',
}: Execution): { errorType?: string | undefined; errorMessage: string } => {
  if (status !== 'FAILED') return { errorMessage: '' };
  try {
    return JSON.parse(cause) as { errorType: string; errorMessage: string };
  } catch {
    return { errorType: error, errorMessage: cause };
  }
};

await exitWith(main);
