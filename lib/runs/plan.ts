import * as z from 'zod';
import { keptDataset } from '../datasets/dataset.ts';
import { type BranchRef, branchName, type RunRef, runRef } from '../names.ts';
import { parse } from '../parse.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { layout } from './layout.ts';

export const limits = z.strictObject({
  /**
   * Seconds that one call of the page-walker takes at most; then it returns and is called again. The function's own
   * timeout of 900 s holds in any case.
   */
  walkSeconds: z.int().min(1).max(840).optional(),
});

/** `_runs/…/plan/<branch>.json`: one branch in full, with the dataset as it was when the run was planned. */
const plannedBranch = runRef.extend({
  branch: branchName,
  settings: keptDataset,
  /** When its run was planned. Of two runs of a day, the one that was planned later counts. */
  plannedAt: z.iso.datetime(),
  /** What the branch lists. Only the dataset's source reads it (lib/sources/). */
  listFrom: z.record(z.string(), z.unknown()),
  /** What the branch stands for, filled into the key pattern. */
  placeholders: z.record(z.string(), z.string()),
  limits: limits.default({}),
});
export type PlannedBranch = z.output<typeof plannedBranch>;

/** What was read of an uploaded CSV. */
export const csvRead = z.object({
  /** Key of the upload. */
  key: z.string(),
  /** The release years that the run wants; null for all. */
  years: z.object({ from: z.int(), to: z.int() }).nullable(),
  /** Rows below the header. */
  rows: z.int(),
  /** Rows that have another number of columns than the header, or no id. They are left out. */
  badRows: z.int(),
  /** The first of them, as line numbers of the file. */
  badLines: z.array(z.int()),
  /** Distinct ids that the dataset's filters let through. */
  ids: z.int(),
});
export type CsvRead = z.output<typeof csvRead>;

/** `_runs/…/run.json`: what a run set out to do. Written after its branches, so who reads it finds them. */
const plannedRun = runRef.extend({
  execution: z.string(),
  plannedAt: z.iso.datetime(),
  /** Host of the TMDB that the run asks. */
  tmdb: z.string(),
  branches: z.array(z.object({ name: branchName, expected: z.int().nullable() })),
  /** Every branch that the dataset has on that day, of this run or not. The day is complete when all are written. */
  wholeDay: z.array(branchName),
  csv: csvRead.optional(),
});
export type PlannedRun = z.output<typeof plannedRun>;

export const savePlan = async (
  store: ObjectStore,
  run: PlannedRun,
  branches: readonly PlannedBranch[],
  atOnce: <T>(work: () => Promise<T>) => Promise<T>,
) => {
  await Promise.all(branches.map((branch) => atOnce(() => store.put(layout.plan(branch), JSON.stringify(branch)))));
  await store.put(layout.run(run), JSON.stringify(run));
};

export const loadRun = async (store: ObjectStore, ref: RunRef): Promise<PlannedRun | undefined> => {
  const object = await store.get(layout.run(ref));
  return object && parse(plannedRun, JSON.parse(object.body.toString()), layout.run(ref));
};

/** @throws {NotPlannedError} The run has no such branch. */
export const loadBranch = async (store: ObjectStore, ref: BranchRef): Promise<PlannedBranch> => {
  const object = await store.get(layout.plan(ref));
  if (!object)
    throw new NotPlannedError(
      `Run ${ref.run} of ${ref.dataset}, ${ref.day}, has no branch ${ref.branch}: there is no ${layout.plan(ref)}. Start a new run.`,
    );
  return parse(plannedBranch, JSON.parse(object.body.toString()), layout.plan(ref));
};

/** A branch or run that was never planned, or whose plan has expired. A person starts a new run; nothing retries. */
export class NotPlannedError extends Error {
  override readonly name = 'NotPlannedError';
}
