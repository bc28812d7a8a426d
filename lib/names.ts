import * as z from 'zod';
import { day } from './day.ts';

/*
 * The names that are parts of a run's keys. They come from events and from users, so each has a pattern that can't lead
 * out of its folder.
 */

export const datasetName = z
  .string()
  .max(24, 'use at most 24 characters')
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'use lower-case letters, digits and single hyphens, for example crime-war');

/** 80 is Step Functions' limit for an execution's name. */
export const runName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$/,
    "use the name of the run's execution: at most 80 letters, digits, - and _",
  );

/** At most 43 characters: the name of an execution is the branch's name, a hyphen and a UUID, and its limit is 80. */
export const branchName = z
  .string()
  .max(43, 'use at most 43 characters')
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'use lower-case letters, digits and single hyphens, for example crime-2017');

/** The data that the state machines pass between states: only names, so that it stays small. */
export const runRef = z.object({ dataset: datasetName, day, run: runName });
export type RunRef = z.output<typeof runRef>;

/** One day of one dataset. */
export type DayRef = Pick<RunRef, 'dataset' | 'day'>;

export const branchRef = runRef.extend({ branch: branchName });
export type BranchRef = z.output<typeof branchRef>;

/** One branch, and the execution of the ingest machine that runs it. A resumed run has the plan of another execution. */
export const branchTask = branchRef.extend({ execution: z.string().min(1) });
export type BranchTask = z.output<typeof branchTask>;
