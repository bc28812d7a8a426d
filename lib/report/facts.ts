import type { DayRef } from '../names.ts';
import type { ReadableStore } from '../raw-zone/object-store.ts';
import { type DayManifest, loadDayManifest } from '../runs/day-manifest.ts';
import { layout } from '../runs/layout.ts';
import { leftOutIn } from '../runs/left-out.ts';
import { type BranchManifest, loadManifests } from '../runs/manifest.ts';
import { loadRun } from '../runs/plan.ts';
import { type Changes, changesBetween } from './changes.ts';
import { LARGEST_READ_BYTES, type Movie, type ReadMovies, readMovies } from './records.ts';

/** Everything that the report of one day says. It has no clock: the same bucket gives the same facts. */
export interface ReportFacts {
  day: DayManifest;
  /** The manifests of the day's branches, sorted by name. */
  branches: BranchManifest[];
  /** Branches that the run planned. Undefined where the plan has expired. */
  planned: number | undefined;
  /** Each movie of the day once. Undefined where the parts are too large to read for a report. */
  movies: Movie[] | undefined;
  /** Keys of parts that could not be read. */
  unread: string[];
  compared: Compared;
  /** How a person continues a run that isn't complete. */
  next: Next | undefined;
}

/** How to continue: a command to type, or a page of the console to open. */
export type Next = { command: string } | { console: string };

export type Compared =
  | { with: string; changes: Changes /** Branches that only one of the days has. */; skipped: string[] }
  /** There is nothing to compare, for this reason. */
  | { with: string | undefined; because: string };

export interface AboutRun {
  /** The command that continues a run that isn't in AWS. */
  resume?: ((run: string) => string) | undefined;
}

/**
 * Reads the facts of a day: its manifests, its parts, and those of the complete day before it.
 *
 * @returns undefined where the day has no manifest.
 */
export const gatherFacts = async (
  store: ReadableStore,
  ref: DayRef,
  { resume }: AboutRun = {},
): Promise<ReportFacts | undefined> => {
  const day = await loadDayManifest(store, ref);
  if (!day) return undefined;
  const named = new Set(day.branches.map(({ branch }) => branch));
  const branches = [...(await loadManifests(store, ref)).values()]
    .filter(({ branch }) => named.has(branch))
    .toSorted((a, b) => (a.branch < b.branch ? -1 : 1));
  const run = await loadRun(store, day);
  const read = day.bytes <= LARGEST_READ_BYTES ? await readMovies(store, branches) : undefined;
  return {
    day,
    branches,
    planned: run?.branches.length,
    movies: read && [...read.movies.values()],
    unread: read?.unread ?? [],
    compared: await comparedWithBefore(store, day, branches, read),
    next: run && (consoleOf(run.execution) ?? (resume && { command: resume(run.run) })),
  };
};

const ARN = /^arn:aws:states:([a-z]{2,}(?:-[a-z]+)+-\d+):\d+:execution:[\w-]+:[\w-]+$/;

/** The page of an execution in the console of Step Functions. The name of a local run is not an ARN. */
const consoleOf = (execution: string): Next | undefined => {
  const region = ARN.exec(execution)?.[1];
  if (region === undefined) return undefined;
  return {
    console: `https://${region}.console.aws.amazon.com/states/home?region=${region}#/v2/executions/details/${execution}`,
  };
};

const comparedWithBefore = async (
  store: ReadableStore,
  day: DayManifest,
  branches: readonly BranchManifest[],
  read: ReadMovies | undefined,
): Promise<Compared> => {
  const { comparedWith, dataset } = day;
  const before = comparedWith && (await loadDayManifest(store, { dataset, day: comparedWith }));
  if (!before)
    return comparedWith
      ? { with: comparedWith, because: 'The manifest of that day is no longer there.' }
      : { with: undefined, because: `No earlier day of ${dataset} is complete.` };
  if (before.tmdb !== day.tmdb)
    return { with: comparedWith, because: `That day is from another TMDB: ${before.tmdb ?? 'unknown'}.` };
  if (!read || before.bytes > LARGEST_READ_BYTES)
    return { with: comparedWith, because: 'The files of both days are too large to be compared for a report.' };
  // A branch that only one day has says nothing about its movies: the other day did not ask for them.
  const earlier = await loadManifests(store, { dataset, day: comparedWith });
  const both = branches.flatMap((now) => {
    const then = earlier.get(now.branch);
    return then && then.role !== 'removed' ? [{ now, then }] : [];
  });
  const names = new Set(both.map(({ now }) => now.branch));
  const then = await readMovies(
    store,
    both.map(({ then }) => then),
  );
  const now =
    both.length === branches.length
      ? read
      : await readMovies(
          store,
          both.map(({ now }) => now),
        );
  const unread = then.unread.length + now.unread.length;
  if (unread > 0)
    return {
      with: comparedWith,
      because: `${unread} ${unread === 1 ? 'file' : 'files'} of the two days could not be read.`,
    };
  return {
    with: comparedWith,
    changes: changesBetween(then.movies, now.movies, await whyGone(store, branches)),
    skipped: [...new Set([...earlier.keys(), ...branches.map(({ branch }) => branch)])]
      .filter((branch) => !names.has(branch) && earlier.get(branch)?.role !== 'removed')
      .toSorted(),
  };
};

const whyGone = async (
  store: ReadableStore,
  branches: readonly BranchManifest[],
): Promise<(id: number | string) => string> => {
  const reasons = new Map<number | string, string>();
  for (const branch of branches) {
    const file = branch.leftOut > 0 ? await store.get(layout.leftOut(branch)) : undefined;
    for (const { id, rule, value } of (file && leftOutIn(file.body.toString())) ?? [])
      reasons.set(id, `left out by the rule: ${rule.field} is ${JSON.stringify(value) ?? 'absent'}`);
    for (const [reason, ids] of Object.entries(branch.missing))
      for (const id of ids) reasons.set(id, reason === 'gone' ? 'TMDB answers 404' : reason);
  }
  return (id) => reasons.get(id) ?? 'not listed any more';
};
