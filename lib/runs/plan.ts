import * as z from 'zod';
import { dataset } from '../datasets/dataset.ts';
import { day } from '../day.ts';
import { parse } from '../parse.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { type BranchRef, branchName, places, type RunRef, runRef } from './layout.ts';

/** Where a branch's list comes from. A new kind of source adds its own here, and its module in lib/movies/. */
const listFrom = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('discover'), genreId: z.int(), from: day, to: day }),
  z.object({ kind: z.literal('popular'), media: z.enum(['movies', 'series']) }),
  z.object({ kind: z.literal('csv'), ids: z.array(z.string()) }),
]);
export type ListFrom = z.output<typeof listFrom>;

export const limits = z.strictObject({
  /** Seconds that one call of the page-walker takes at most; it comes back and is called again. Below the function's 900 in any case. */
  walkSeconds: z.int().min(1).max(840).optional(),
});

/** `_runs/…/plan/<branch>.json`: one branch in full, with the dataset as it stood when the run was planned. */
const plannedBranch = runRef.extend({
  branch: branchName,
  settings: dataset,
  /** When its run was planned: of two runs of a day, the later one's word counts. */
  plannedAt: z.iso.datetime(),
  listFrom,
  /** What the branch stands for, filled into the key pattern. */
  placeholders: z.record(z.string(), z.string()),
  limits: limits.default({}),
});
export type PlannedBranch = z.output<typeof plannedBranch>;

/** `_runs/…/run.json`: what a run set out to do. Written after its branches, so who sees it sees them. */
const plannedRun = runRef.extend({
  execution: z.string(),
  plannedAt: z.iso.datetime(),
  /** Whom it asks. */
  tmdb: z.string(),
  branches: z.array(z.object({ name: branchName, expected: z.int().nullable() })),
  /** Every branch that the dataset has on that day, be it of this run or not: what makes the day complete. */
  wholeDay: z.array(branchName),
  /** What was read of the CSV, where the branches come from one. */
  csv: z
    .object({
      key: z.string(),
      years: z.object({ from: z.int(), to: z.int() }).nullable(),
      rows: z.int(),
      badRows: z.int(),
      badLines: z.array(z.int()),
      ids: z.int(),
    })
    .optional(),
});
export type PlannedRun = z.output<typeof plannedRun>;

export const savePlan = async (
  store: ObjectStore,
  run: PlannedRun,
  branches: readonly PlannedBranch[],
  atOnce: <T>(work: () => Promise<T>) => Promise<T>,
) => {
  await Promise.all(branches.map((branch) => atOnce(() => store.put(places.plan(branch), JSON.stringify(branch)))));
  await store.put(places.run(run), JSON.stringify(run));
};

export const loadRun = async (store: ObjectStore, ref: RunRef): Promise<PlannedRun | undefined> => {
  const object = await store.get(places.run(ref));
  return object && parse(plannedRun, JSON.parse(object.body.toString()), places.run(ref));
};

/** @throws {NotPlannedError} The run has no such branch. */
export const loadBranch = async (store: ObjectStore, ref: BranchRef): Promise<PlannedBranch> => {
  const object = await store.get(places.plan(ref));
  if (!object)
    throw new NotPlannedError(
      `Run ${ref.run} of ${ref.dataset}, ${ref.day}, has no branch ${ref.branch}: there is no ${places.plan(ref)}.`,
    );
  return parse(plannedBranch, JSON.parse(object.body.toString()), places.plan(ref));
};

/** A branch or run that nobody planned, or whose plan has expired. A person starts a new run; nothing retries. */
export class NotPlannedError extends Error {
  override readonly name = 'NotPlannedError';
}
