import pLimit from 'p-limit';
import * as z from 'zod';
import type { Clock } from '../clock.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import type { Executions } from '../runs/executions.ts';
import { branchName, places, runRef } from '../runs/layout.ts';
import { lockDay } from '../runs/lock.ts';
import {
  type BranchManifest,
  type FailedBranch,
  isFinished,
  loadFailure,
  loadManifest,
  totals,
} from '../runs/manifest.ts';
import { loadRun, NotPlannedError, type PlannedRun } from '../runs/plan.ts';

/**
 * Branches are still unfinished after two sweeps. A person reads which and why, mends it, and redrives the run.
 *
 * It is thrown, and not handed on to a Fail state: Step Functions redrives a Task that failed, and fails a Fail state again.
 */
export class BranchesUnfinishedError extends Error {
  override readonly name = 'BranchesUnfinishedError';
}

/** A run was redriven while another one has its day. A person redrives it again later. */
export class DayTakenError extends Error {
  override readonly name = 'DayTakenError';
}

/** Sweeps of one drive: a second try for what failed in the first, after all others are done. */
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
  codeVersion: string;
}

/** Objects of S3 that are read at once: a thousand manifests in a few seconds. */
const READS_AT_ONCE = 20;

/** What a day has: its branch manifests, by branch. */
const takeStock = async (store: ObjectStore, run: PlannedRun) => {
  const atOnce = pLimit(READS_AT_ONCE);
  const prefix = places.branchManifests(run);
  const names = (await store.list(prefix))
    .map((key) => key.slice(prefix.length, -'.json'.length))
    .filter((name) => branchName.safeParse(name).success);
  const manifests = await Promise.all(names.map((branch) => atOnce(() => loadManifest(store, { ...run, branch }))));
  return new Map(manifests.flatMap((manifest) => (manifest ? [[manifest.branch, manifest] as const] : [])));
};

/** The branches of a run that its day has no manifest for yet, largest first as they were planned. */
const unfinishedBranches = (run: PlannedRun, manifests: ReadonlyMap<string, BranchManifest>): string[] =>
  run.branches.map(({ name }) => name).filter((name) => !isFinished(manifests.get(name), run));

/** The branches that a resumed run has still to do. */
export const stillToDo = async (store: ObjectStore, run: PlannedRun): Promise<string[]> =>
  unfinishedBranches(run, await takeStock(store, run));

/**
 * Holds what is in the bucket against the plan, writes the day's manifest, and says what is to be done again.
 *
 * A sweep that left branches unfinished is followed by another; after two, this fails. A redrive of the run comes back
 * here, and is known by Step Functions' count of redrives: it gets two sweeps of its own.
 *
 * @throws {BranchesUnfinishedError} Two sweeps are over and branches are left.
 */
export const audit = async (input: AuditInput, services: AuditServices): Promise<Audited> => {
  const { store, executions } = services;
  const run = await loadRun(store, input);
  if (!run)
    throw new NotPlannedError(
      `There is no run ${input.run} of ${input.dataset}, ${input.day}: there is no ${places.run(input)}.`,
    );
  const manifests = await takeStock(store, run);
  const unfinished = unfinishedBranches(run, manifests);
  const failures = await Promise.all(unfinished.map((branch) => loadFailure(store, { ...input, branch })));
  const left = unfinished.map((branch, at) => ({ branch, ...(failures[at] ?? SILENT) }));
  await writeDayManifest(run, manifests, left, services);

  const done = { ...input, complete: unfinished.length === 0, unfinished, planned: run.branches.length };
  if (done.complete) return done;
  const redrive = await executions.redriveCount(input.execution);
  if (redrive > input.redrive) {
    // Only Plan has taken the day; since then another run may have it, and two at once would write over each other.
    const holder = await lockDay(store, executions, input, input.execution, new Date(services.clock.now()));
    if (holder !== undefined)
      throw new DayTakenError(
        `${holder} is running for ${input.dataset}, ${input.day}: redrive this one when that has ended.`,
      );
    return { ...done, redrive, sweeps: 0 };
  }
  const sweeps = input.sweeps + 1;
  if (sweeps < SWEEPS) return { ...done, sweeps };
  throw new BranchesUnfinishedError(unfinishedSentence(left, run));
};

/** A function that ran out of time or memory can't say so itself. */
const SILENT: FailedBranch = {
  error: 'NoWord',
  message: 'it left no word: out of time or memory, or never started; its execution of the branch machine says more',
  at: '',
};

/** An error's message that Step Functions can show: its console cuts a cause, and 32,768 characters are its limit. */
const LONGEST_SENTENCE = 8_000;

const unfinishedSentence = (left: readonly (FailedBranch & { branch: string })[], run: PlannedRun): string => {
  const text = `${left.length} of ${run.branches.length} branches: ${left.map(({ branch, error, message }) => `${branch} (${error}: ${message})`).join('; ')}`;
  return text.length > LONGEST_SENTENCE
    ? `${text.slice(0, LONGEST_SENTENCE)}… All of them: ${places.dayManifest(run)}`
    : text;
};

/**
 * `_manifests/<dataset>/<day>/manifest.json`, and `latest.json` once the day is complete: every branch of the dataset
 * has a manifest for it, be it of this run or of another.
 */
const writeDayManifest = async (
  run: PlannedRun,
  manifests: ReadonlyMap<string, BranchManifest>,
  unfinished: readonly (FailedBranch & { branch: string })[],
  { store, clock, codeVersion }: AuditServices,
): Promise<void> => {
  const { dataset, day } = run;
  const branches = [...manifests.values()].toSorted((a, b) => (a.branch < b.branch ? -1 : 1));
  const absent = run.wholeDay.filter((name) => !manifests.has(name));
  const complete = absent.length === 0;
  const manifest = {
    dataset,
    day,
    run: run.run,
    codeVersion,
    ...(run.csv && { csv: run.csv }),
    writtenAt: new Date(clock.now()).toISOString(),
    /** Readers of whole prefixes wait for this. */
    complete,
    absent,
    unfinished: unfinished.map(({ branch, error, message }) => ({ branch, error, message })),
    ...totals(branches),
    branches: branches.map(({ branch, run: by, kept, written, parts, warnings }) => ({
      branch,
      run: by,
      kept,
      written,
      parts: parts.length,
      warnings,
      manifest: places.branchManifest({ dataset, day, branch }),
    })),
  };
  await store.put(places.dayManifest(run), JSON.stringify(manifest, null, 2));
  if (complete) await moveLatest(store, { dataset, day, run: run.run, manifest: places.dayManifest(run) });
};

/** `latest.json` names the last complete day, and never moves to an earlier one, such as a back-fill's. */
const moveLatest = async (
  store: ObjectStore,
  latest: { dataset: string; day: string; run: string; manifest: string },
): Promise<void> => {
  const key = places.latest(latest.dataset);
  for (;;) {
    const there = await store.get(key);
    const before = there && z.object({ day: z.string() }).safeParse(JSON.parse(there.body.toString())).data;
    if (before && before.day > latest.day) return;
    if (await store.putIf(key, JSON.stringify(latest, null, 2), there?.etag)) return;
  }
};
