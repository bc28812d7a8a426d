import * as z from 'zod';
import type { Emit } from '../events.ts';
import { type DayRef, runRef } from '../names.ts';
import { BadInputError } from '../parse.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import {
  type DayManifest,
  loadDayManifest,
  loadLatest,
  moveLatest,
  saveDayManifest,
  type UnfinishedBranch,
} from '../runs/day-manifest.ts';
import { loadFailure, NO_ERROR_RECORDED } from '../runs/failure.ts';
import { fencedStore } from '../runs/fence.ts';
import { layout } from '../runs/layout.ts';
import { type LockServices, lockDay } from '../runs/lock.ts';
import { type BranchManifest, isFinished, LOST_SHARE, loadManifests, totals } from '../runs/manifest.ts';
import { loadRun, NotPlannedError, type PlannedRun } from '../runs/plan.ts';
import { tablesOfDay, tableWarnings } from '../runs/tables-of-day.ts';

/**
 * Branches are still unfinished after two sweeps. A person reads which and why, fixes the cause, and redrives the run.
 *
 * It is thrown, not passed to a Fail state: Step Functions redrives a Task that failed, and fails a Fail state again.
 */
export class BranchesUnfinishedError extends Error {
  override readonly name = 'BranchesUnfinishedError';
}

/** A run was redriven, or the schedule started it, while another run is writing its day. A person redrives it later. */
export class DayTakenError extends Error {
  override readonly name = 'DayTakenError';
}

/** Sweeps of one drive: a second try for what failed in the first, after all other branches. */
const SWEEPS = 2;

/** The state between sweeps: names and counts. */
export const auditInput = runRef.extend({
  execution: z.string(),
  /** Redrives that were known when this drive began. */
  redrive: z.int().nonnegative(),
  /**
   * Redrives until now: `$$.Execution.RedriveCount`. Not from DescribeExecution, which may still have the count from
   * before this redrive: the redrive would then fail at once.
   */
  redriveCount: z.int().nonnegative(),
  /** Sweeps of this drive that are over. */
  sweeps: z.int().nonnegative(),
  walkersAtOnce: z.int().positive(),
});
export type AuditInput = z.output<typeof auditInput>;

export interface Audited extends AuditInput {
  complete: boolean;
  unfinished: string[];
  planned: number;
}

export interface AuditServices extends LockServices {
  emit: Emit;
  codeVersion: string;
  /** Stores the report of a day, for people. */
  saveReport?(store: ObjectStore, ref: DayRef): Promise<void>;
}

/** The branches of a run that have no manifest of it yet, largest first as they were planned. */
export const unfinishedBranches = (run: PlannedRun, manifests: ReadonlyMap<string, BranchManifest>): string[] =>
  run.branches
    .filter(({ name, round = 0 }) => !isFinished(manifests.get(name), { ...run, round }))
    .map(({ name }) => name);

/**
 * Compares the bucket with the plan, writes the day's manifest, and says which branches are to be done again.
 *
 * After a first sweep with unfinished branches comes a second; after that, this fails. A redrive of the run comes back
 * here, and is known by Step Functions' count of redrives: it takes the day again, and gets two sweeps of its own.
 *
 * @throws {BranchesUnfinishedError} Two sweeps are over and branches are unfinished.
 * @throws {DayTakenError}
 * @throws {DayLostError}
 * @throws {NotPlannedError}
 */
export const audit = async (input: AuditInput, services: AuditServices): Promise<Audited> => {
  const { store, emit } = services;
  const run = await loadRun(store, input);
  if (!run)
    throw new NotPlannedError(
      `There is no run ${input.run} of ${input.dataset}, ${input.day}: there is no ${layout.run(input)}. Start a new run.`,
    );
  const isRedriven = input.redriveCount > input.redrive;
  if (isRedriven) await takeDayAgain(input, services);
  const manifests = await loadManifests(store, run);
  const unfinished = unfinishedBranches(run, manifests);
  const failed = await Promise.all(
    unfinished.map(async (branch): Promise<UnfinishedBranch> => {
      const { error, message } = (await loadFailure(store, { ...input, branch })) ?? NO_ERROR_RECORDED;
      return { branch, error, message };
    }),
  );
  const written = await loadDayManifest(store, run);
  const day = dayManifestOf(run, manifests, failed, services, {
    before: await dayBefore(store, run, written),
    rewriting: await stillRewriting(store, run, written, manifests),
  });
  const ours = fencedStore(services, input, input.execution);
  await saveDayManifest(ours, day);
  if (day.complete) await moveLatest(ours, day);
  await reported(run, ours, services);
  emit({ type: 'audited', planned: run.branches.length, unfinished: unfinished.length });

  const done = { ...input, complete: unfinished.length === 0, unfinished, planned: run.branches.length };
  if (done.complete) return done;
  if (isRedriven) return { ...done, redrive: input.redriveCount, sweeps: 0 };
  const sweeps = input.sweeps + 1;
  if (sweeps < SWEEPS) return { ...done, sweeps };
  throw new BranchesUnfinishedError(unfinishedSentence(failed, run));
};

/** Plan took the day's lock. Since then another run may have it, and two runs would overwrite each other's files. */
const takeDayAgain = async (input: AuditInput, services: AuditServices): Promise<void> => {
  const holder = await lockDay(services, input, input.execution);
  if (holder !== undefined)
    throw new DayTakenError(
      `${holder} is writing ${input.dataset}, ${input.day}; redrive this run when that one has ended.`,
    );
};

/** The report is for people. Without it, the day is still what its manifest says. */
const reported = async (
  { dataset, day }: DayRef,
  store: ObjectStore,
  { saveReport, emit }: AuditServices,
): Promise<void> => {
  try {
    await saveReport?.(store, { dataset, day });
  } catch (error) {
    emit({ type: 'reportFailed', dataset, day, error: String(error) });
  }
};

/** Longest message, in characters: the console cuts a cause, and Step Functions allows 32,768. */
const LONGEST_SENTENCE = 8_000;

const unfinishedSentence = (failed: readonly UnfinishedBranch[], run: PlannedRun): string => {
  const text = `${failed.length} of ${run.branches.length} branches: ${failed.map(({ branch, error, message }) => `${branch} (${error}: ${message})`).join('; ')}`;
  return text.length > LONGEST_SENTENCE
    ? `${text.slice(0, LONGEST_SENTENCE)}… All of them: ${layout.dayManifest(run)}`
    : text;
};

/**
 * Runs that began to write this day again and have not finished. Their branches may have new parts under an old
 * manifest, whatever another run has done since.
 */
const stillRewriting = async (
  store: ObjectStore,
  run: PlannedRun,
  written: DayManifest | undefined,
  manifests: ReadonlyMap<string, BranchManifest>,
): Promise<string[]> => {
  const { dataset, day } = run;
  const marked = written?.rewriting ?? [];
  const plans = await Promise.all(
    marked.map((name) => (name === run.run ? run : loadRun(store, { dataset, day, run: name }))),
  );
  // A plan expires (answerDays in serverless.yml), and its run can no longer be finished then.
  return plans.flatMap((plan) => (plan && unfinishedBranches(plan, manifests).length > 0 ? [plan.run] : []));
};

/** The complete day that a day is compared with: the newest one before it. */
const dayBefore = async (
  store: ObjectStore,
  { dataset, day }: PlannedRun,
  written: DayManifest | undefined,
): Promise<DayManifest | undefined> => {
  const latest = await loadLatest(store, dataset).catch((error: unknown) => {
    // This run writes a damaged one anew, if it completes the day.
    if (!(error instanceof BadInputError)) throw error;
    return undefined;
  });
  // A day that is written again may itself be the newest one; its manifest knows what it was compared with.
  const before = latest !== undefined && latest < day ? latest : written?.comparedWith;
  return before && loadDayManifest(store, { dataset, day: before });
};

const lossesSince = (before: DayManifest | undefined, branches: readonly BranchManifest[]): string[] =>
  branches.flatMap(({ branch, distinct }) => {
    const then = before?.branches.find((one) => one.branch === branch)?.distinct ?? 0;
    return distinct < then * (1 - LOST_SHARE)
      ? [`${branch} lists ${distinct} items; on ${before?.day} it listed ${then}`]
      : [];
  });

/** Branches of the day that do not fit the dataset as the run has it. */
const outdatedBranches = (run: PlannedRun, branches: readonly BranchManifest[]): string[] => {
  const ofRun = branches.find((one) => one.run === run.run);
  return branches
    .filter(({ branch, role, output, tables }) => {
      const hasOtherOutput =
        run.output && output && OUTPUT_FIELDS.some((field) => run.output?.[field] !== output[field]);
      // All branches have tables or none: a branch without them removes the file of genres, which is also the others'.
      const hasOtherTables = ofRun !== undefined && (tables === undefined) !== (ofRun.tables === undefined);
      return hasOtherOutput || hasOtherTables || (role === 'dataset' && !run.wholeDay.includes(branch));
    })
    .map(({ branch }) => branch);
};

const OUTPUT_FIELDS = ['key', 'format', 'gzip'] as const;

const dayManifestOf = (
  run: PlannedRun,
  manifests: ReadonlyMap<string, BranchManifest>,
  unfinished: readonly UnfinishedBranch[],
  { clock, codeVersion }: AuditServices,
  { before, rewriting }: { before: DayManifest | undefined; rewriting: string[] },
): DayManifest => {
  const { dataset, day } = run;
  const branches = [...manifests.values()]
    .filter(({ role }) => role !== 'removed')
    .toSorted((a, b) => (a.branch < b.branch ? -1 : 1));
  const absent = run.wholeDay.filter((name) => !branches.some(({ branch }) => branch === name));
  const outdated = outdatedBranches(run, branches);
  const complete = absent.length === 0 && outdated.length === 0 && unfinished.length === 0 && rewriting.length === 0;
  const tables = tablesOfDay(branches);
  return {
    dataset,
    day,
    run: run.run,
    tmdb: run.tmdb,
    codeVersion,
    ...(run.csv && { csv: run.csv }),
    ...(run.forecast && { forecast: run.forecast }),
    writtenAt: new Date(clock.now()).toISOString(),
    complete,
    rewriting,
    absent,
    unfinished: [...unfinished],
    outdated,
    // Of a day that is not complete, a branch that has a movie's rows may not be there yet.
    warnings: [
      ...lossesSince(before, branches),
      ...(tables && complete ? tableWarnings(tables, run.csv !== undefined) : []),
    ],
    ...(before && { comparedWith: before.day }),
    ...totals(branches),
    ...(tables && { tables }),
    branches: branches.map(({ branch, run: by, distinct, kept, written, parts, warnings }) => ({
      branch,
      run: by,
      distinct,
      kept,
      written,
      parts: parts.length,
      warnings,
      manifest: layout.branchManifest({ dataset, day, branch }),
    })),
  };
};
