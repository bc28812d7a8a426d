import * as z from 'zod';
import { day } from './day.ts';

/*
 * The names that lead to everything a run keeps. They come from outside (an event, a person), so each has a pattern
 * that cannot leave its folder.
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

/** 43: with a hyphen and a UUID behind it, it names an execution of the branch machine, and 80 is the limit. */
export const branchName = z
  .string()
  .max(43, 'use at most 43 characters')
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'use lower-case letters, digits and single hyphens, for example crime-2017');

/** What the state machines pass from state to state: names, and nothing that grows. */
export const runRef = z.object({ dataset: datasetName, day, run: runName });
export type RunRef = z.output<typeof runRef>;

/** One day of one dataset. */
export type DayRef = Pick<RunRef, 'dataset' | 'day'>;

export const branchRef = runRef.extend({ branch: branchName });
export type BranchRef = z.output<typeof branchRef>;
