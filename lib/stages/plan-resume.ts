import { type Day, day } from '../day.ts';
import { type RunRef, runName } from '../names.ts';
import { BadInputError } from '../parse.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { layout } from '../runs/layout.ts';
import { loadRun, type PlannedRun } from '../runs/plan.ts';
import type { RunInput } from './plan-input.ts';

/** Fields of the input that would change the plan which a resumed run continues. */
const NOT_WITH_RESUME = ['reshape', 'only', 'years', 'upload', 'dryRun', 'limits'] as const;

/**
 * Finds the run that is to be continued: after 14 days, when Step Functions no longer redrives, or after a change of the
 * state machine. `npm start -- --resume` comes here too.
 *
 * @param tmdb The TMDB that is asked now; ids of one TMDB mean nothing to another.
 * @throws {BadInputError} There is no such run, or this input does not go with it.
 */
export const findResumed = async (
  input: RunInput & { resume: string },
  { store, tmdb }: { store: ObjectStore; tmdb: string },
): Promise<PlannedRun> => {
  const { dataset, resume: run } = input;
  const other = NOT_WITH_RESUME.find((field) => input[field] !== undefined);
  if (other)
    throw new BadInputError(
      `${other}: leave it out; resume continues run ${run} with the plan that it has. For another plan, start a new run.`,
    );
  const refs = await runsNamed(store, dataset, run, input.day);
  const [found] = (await Promise.all(refs.map((ref) => loadRun(store, ref)))).filter((one) => one !== undefined);
  if (!found && input.day)
    throw new BadInputError(
      `day: leave it out; dataset ${dataset} has no run ${JSON.stringify(run)} on ${input.day}, and resume finds the day of the run.`,
    );
  if (!found)
    throw new BadInputError(
      `resume: dataset ${dataset} has no run ${JSON.stringify(run)}; plans and answers expire (answerDays in serverless.yml). Start a new run.`,
    );
  if (found.tmdb !== tmdb && found.reshapes === undefined)
    throw new BadInputError(
      `resume: run ${run} asked ${found.tmdb}, and ids of ${tmdb} are not the same; set TMDB_TOKEN and TMDB_BASE_URL as they were.`,
    );
  return found;
};

/** Where a dataset may have a run of that name: on a given day, or on any day that has runs. */
export const runsNamed = async (
  store: ObjectStore,
  dataset: string,
  run: string,
  on: Day | undefined,
): Promise<RunRef[]> => {
  const days = on ? [on] : await store.folders(layout.daysOfRuns(dataset));
  return days.flatMap((folder) => {
    const one = day.safeParse(folder.replace(/\/$/, ''));
    return one.success ? [{ dataset, day: one.data, run: runName.parse(run) }] : [];
  });
};
