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
import { inOptions, type Options, readOptions, USAGE } from './options.ts';
import { openPipeline, type Pipeline } from './pipeline.ts';
import { printed } from './printed.ts';
import { showProgress } from './progress.ts';
import { quoted } from './quoted.ts';
import { catalogueFrom, defaultCatalogue } from './simulator/catalogue.ts';
import { faultsNamed } from './simulator/faults.ts';
import { startSimulator } from './simulator/simulator.ts';
import { askedBy, emptyYears, refuseIdleFaults } from './simulator-fit.ts';
import type { Execution } from './step-functions/engine.ts';
import { summary } from './summary.ts';

/** `npm start`: reads the options, starts the local services, runs the pipeline and reports the result. Returns the exit code. */
const main = async (argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> => {
  const text = printed(argv, USAGE);
  if (text !== undefined) {
    process.stdout.write(text);
    return 0;
  }
  const options = readOptions(argv, env);
  const datasets = env.DATASETS ? resolve(env.DATASETS) : join(ROOT, 'datasets');
  const dataset = await loadDataset(datasets, options.input.dataset, KINDS);

  const simulator = options.simulator && (await simulated(options.simulator, options.input, dataset));
  try {
    const tmdb = simulator ? { TMDB_BASE_URL: simulator.url, TMDB_TOKEN: 'simulator' } : {};
    return await run(options, dataset, { ...env, ...tmdb, DATASETS: datasets });
  } finally {
    await simulator?.close();
  }
};

const simulated = async (
  { catalogue: file, faults: name, ceiling, latency, seed = Date.now() % 1_000_000 }: NonNullable<Options['simulator']>,
  input: Options['input'],
  dataset: Dataset,
) => {
  const catalogue = file ? await readCatalogue(file) : defaultCatalogue();
  const faults = faultsNamed(name) ?? [];
  const asked = await askedBy(dataset, input);
  if (asked) refuseIdleFaults(name, faults, asked);
  const missing = asked && input.years !== undefined && emptyYears(catalogue, asked);
  if (missing) process.stdout.write(`${missing}\n`);
  return startSimulator({ catalogue, faults, ceiling, latencyMs: latency, seed });
};

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
  const startedAt = Date.now();
  // Ctrl-C ends this process. The stored work of the walkers remains, and a resumed run continues with it.
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
        `The bucket has no uploaded CSV, so this run reads an invented one: ${invented}. To upload your own file: npm run upload.\n`,
      );
    const runInput = input.resume
      ? { ...input, dataset: await datasetOf(pipeline, input.resume, input.dataset, env) }
      : input;
    const execution = await pipeline.start(runInput, name).ended;
    progress.stop();
    await pipeline.mirror();
    return await report(execution, pipeline, {
      bucket: bucket ? `s3://${bucket}` : join(folder, 'bucket'),
      seconds: (Date.now() - startedAt) / 1000,
      again,
    });
  } finally {
    progress.stop();
    await pipeline.close();
    await new Promise((done) => logFile.end(done));
  }
};

/** The run's start time to the millisecond. Such names sort by time and are unique on this machine. */
const runName = (now: Date): string => `local-${now.toISOString().replaceAll(/[-:.]/g, '')}`;

const resumeCommand = (run: string, again: readonly string[]): string =>
  ['npm start -- --resume', run, ...again.map(quoted)].join(' ');

/** Finds the dataset of a run, so that --resume needs no --dataset. */
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

interface ReportOptions {
  bucket: string;
  seconds: number;
  again: readonly string[];
}

/** Reports how the run ended. Returns the exit code. */
const report = async (
  execution: Execution,
  { store }: Pipeline,
  { bucket, seconds, again }: ReportOptions,
): Promise<number> => {
  const { errorType, errorMessage } = causeOf(execution);
  const planned = execution.calls.find(({ state }) => state === 'Plan')?.output as Planned | undefined;
  if (errorType === 'BadInputError') throw new BadInputError(inOptions(errorMessage));
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

/** The error of a function, from the JSON that Lambda returns for it. */
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
