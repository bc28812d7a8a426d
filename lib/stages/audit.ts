import pLimit from 'p-limit';
import * as z from 'zod';
import type { Clock } from '../clock.ts';
import type { Emit } from '../events.ts';
import { branchName, runRef } from '../names.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { type DayManifest, moveLatest, saveDayManifest, type UnfinishedBranch } from '../runs/day-manifest.ts';
import type { Executions } from '../runs/executions.ts';
import { loadFailure, NO_ERROR_RECORDED } from '../runs/failure.ts';
import { layout } from '../runs/layout.ts';
import { lockDay } from '../runs/lock.ts';
import { type BranchManifest, isFinished, loadManifest, totals } from '../runs/manifest.ts';
import { loadRun, NotPlannedError, type PlannedRun } from '../runs/plan.ts';

/**
 * Branches are still unfinished after two sweeps. A person reads which and why, fixes the cause, and redrives the run.
 *
 * It is thrown, not passed to a Fail state: Step Functions redrives a Task that failed, and fails a Fail state again.
 */
export class BranchesUnfinishedError extends Error {
  override readonly name = 'BranchesUnfinishedError';
}

/** A run was redriven while another run is writing its day. A person redrives it again later. */
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

export interface AuditServices {
  store: ObjectStore;
  executions: Executions;
  clock: Clock;
  emit: Emit;
  codeVersion: string;
}

/** Objects of S3 that are read at once; a thousand manifests take a few seconds. */
const READS_AT_ONCE = 20;

/** The branch manifests of a day, by branch. */
const branchManifestsOf = async (store: ObjectStore, run: PlannedRun) => {
  const atOnce = pLimit(READS_AT_ONCE);
  const prefix = layout.branchManifests(run);
  const names = (await store.list(prefix))
    .map((key) => key.slice(prefix.length, -'.json'.length))
    .filter((name) => branchName.safeParse(name).success);
  const manifests = await Promise.all(names.map((branch) => atOnce(() => loadManifest(store, { ...run, branch }))));
  return new Map(manifests.flatMap((manifest) => (manifest ? [[manifest.branch, manifest] as const] : [])));
};

/** The branches of a run that have no manifest of it yet, largest first as they were planned. */
const unfinishedBranches = (run: PlannedRun, manifests: ReadonlyMap<string, BranchManifest>): string[] =>
  run.branches.map(({ name }) => name).filter((name) => !isFinished(manifests.get(name), run));

/** The branches that a resumed run still has to do. */
export const stillToDo = async (store: ObjectStore, run: PlannedRun): Promise<string[]> =>
  unfinishedBranches(run, await branchManifestsOf(store, run));

/**
 * Compares the bucket with the plan, writes the day's manifest, and says which branches are to be done again.
 *
 * After a first sweep with unfinished branches comes a second; after that, this fails. A redrive of the run comes back
 * here, and is known by Step Functions' count of redrives: it gets two sweeps of its own.
 *
 * @throws {BranchesUnfinishedError} Two sweeps are over and branches are unfinished.
 * @throws {DayTakenError}
 * @throws {NotPlannedError}
 */
export const audit = async (input: AuditInput, services: AuditServices): Promise<Audited> => {
  const { store, executions, clock, emit } = services;
  const run = await loadRun(store, input);
  if (!run)
    throw new NotPlannedError(
      `There is no run ${input.run} of ${input.dataset}, ${input.day}: there is no ${layout.run(input)}. Start a new run.`,
    );
  const manifests = await branchManifestsOf(store, run);
  const unfinished = unfinishedBranches(run, manifests);
  const failed = await Promise.all(
    unfinished.map(async (branch): Promise<UnfinishedBranch> => {
      const { error, message } = (await loadFailure(store, { ...input, branch })) ?? NO_ERROR_RECORDED;
      return { branch, error, message };
    }),
  );
  const day = dayManifestOf(run, manifests, failed, services);
  await saveDayManifest(store, day);
  if (day.complete) await moveLatest(store, day);
  emit({ type: 'audited', planned: run.branches.length, unfinished: unfinished.length });

  const done = { ...input, complete: unfinished.length === 0, unfinished, planned: run.branches.length };
  if (done.complete) return done;
  const redrive = await executions.redriveCount(input.execution);
  if (redrive > input.redrive) {
    // Plan took the day's lock. Since then another run may have it, and two runs would overwrite each other's files.
    const holder = await lockDay(store, executions, input, input.execution, new Date(clock.now()));
    if (holder !== undefined)
      throw new DayTakenError(
        `${holder} is writing ${input.dataset}, ${input.day}; redrive this run when that one has ended.`,
      );
    return { ...done, redrive, sweeps: 0 };
  }
  const sweeps = input.sweeps + 1;
  if (sweeps < SWEEPS) return { ...done, sweeps };
  throw new BranchesUnfinishedError(unfinishedSentence(failed, run));
};

/** Longest message, in characters: the console cuts a cause, and Step Functions allows 32,768. */
const LONGEST_SENTENCE = 8_000;

const unfinishedSentence = (failed: readonly UnfinishedBranch[], run: PlannedRun): string => {
  const text = `${failed.length} of ${run.branches.length} branches: ${failed.map(({ branch, error, message }) => `${branch} (${error}: ${message})`).join('; ')}`;
  return text.length > LONGEST_SENTENCE
    ? `${text.slice(0, LONGEST_SENTENCE)}… All of them: ${layout.dayManifest(run)}`
    : text;
};

const dayManifestOf = (
  run: PlannedRun,
  manifests: ReadonlyMap<string, BranchManifest>,
  unfinished: readonly UnfinishedBranch[],
  { clock, codeVersion }: AuditServices,
): DayManifest => {
  const { dataset, day } = run;
  const branches = [...manifests.values()].toSorted((a, b) => (a.branch < b.branch ? -1 : 1));
  const absent = run.wholeDay.filter((name) => !manifests.has(name));
  return {
    dataset,
    day,
    run: run.run,
    codeVersion,
    ...(run.csv && { csv: run.csv }),
    writtenAt: new Date(clock.now()).toISOString(),
    complete: absent.length === 0,
    absent,
    unfinished: [...unfinished],
    ...totals(branches),
    branches: branches.map(({ branch, run: by, kept, written, parts, warnings }) => ({
      branch,
      run: by,
      kept,
      written,
      parts: parts.length,
      warnings,
      manifest: layout.branchManifest({ dataset, day, branch }),
    })),
  };
};
