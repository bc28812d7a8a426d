import * as z from 'zod';
import { day } from '../day.ts';

/**
 * Where things lie in the bucket besides the parts, and the names that lead there.
 *
 * Names come from outside (an event, a person), so each has a pattern that leaves no way out of its folder.
 */
export const datasetName = z
  .string()
  .max(24)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "a dataset's name has lower-case letters, digits and single hyphens");

/** 80 is Step Functions' limit for an execution's name. */
export const runName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$/, "a run is an execution's name: letters, digits, - and _");

/** 43: with a hyphen and a UUID behind it, it names an execution of the branch machine, and 80 is the limit. */
export const branchName = z
  .string()
  .max(43)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'a branch has lower-case letters, digits and single hyphens');

/** What the state machines hand from state to state: names, and nothing that grows. */
export const runRef = z.object({ dataset: datasetName, day, run: runName });
export type RunRef = z.output<typeof runRef>;

export const branchRef = runRef.extend({ branch: branchName });
export type BranchRef = z.output<typeof branchRef>;

const root = ({ dataset, day: on, run }: RunRef) => `_runs/${dataset}/${on}/${run}`;

export const places = {
  /** All days of a dataset that have runs; ends in a slash. */
  days: (dataset: string) => `_runs/${dataset}/`,
  lock: ({ dataset, day: on }: Pick<RunRef, 'dataset' | 'day'>) => `_runs/${dataset}/${on}/lock.json`,
  run: (ref: RunRef) => `${root(ref)}/run.json`,
  plan: (ref: BranchRef) => `${root(ref)}/plan/${ref.branch}.json`,
  failed: (ref: BranchRef) => `${root(ref)}/failed/${ref.branch}.json`,
  /** A branch's list and chunks; ends in a slash. */
  work: (ref: BranchRef) => `${root(ref)}/work/${ref.branch}/`,
  branchManifests: ({ dataset, day: on }: Pick<RunRef, 'dataset' | 'day'>) => `_manifests/${dataset}/${on}/branches/`,
  branchManifest: ({ dataset, day: on, branch }: Omit<BranchRef, 'run'>) =>
    `_manifests/${dataset}/${on}/branches/${branch}.json`,
  dayManifest: ({ dataset, day: on }: Pick<RunRef, 'dataset' | 'day'>) => `_manifests/${dataset}/${on}/manifest.json`,
  latest: (dataset: string) => `_manifests/${dataset}/latest.json`,
  quarantine: ({ dataset, day: on, branch }: Omit<BranchRef, 'run'>, id: number | string) =>
    `_quarantine/${dataset}/${on}/${branch}/${id}.json`,
};
