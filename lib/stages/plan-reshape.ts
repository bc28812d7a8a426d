import pLimit from 'p-limit';
import type { Dataset } from '../datasets/dataset.ts';
import { type Day, day } from '../day.ts';
import type { DayRef, RunRef } from '../names.ts';
import { BadInputError } from '../parse.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { layout } from '../runs/layout.ts';
import { type BranchManifest, loadManifests, READS_AT_ONCE } from '../runs/manifest.ts';
import { loadBranch, loadRun, loadRuns, NotPlannedError, type PlannedBranch, type PlannedRun } from '../runs/plan.ts';
import { differentField, openSource, type SourceKinds } from '../sources/source.ts';
import { unfinishedBranches } from './audit.ts';
import type { RunInput } from './plan-input.ts';
import { runsNamed } from './plan-resume.ts';

/** Fields of the input that would ask for something that was not kept. */
const NOT_WITH_RESHAPE = ['resume', 'only', 'day', 'years', 'upload', 'dryRun', 'limits', 'scheduledTime'] as const;

/** The day whose answers are written again; all of it, or the branches of one run. */
export interface Reshaped {
  day: Day;
  run?: string;
}

/** The kept answers of a day, or of a run of it. */
export interface KeptAnswers {
  /** The newest run of the day. The new run has its TMDB and its upload. */
  newest: PlannedRun;
  /** Plans of the branches with answers, largest first, with the run whose work has them. */
  branches: (PlannedBranch & { answersOf: NonNullable<PlannedBranch['answersOf']> })[];
  /** All branches that the dataset has now on that day. */
  wholeDay: readonly string[];
}

interface ReshapeServices {
  store: ObjectStore;
  kinds: SourceKinds;
}

/**
 * Finds the day whose answers are to be written again.
 *
 * @throws {BadInputError} There is no such day or run, or this input does not go with it.
 */
export const findReshaped = async (input: RunInput & { reshape: string }, store: ObjectStore): Promise<Reshaped> => {
  const { dataset, reshape } = input;
  const other = NOT_WITH_RESHAPE.find((field) => input[field] !== undefined);
  if (other)
    throw new BadInputError(
      `${other}: leave it out; reshape writes all branches again whose answers are kept of ${reshape}, and requests nothing.`,
    );
  const given = day.safeParse(reshape);
  if (given.success && (await loadRuns(store, { dataset, day: given.data })).length > 0) return { day: given.data };
  for (const ref of await runsNamed(store, dataset, reshape, undefined))
    if (await loadRun(store, ref)) return { day: ref.day, run: ref.run };
  throw new BadInputError(
    `reshape: dataset ${dataset} has no run and no day ${JSON.stringify(reshape)}; plans and answers expire (answerDays in serverless.yml). Use a day as YYYY-MM-DD or the name of a run, or start a new run.`,
  );
};

/**
 * Finds the kept answers, and checks that the dataset needs no others.
 *
 * @param settings The dataset as it is now.
 * @throws {BadInputError} Answers are missing, or the dataset needs more than was kept.
 */
export const keptAnswers = async (
  { day: on, run }: Reshaped,
  settings: Dataset,
  services: ReshapeServices,
): Promise<KeptAnswers> => {
  const { store } = services;
  const ref = { dataset: settings.name, day: on };
  const runs = (await loadRuns(store, ref)).toSorted((a, b) => (a.plannedAt < b.plannedAt ? -1 : 1));
  const wanted = runs.find((one) => one.run === run);
  const manifests = await loadManifests(store, ref);
  refuseUnfinished(wanted ? [wanted] : runs, manifests);
  const kept = (await plansOf(store, ref, manifests)).filter(
    ({ branch }) => !wanted || wanted.branches.some(({ name }) => name === branch),
  );
  const newest = runs.at(-1);
  if (!newest || kept.length === 0) throw new BadInputError(`reshape: ${noAnswers(ref, run ?? on)}`);
  if (wanted) refuseNewerAnswers(wanted, kept);
  refuseOtherRequests(kept, settings, services.kinds);
  const wholeDay = await branchesNow(kept, settings, { ...services, newest });
  refuseNewBranches(wholeDay, { newest, manifests, settings });
  await refuseExpired(store, kept);
  return {
    newest,
    branches: kept
      .filter(({ branch, role }) => wholeDay.includes(branch) || role === 'extra')
      .toSorted((a, b) => (b.expected ?? 0) - (a.expected ?? 0) || (a.branch < b.branch ? -1 : 1)),
    wholeDay,
  };
};

const noAnswers = ({ dataset, day: on }: DayRef, reshape: string): string =>
  `dataset ${dataset} has no answers of ${reshape}${reshape === on ? '' : ` on ${on}`} any more; plans and answers expire (answerDays in serverless.yml). Start a new run.`;

/** A run that was killed has requested only a part. One that reshapes can begin again: its answers are those of another. */
const refuseUnfinished = (runs: readonly PlannedRun[], manifests: ReadonlyMap<string, BranchManifest>): void => {
  for (const run of runs) {
    const [first, ...more] = run.reshapes === undefined ? unfinishedBranches(run, manifests) : [];
    if (first !== undefined)
      throw new BadInputError(
        `reshape: run ${run.run} has not finished ${first}${more.length ? ` and ${more.length} more` : ''}, so not all answers are there; resume that run first.`,
      );
  }
};

/** The plans of the branches that the day has. A branch that was reshaped leads to the run that requested it. */
const plansOf = async (
  store: ObjectStore,
  ref: DayRef,
  manifests: ReadonlyMap<string, BranchManifest>,
): Promise<KeptAnswers['branches']> => {
  const atOnce = pLimit(READS_AT_ONCE);
  const written = [...manifests.values()].filter(({ role }) => role !== 'removed');
  return Promise.all(
    written.map(({ branch, run }) =>
      atOnce(async () => {
        const plan = await loadBranch(store, { ...ref, run, branch }).catch((error: unknown) => {
          if (error instanceof NotPlannedError) throw new BadInputError(`reshape: ${noAnswers(ref, branch)}`);
          throw error;
        });
        return { ...plan, answersOf: plan.answersOf ?? { run, ask: plan.settings.ask } };
      }),
    ),
  );
};

const refuseNewerAnswers = ({ run }: RunRef, kept: KeptAnswers['branches']): void => {
  const newer = kept.find((plan) => plan.run !== run && plan.answersOf.run !== run);
  if (newer)
    throw new BadInputError(
      `reshape: ${newer.branch} was requested again since run ${run}, by run ${newer.answersOf.run}; use the day, ${newer.day}, which has the newest answers.`,
    );
};

const refuseOtherRequests = (kept: KeptAnswers['branches'], now: Dataset, kinds: SourceKinds): void => {
  for (const { answersOf, settings: then } of kept) {
    const { run, ask } = answersOf;
    const missing = now.ask.find((one) => !ask.includes(one));
    if (missing)
      throw new BadInputError(
        `ask: dataset ${now.name} needs ${missing} now, and run ${run} kept ${ask.join(' and ') || 'only the list'}; start a new run, which requests them.`,
      );
    const field = differentField(kinds, then.source, now.source);
    if (field !== undefined)
      throw new BadInputError(
        `source.${field}: dataset ${now.name} has ${JSON.stringify(now.source[field])} now, and run ${run} made its requests with ${JSON.stringify(then.source[field])}; start a new run.`,
      );
    // How much of a list may be missing was decided when it was read.
    if (now.tolerance < then.tolerance)
      throw new BadInputError(
        `tolerance: dataset ${now.name} allows ${now.tolerance} now, and run ${run} read its lists with ${then.tolerance}; start a new run.`,
      );
  }
};

/** All branches that the dataset has on the day. A CSV may have been uploaded since, so it is not read again. */
const branchesNow = async (
  kept: KeptAnswers['branches'],
  settings: Dataset,
  { store, kinds, newest }: ReshapeServices & { newest: PlannedRun },
): Promise<readonly string[]> => {
  const other = kept.find(({ settings: { source } }) => differentField(kinds, source, settings.source, []));
  if (!other) return newest.wholeDay;
  const plan = { day: newest.day, years: undefined, upload: undefined, only: false, store };
  return (await openSource(kinds, settings).branches(plan)).wholeDay;
};

const refuseNewBranches = (
  wholeDay: readonly string[],
  {
    newest,
    manifests,
    settings,
  }: { newest: PlannedRun; manifests: ReadonlyMap<string, BranchManifest>; settings: Dataset },
): void => {
  const added = wholeDay.find((name) => {
    const manifest = manifests.get(name);
    return manifest ? manifest.role === 'removed' : !newest.wholeDay.includes(name);
  });
  if (added)
    throw new BadInputError(
      `source: dataset ${settings.name} has branch ${added} now, and ${newest.day} has no answers of it; start a new run.`,
    );
};

/** The list of a branch is older than its other answers, so it expires first. */
const refuseExpired = async (store: ObjectStore, kept: KeptAnswers['branches']): Promise<void> => {
  const atOnce = pLimit(READS_AT_ONCE);
  await Promise.all(
    kept.map(({ dataset, day: on, branch, answersOf: { run } }) =>
      atOnce(async () => {
        const ref = { dataset, day: on, run, branch };
        const work = await store.list(layout.workFolder(ref));
        if (![layout.list(ref), layout.earlierWork(layout.list(ref))].some((key) => work.includes(key)))
          throw new BadInputError(`reshape: ${noAnswers(ref, branch)}`);
      }),
    ),
  );
};
