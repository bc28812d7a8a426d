import * as z from 'zod';
import type { Dataset } from '../datasets/dataset.ts';
import { type Day, day, dayIn } from '../day.ts';
import { branchName, datasetName, runName } from '../names.ts';
import { BadInputError } from '../parse.ts';
import { isUploadKey, layout, UPLOAD_KINDS } from '../runs/layout.ts';
import { limits } from '../runs/plan.ts';
import { yearRange } from '../sources/years.ts';

/** What a person or the schedule starts a run with. Unknown fields are refused: a misspelt one would change nothing. */
export const runInput = z.strictObject({
  dataset: datasetName,
  /** These branches alone. */
  only: z.array(branchName).min(1).optional(),
  /** The day that the run stands for; else the scheduled one, else the day on which it was started. */
  day: day.optional(),
  /** Instead of the dataset's own years. */
  years: yearRange.optional(),
  /** Key of an uploaded CSV in the bucket, instead of the newest one. */
  upload: z
    .string()
    .refine(isUploadKey, `use a key below ${UPLOAD_KINDS.map((kind) => layout.uploads(kind)).join(' or ')}`)
    .optional(),
  /** Says what a run would do, and writes nothing. */
  dryRun: z.boolean().optional(),
  /** Set by the schedule: `<aws.scheduler.scheduled-time>`. */
  scheduledTime: z.iso.datetime({ offset: true }).optional(),
  /** Continues that run: its plan, its day, its work. */
  resume: runName.optional(),
  /** A day or a run: writes its kept answers again, as the dataset is now. Nothing is requested. */
  reshape: runName.optional(),
  limits: limits.optional(),
  /**
   * Set by another state machine that starts this one with startExecution, as AWS recommends; the console then links the
   * two executions. Nothing reads it here.
   */
  AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: z.string().optional(),
});
export type RunInput = z.output<typeof runInput>;

export const planEvent = z.strictObject({
  input: runInput,
  execution: z.strictObject({
    /** The execution's ARN. */
    id: z.string().min(1),
    name: runName,
    startTime: z.iso.datetime({ offset: true }),
    /** Redrives of the execution until now: `$$.Execution.RedriveCount`, which is 0 before the first one. */
    redriveCount: z.int().nonnegative(),
  }),
});
export type PlanEvent = z.output<typeof planEvent>;

const A_YEAR_MS = 366 * 86_400_000;

/** The day that a run stands for: given, or scheduled, or that of its start; never the clock's, so that a retry has the same. */
export const dayOf = ({ input, execution }: PlanEvent, { timezone }: Pick<Dataset, 'timezone'>): Day => {
  const on = input.day ?? dayIn(timezone, new Date(input.scheduledTime ?? execution.startTime));
  // latest.json never moves back: after a mistyped 2926 it would stay there.
  const last = dayIn(timezone, new Date(Date.parse(execution.startTime) + A_YEAR_MS));
  if (on > last) throw new BadInputError(`day: use a day that is at most a year ahead; got "${on}".`);
  return on;
};
