import { relative } from 'node:path';
import type { RunRef } from '../lib/names.ts';
import { BadInputError } from '../lib/parse.ts';
import { loadDayManifest } from '../lib/runs/day-manifest.ts';
import { loadRun } from '../lib/runs/plan.ts';
import type { Planned } from '../lib/stages/plan.ts';
import { inOptions } from './options.ts';
import type { Pipeline } from './pipeline.ts';
import { reportFileIn, writeReport } from './report-file.ts';
import type { Execution } from './step-functions/engine.ts';
import { summary } from './summary.ts';

interface ReportOptions {
  /** Location of the bucket: a folder, or s3://name. */
  bucket: string;
  /** Folder of the report for people. */
  out: string;
  seconds: number;
  /** The command that continues the run. */
  resume: string;
  /** Whether there is a run to continue, also where the planner failed: it was planned before. */
  isResumed: boolean;
}

/**
 * Reports how the run ended.
 *
 * @returns The exit code.
 * @throws {BadInputError} The planner refused the input.
 */
export const report = async (
  execution: Execution,
  { store }: Pipeline,
  { bucket, out, seconds, resume, isResumed }: ReportOptions,
): Promise<number> => {
  const { errorType, errorMessage } = causeOf(execution);
  const planned = execution.calls.find(({ state }) => state === 'Plan')?.output as Planned | undefined;
  // Later, it is not the input but an object of the bucket, and there is a run to continue.
  if (errorType === 'BadInputError' && !planned) throw new BadInputError(inOptions(errorMessage));
  if (planned && planned.outcome !== 'planned') {
    process.stdout.write(`${planned.says}\n`);
    return 0;
  }
  const [run, manifest] = planned ? await Promise.all([loadRun(store, planned), loadDayManifest(store, planned)]) : [];
  if (!run || !manifest || (errorType && errorType !== 'BranchesUnfinishedError')) {
    process.stderr.write(`${errorType}: ${errorMessage}\n`);
    if (planned || isResumed) process.stderr.write(`To continue this run: ${resume}\n`);
    return 1;
  }
  // Before the summary, whose last line is the command that continues the run.
  await writeFor(store, run, out, resume);
  process.stdout.write(summary(manifest, { ...run, bucket, seconds, planned: run.branches.length, resume }));
  return errorType ? 1 : 0;
};

/** The report is for people. Without it, the run is still what its manifest says. */
const writeFor = async (store: Pipeline['store'], run: RunRef, out: string, resume: string): Promise<void> => {
  const file = reportFileIn(out);
  try {
    await writeReport(store, run, file, { resume: () => resume });
    process.stdout.write(`Report: ${nearby(file)}\n`);
  } catch (error) {
    process.stderr.write(`The report could not be written to ${file}: ${(error as Error).message}\n`);
  }
};

/** A path as a person would type it. */
const nearby = (path: string): string => {
  const short = relative('.', path);
  return short.startsWith('..') ? path : short;
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
