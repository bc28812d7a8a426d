import { resolve } from 'node:path';
import pLimit from 'p-limit';
import { systemClock } from '../lib/clock.ts';
import { day as dayName } from '../lib/day.ts';
import { type RunRef, runName } from '../lib/names.ts';
import { BadInputError, parse } from '../lib/parse.ts';
import type { ReadableStore } from '../lib/raw-zone/object-store.ts';
import { layout } from '../lib/runs/layout.ts';
import { READS_AT_ONCE } from '../lib/runs/manifest.ts';
import { loadRun, loadRuns } from '../lib/runs/plan.ts';
import { stepFunctionsClient } from '../lib/wiring.ts';
import { isClaimed } from './claim.ts';
import { readMachines } from './deployed.ts';
import { exitWith } from './exit-code.ts';
import { INSPECT_USAGE, type InspectOptions, readInspectOptions } from './inspect/options.ts';
import { openPlace, reading } from './inspect/place.ts';
import { refuseWords } from './inspect/words.ts';
import { showProgress } from './progress/show.ts';
import { quoted } from './quoted.ts';
import { resumeCommand } from './resume-command.ts';
import { onStopSignal } from './stop-signals.ts';
import {
  consoleUrl,
  type ExecutionArn,
  executionArn,
  executionOfRun,
  runExecutions,
  runOfExecution,
} from './watch/executions.ts';
import { follow } from './watch/follow.ts';
import { look } from './watch/look.ts';
import type { BranchSnapshot, Snapshot } from './watch/snapshot.ts';
import { withHelp } from './with-help.ts';

const USAGE = `npm run watch [-- options] [RUN or execution ARN]          show the progress of a run

${INSPECT_USAGE}  --every N           seconds between two looks (5)
  --pace N            requests a second that the run may send (36), to compare with
  --once              look once, and end

Without RUN, the newest run of the dataset is shown, or the newest one of --day. For a run in AWS, use --bucket: it asks
Step Functions for the executions of the branches, and needs the operator's policy. It only reads.
Exit codes: 0 the run is complete (with --once or --json: it was found), 1 it is not, 2 wrong usage, 130 stopped by Ctrl-C.
`;

const COMMAND = 'npm run watch';

const OPTIONS = {
  every: { type: 'string', default: '5' },
  pace: { type: 'string', default: '36' },
  once: { type: 'boolean', default: false },
} as const;

/** `npm run watch`: shows a run until it ends. Returns the exit code. */
const main = withHelp(USAGE, async (argv, env) => {
  const { options, values, words } = readInspectOptions(COMMAND, OPTIONS, argv, env);
  const [named, ...more] = words;
  refuseWords(COMMAND, more);
  const everyMs = seconds('every', values.every) * 1000;
  const pace = seconds('pace', values.pace);
  const given = named?.startsWith('arn:') ? executionArn(named) : undefined;
  if (given && options.bucket === undefined)
    throw new BadInputError(
      '--bucket: use the bucket of the execution; the output Bucket of npx sls info has its name.',
    );

  return reading(options, async () => {
    const { store } = openPlace(options, env);
    const clientFor = ({ region }: ExecutionArn) => stepFunctionsClient({ ...env, AWS_REGION: region });
    const ask = async (arn: ExecutionArn) =>
      runExecutions(clientFor(arn), arn, (await readMachines()).branch as Parameters<typeof runExecutions>[2]);
    const execution = given && { ...given, ...(await runOfExecution(clientFor(given), given)) };
    const wanted = { ...options, dataset: execution?.dataset ?? options.dataset };
    const planned = execution && (await ask(execution));
    let ref = await runToWatch(store, wanted, execution?.run ?? named);
    // The plan of a run is in the bucket when its first state has ended.
    while (!ref && !values.once && (await planned?.status()) === 'RUNNING') {
      await systemClock.sleep(everyMs);
      ref = await runToWatch(store, wanted, execution?.run);
    }
    if (!ref) throw noSuchRun(wanted, execution?.run ?? named);
    const arn = execution ?? (options.bucket === undefined ? undefined : await executionOfRun(store, ref, clientFor));
    const found = ref;
    const executions = arn && (await ask(arn));
    const isStopped = () => options.bucket === undefined && isClaimed(resolve(options.out)) === false;
    const once = () => look(store, found, executions, isStopped);
    if (options.json) {
      process.stdout.write(`${JSON.stringify(await once(), null, 2)}\n`);
      return 0;
    }
    const progress = showProgress(process.stdout, { pace, env });
    const stopListening = onStopSignal(progress.leave);
    process.once('exit', progress.stop);
    try {
      const last = await follow({
        look: once,
        see: progress.see,
        clock: systemClock,
        everyMs: values.once ? undefined : everyMs,
      });
      if (values.once) progress.leave();
      else progress.stop();
      process.stdout.write(endOf(last, { arn, options }));
      return values.once || last.branches.every(({ written }) => written) ? 0 : 1;
    } finally {
      progress.stop();
      stopListening();
    }
  });
});

const seconds = (name: string, value: string): number => {
  const number = Number(value);
  if (!(number > 0 && number <= 3_600))
    throw new BadInputError(`--${name}: use a number above 0, at most 3600; got "${value}".`);
  return number;
};

/** @returns The run with this name, or else the one that was planned last; undefined where there is none. */
const runToWatch = async (
  store: ReadableStore,
  { dataset, day }: InspectOptions,
  name: string | undefined,
): Promise<RunRef | undefined> => {
  const run = name === undefined ? undefined : parse(runName, name, 'RUN');
  const days =
    day === undefined
      ? (await store.folders(layout.daysOfRuns(dataset))).flatMap(
          (one) => dayName.safeParse(one.slice(0, -1)).data ?? [],
        )
      : [day];
  const atOnce = pLimit(READS_AT_ONCE);
  const runs = days.map((on) =>
    atOnce(async () =>
      run === undefined ? loadRuns(store, { dataset, day: on }) : [await loadRun(store, { dataset, day: on, run })],
    ),
  );
  const newest = (await Promise.all(runs))
    .flat()
    .filter((one) => one !== undefined)
    .toSorted((a, b) => (a.plannedAt < b.plannedAt ? -1 : 1))
    .at(-1);
  return newest && { dataset, day: newest.day, run: newest.run };
};

const noSuchRun = ({ dataset, day, bucket }: InspectOptions, name: string | undefined) => {
  const on = day === undefined ? '' : ` on ${day}`;
  const expired = bucket === undefined ? '' : ' Plans expire (answerDays in serverless.yml).';
  return new BadInputError(
    name === undefined
      ? `--dataset: there is no run of dataset ${dataset}${on}; use another dataset, day, --out or --bucket.${expired}`
      : `RUN: dataset ${dataset} has no run "${name}"${on}; leave it out for the newest run, or use another dataset, day, --out or --bucket.${expired}`,
  );
};

const endOf = (
  { dataset, day, run, status, branches }: Snapshot,
  { arn, options }: { arn: ExecutionArn | undefined; options: InspectOptions },
): string => {
  const unfinished = branches.filter(({ written }) => !written);
  const records = branches.reduce((sum, { written }) => sum + (written?.kept ?? 0), 0);
  const where = options.bucket === undefined ? `--out ${quoted(options.out)}` : `--bucket ${options.bucket}`;
  return `${[
    `Run ${run} of ${dataset}, ${day}: ${status === undefined ? '' : `${status}, `}${branches.length - unfinished.length} of ${branches.length} branches written, ${records} records.`,
    ...unfinished.slice(0, SHOWN).map((one) => `Not written: ${one.branch} (${whyUnfinished(one)})`),
    ...(unfinished.length > SHOWN ? [`and ${unfinished.length - SHOWN} more; --json has all`] : []),
    ...(arn ? [`In the console: ${consoleUrl(arn)}`] : []),
    ...(status === 'STOPPED'
      ? [`To continue it, add the options that it had: ${resumeCommand(run, ['--out', options.out])}`]
      : []),
    ...(unfinished.length === 0
      ? [`To check its files: npm run verify -- ${where} --dataset ${dataset} --day ${day}`]
      : []),
  ].join('\n')}\n`;
};

/** Branches without a manifest that the end names. */
const SHOWN = 20;

const whyUnfinished = ({ failure, isRunning, hasList, kept, expected }: BranchSnapshot): string => {
  if (failure) return `${failure.error}: ${failure.message}`;
  if (hasList) return `${kept} of ${expected ?? 'an unknown number of'} movies`;
  return isRunning ? 'reads its list' : 'not begun';
};

await exitWith(main);
