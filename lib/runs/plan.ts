import * as z from 'zod';
import { keptDataset } from '../datasets/dataset.ts';
import { type BranchRef, branchName, type DayRef, type RunRef, runName, runRef } from '../names.ts';
import type { ObjectStore, ReadableStore } from '../raw-zone/object-store.ts';
import { layout } from './layout.ts';
import { required } from './stored.ts';

export const limits = z.strictObject({
  /**
   * Longest time of one call of the page-walker, in seconds. After it, the page-walker returns and is called again.
   * The function's own timeout of 900 s still applies.
   */
  walkSeconds: z.int().min(1).max(840).optional(),
});

export const branchRole = z.enum(['dataset', 'extra', 'removed']);

/** The key pattern and format of a dataset's parts. */
export const outputRef = z.object({ key: z.string(), format: z.string(), gzip: z.boolean() });

/** `_runs/…/plan/<branch>.json`: one branch, with its dataset as it was when the run was planned. */
const plannedBranch = runRef.extend({
  branch: branchName,
  /** See the plan of the run. Absent in plans of earlier versions. */
  tmdb: z.string().optional(),
  settings: keptDataset,
  /** When the run was planned. Of two runs of a day, the one that was planned later is used. */
  plannedAt: z.iso.datetime(),
  /**
   * dataset: the dataset has this branch on that day. extra: it has not; the run's input names other years. removed: it
   * no longer has it, and an earlier run of the day wrote it; its files are removed.
   */
  role: branchRole.default('dataset'),
  /** Key patterns of earlier runs of the day: parts that a killed writer left under them are removed. */
  earlierKeys: z.array(z.string()).default([]),
  /** Whether a branch of the run has the keys that this removed branch had. Then that one removes the old parts. */
  keysOfAnother: z.boolean().optional(),
  /** How often resumed runs have asked this branch again for movies without a usable answer; 0 at first. */
  round: z.int().default(0),
  /** Items of the list by its page 1 when the run was planned; null where page 1 was not available. */
  expected: z.int().nullable().default(null),
  /** Definition of the branch's list. Only the dataset's source reads it (lib/sources/). */
  listFrom: z.record(z.string(), z.unknown()),
  /** What its items are: movie/{id} or tv/{id}. */
  media: z.enum(['movie', 'tv']).default('movie'),
  /**
   * The branches whose lists can have the same movies, each with its genre, in the dataset's order; this one is among
   * them. The first whose genre a movie has is the one with the movie's rows in the tables.
   */
  owners: z.array(z.object({ genreId: z.int(), branch: branchName })).default([]),
  /** The branch's values for the placeholders of the key pattern. */
  placeholders: z.record(z.string(), z.string()),
  limits: limits.default({}),
  /**
   * The run in whose work the answers are, and what it asked for each movie. Absent: this run requests them. A branch with
   * it is only written, and nothing is requested.
   */
  answersOf: z.object({ run: runName, ask: keptDataset.shape.ask }).optional(),
});
export type PlannedBranch = z.output<typeof plannedBranch>;

/** The result of reading an uploaded CSV. */
export const csvRead = z.object({
  /** Key of the upload. */
  key: z.string(),
  /** The release years that the run selects; null for all. */
  years: z.object({ from: z.int(), to: z.int() }).nullable(),
  /** Rows below the header. */
  rows: z.int(),
  /** Rows that are skipped: with another number of columns than the header, without an id, or with a year that can't be read. */
  badRows: z.int(),
  /** Line numbers of the first bad rows in the file. */
  badLines: z.array(z.int()),
  /** Rows with a year that can't be read. They are bad rows only if the run selects years. */
  unreadableYears: z.int().optional(),
  /** Distinct ids that match the dataset's filters. */
  ids: z.int(),
});
export type CsvRead = z.output<typeof csvRead>;

/** What the planner expected of a run. Absent in plans and manifests of earlier versions. */
export const runForecast = z.object({
  /** Requests a second that all walkers together may send. */
  perSecond: z.number().positive(),
  /** What the run costs in AWS. */
  dollars: z.number().nonnegative(),
});

/** `_runs/…/run.json`: the plan of a run. It is written after the plans of its branches, so they all exist. */
const plannedRun = runRef.extend({
  execution: z.string(),
  plannedAt: z.iso.datetime(),
  /** The TMDB that the run asks: its host, or the name that it was given. */
  tmdb: z.string(),
  branches: z.array(z.object({ name: branchName, expected: z.int().nullable(), round: z.int().optional() })),
  /** Every branch of the dataset on that day, including those of other runs. The day is complete when all are written. */
  wholeDay: z.array(branchName),
  csv: csvRead.optional(),
  forecast: runForecast.optional(),
  /** Where the dataset's parts go, and in which format. A day holds one of each. */
  output: outputRef.optional(),
  /** The day or run whose answers this run writes again. Absent: it requests its answers. */
  reshapes: z.string().optional(),
});
export type PlannedRun = z.output<typeof plannedRun>;

/** Where the work of a branch is: below its own run, or below the run whose answers it writes again. */
export const answersIn = ({ dataset, day, run, branch, answersOf }: PlannedBranch): BranchRef => ({
  dataset,
  day,
  branch,
  run: answersOf?.run ?? run,
});

const saveBranch = (store: ObjectStore, branch: PlannedBranch) =>
  store.put(layout.plan(branch), JSON.stringify(branch));

export const savePlan = async (
  store: ObjectStore,
  run: PlannedRun,
  branches: readonly PlannedBranch[],
  atOnce: <T>(work: () => Promise<T>) => Promise<T>,
) => {
  await Promise.all(branches.map((branch) => atOnce(() => saveBranch(store, branch))));
  await store.put(layout.run(run), JSON.stringify(run));
};

export const loadRun = async (store: ReadableStore, ref: RunRef): Promise<PlannedRun | undefined> => {
  const object = await store.get(layout.run(ref));
  return object && required(plannedRun, object, layout.run(ref));
};

/** The plans of all runs of a day. */
export const loadRuns = async (store: ReadableStore, { dataset, day }: DayRef): Promise<PlannedRun[]> => {
  const names = (await store.folders(layout.runsOfDay({ dataset, day }))).map((folder) => folder.slice(0, -1));
  const runs = await Promise.all(names.map((run) => loadRun(store, { dataset, day, run })));
  return runs.filter((run) => run !== undefined);
};

/** @throws {NotPlannedError} The run has no such branch. */
export const loadBranch = async (store: ReadableStore, ref: BranchRef): Promise<PlannedBranch> => {
  const object = await store.get(layout.plan(ref));
  if (!object)
    throw new NotPlannedError(
      `Run ${ref.run} of dataset ${ref.dataset} on ${ref.day} has no branch ${ref.branch}: ${layout.plan(ref)} doesn't exist. Start a new run.`,
    );
  return required(plannedBranch, object, layout.plan(ref));
};

/** For readers that also work without the plan of a branch: `loadBranch(…).catch(ifNotPlanned)`. */
export const ifNotPlanned = (error: unknown): undefined => {
  if (!(error instanceof NotPlannedError)) throw error;
};

/** The plan of a run or branch doesn't exist, or it has expired. A person must start a new run; nothing retries. */
export class NotPlannedError extends Error {
  override readonly name = 'NotPlannedError';
}
