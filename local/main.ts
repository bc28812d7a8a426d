import { realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Dataset } from '../lib/datasets/dataset.ts';
import { datasetNames, loadDataset } from '../lib/datasets/load.ts';
import { type Emit, logEvents } from '../lib/events.ts';
import { BadInputError } from '../lib/parse.ts';
import { layout } from '../lib/runs/layout.ts';
import { KINDS } from '../lib/sources/kinds.ts';
import { highestRate } from '../lib/tmdb/pace.ts';
import { requestsPerSecond, tmdbAddress } from '../lib/wiring.ts';
import { checkFolderOf } from './default-folder.ts';
import { ROOT } from './deployed.ts';
import { makeWritable } from './disk.ts';
import { dryRun, dryRunText } from './dry-run.ts';
import { exitWith, failure } from './exit-code.ts';
import { checkBucket } from './inspect/place.ts';
import { inventUpload } from './invented-upload.ts';
import { jsonLines } from './log-file.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { openPipeline, type Pipeline } from './pipeline.ts';
import { showProgress } from './progress/show.ts';
import { checkReachable } from './reachable.ts';
import { report } from './report.ts';
import { resumeCommand } from './resume-command.ts';
import { openRunLog } from './run-log.ts';
import { catalogueFrom, defaultCatalogue } from './simulator/catalogue.ts';
import { faultsNamed } from './simulator/faults.ts';
import { nameOfSimulator } from './simulator/name.ts';
import { startSimulator } from './simulator/simulator.ts';
import { askedBy, emptyYears, refuseIdleFaults } from './simulator-fit.ts';
import { onStopSignal } from './stop-signals.ts';
import { withHelp } from './with-help.ts';

/** `npm start`: reads the options, starts the local services, runs the pipeline and reports the result. Returns the exit code. */
export const main = withHelp(USAGE, async (argv, env) => {
  const options = readOptions(argv, env);
  const datasets = env.DATASETS ? resolve(env.DATASETS) : join(ROOT, 'datasets');
  const dataset = await loadDataset(datasets, options.input.dataset, KINDS);

  const simulator = options.simulator && (await simulated(options.simulator, options.input, dataset));
  try {
    const asked = { ...env, ...(simulator && askingSimulator(simulator, options)) };
    const address = tmdbAddress(asked);
    // With --json, stdout has only JSON.
    const notes = options.json ? process.stderr : process.stdout;
    const { reshape } = options.input;
    notes.write(
      reshape === undefined
        ? `Asking ${simulator ? moviesOf(options) : new URL(address.baseUrl).host}.\n`
        : `Writing the kept answers of ${reshape} again; TMDB is not asked.\n`,
    );
    if (simulator?.note) notes.write(`${simulator.note}\n`);
    if (!simulator && reshape === undefined) await checkReachable(address);
    if (options.bucket !== undefined) await checkBucket(options.bucket, options.input, env);
    if (options.input.dryRun) {
      const planned = await dryRun(options, resolve(options.out), { ...asked, DATASETS: datasets });
      process.stdout.write(options.json ? `${JSON.stringify(planned, null, 2)}\n` : dryRunText(planned));
      return 0;
    }
    return await run(options, dataset, { ...asked, DATASETS: datasets });
  } finally {
    await simulator?.close();
  }
});

const askingSimulator = ({ url }: { url: string }, { simulator }: Options) => ({
  TMDB_BASE_URL: url,
  TMDB_TOKEN: 'simulator',
  TMDB_NAME: nameOfSimulator(simulator?.catalogue),
});

const moviesOf = ({ simulator }: Options) =>
  `the simulator: ${simulator?.catalogue === undefined ? 'invented movies' : `the movies of ${simulator.catalogue}`}`;

const simulated = async (
  { catalogue: file, faults: name, ceiling, latency, seed = Date.now() % 1_000_000 }: NonNullable<Options['simulator']>,
  input: Options['input'],
  dataset: Dataset,
) => {
  const catalogue = file ? await readCatalogue(file) : defaultCatalogue();
  const faults = faultsNamed(name) ?? [];
  const asked = await askedBy(dataset, input);
  if (asked) refuseIdleFaults(name, faults, asked);
  const note = asked && input.years !== undefined ? emptyYears(catalogue, asked) : undefined;
  const { url, close } = await startSimulator({ catalogue, faults, ceiling, latencyMs: latency, seed });
  return { url, close, note };
};

const readCatalogue = async (file: string) => {
  try {
    return await catalogueFrom(file);
  } catch (error) {
    throw new BadInputError(`--catalogue: ${(error as Error).message}`);
  }
};

/** Longest time to close what the run has opened, in milliseconds. A request that is never answered may hold it. */
const CLOSE_MS = 5_000;

const run = async (
  { input, out, bucket, again, simulator, giveUpAfterSeconds }: Options,
  dataset: Dataset,
  env: NodeJS.ProcessEnv,
): Promise<number> => {
  const name = runName(new Date());
  const resume = resumeCommand(input.resume ?? name, again);
  const folder = resolve(out);
  for (const field of ['resume', 'reshape'] as const)
    if (input[field] && !bucket) checkFolderOf(field, input[field], out);
  await makeWritable(folder, out);
  const log = openRunLog(join(folder, 'logs', `${name}.jsonl`));
  const progress = showProgress(process.stdout, { pace: highestRate(requestsPerSecond(env)), env });
  // The lines of the progress hide the cursor.
  process.once('exit', progress.stop);
  const logEvent = logEvents(jsonLines(log.write));
  /** Whether there is a run to continue. */
  let isPlanned = input.resume !== undefined;
  const emit: Emit = (event) => {
    logEvent(event);
    if (event.type === 'planned' && event.outcome === 'planned') {
      isPlanned = true;
      process.stdout.write(`Run ${input.resume ?? name}. If it stops, continue it with: ${resume}\n`);
    }
    progress.see(event);
  };
  // The stored work of the walkers remains, and a resumed run continues with it.
  const stopListening = onStopSignal(() => {
    progress.leave();
    process.stderr.write(
      isPlanned ? `\nStopped. To continue this run: ${resume}\n` : '\nStopped before the run was planned.\n',
    );
  });
  let pipeline: Pipeline | undefined;
  const startedAt = Date.now();
  try {
    pipeline = await openPipeline({ out: folder, env, bucket, emit, giveUpAfterSeconds });
    const failed = Promise.race([pipeline.failed, log.failed]);
    // Nobody waits for it until the run starts.
    failed.catch(() => undefined);
    if (simulator && !bucket && !input.resume && !input.upload) {
      const invented = await inventUpload(pipeline.store, dataset, folder);
      if (invented)
        process.stdout.write(
          `The bucket has no uploaded CSV, so this run reads an invented one: ${invented}. To upload your own file: npm run upload.\n`,
        );
    }
    const earlier = input.resume ?? input.reshape;
    const runInput = earlier ? { ...input, dataset: await datasetOf(pipeline, earlier, input.dataset, env) } : input;
    const execution = await Promise.race([pipeline.start(runInput, name).ended, failed]);
    progress.stop();
    return await report(execution, pipeline, {
      bucket: bucket ? `s3://${bucket}` : join(folder, 'bucket'),
      out: folder,
      seconds: (Date.now() - startedAt) / 1000,
      resume,
      isResumed: input.resume !== undefined,
    });
  } catch (error) {
    progress.stop();
    if (!isPlanned || error instanceof BadInputError) throw error;
    const { text, code } = failure(error);
    process.stderr.write(`${text}\nTo continue this run: ${resume}\n`);
    return code;
  } finally {
    progress.stop();
    await Promise.race([Promise.all([pipeline?.close(), log.close()]), setTimeout(CLOSE_MS)]);
    stopListening();
    process.off('exit', progress.stop);
  }
};

/** The run's start time to the millisecond. Such names sort by time and are unique on this machine. */
const runName = (now: Date): string => `local-${now.toISOString().replaceAll(/[-:.]/g, '')}`;

/** Finds the dataset of a run, so that --resume and --reshape need no --dataset. */
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

// Tests import this file and call main.
if (realpathSync(process.argv[1] ?? ROOT) === import.meta.filename) await exitWith(main);
