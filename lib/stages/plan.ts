import pLimit from 'p-limit';
import * as z from 'zod';
import type { Clock } from '../clock.ts';
import type { Dataset } from '../datasets/dataset.ts';
import { loadDataset } from '../datasets/load.ts';
import { type Day, day, dayIn } from '../day.ts';
import type { Log } from '../log.ts';
import { fetcherFor } from '../movies/fetch.ts';
import { BadInputError } from '../parse.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import type { Executions } from '../runs/executions.ts';
import { branchName, datasetName, places, type RunRef, runName, runRef } from '../runs/layout.ts';
import { lockDay } from '../runs/lock.ts';
import { limits, loadRun, type PlannedBranch, savePlan } from '../runs/plan.ts';
import { csvBranches } from '../sources/csv.ts';
import { pairsOf } from '../sources/discover.ts';
import { popularBranches } from '../sources/popular.ts';
import { type PlanFor, type SourceBranch, sourceOf } from '../sources/source.ts';
import { newTally, type Tmdb } from '../tmdb/client.ts';
import { TmdbTokenError } from '../tmdb/errors.ts';
import { listPage } from '../tmdb/responses.ts';
import { stillToDo } from './audit.ts';

/** `2012-2022`, or `2017` for one. */
const yearRange = z
  .string()
  .regex(/^\d{4}(-\d{4})?$/, 'years are 2012-2022, or 2017 for one')
  .transform((text) => {
    const [from = 0, to = from] = text.split('-').map(Number);
    return { from, to };
  })
  .refine(({ from, to }) => from <= to, 'the last year is not before the first')
  // As in a dataset: a year of fewer than four digits would make no date.
  .refine(({ from, to }) => from >= 1874 && to <= 2100, 'years lie between 1874, that of the oldest film, and 2100');

/** What a person or the schedule starts a run with. Unknown fields are refused: a misspelt one would do something else. */
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
    .regex(
      /^Raw\/Local\/CSV\/(Movies|Series)\/\P{Cc}+$/u,
      'an upload is a key below Raw/Local/CSV/Movies/ or Raw/Local/CSV/Series/',
    )
    .optional(),
  /** Says what a run would do, and does nothing. */
  dryRun: z.boolean().optional(),
  /** Set by the schedule: `<aws.scheduler.scheduled-time>`. */
  scheduledTime: z.iso.datetime({ offset: true }).optional(),
  /** Goes on with that run: its plan, its day, its work. */
  resume: runName.optional(),
  limits: limits.optional(),
});

export const planEvent = z.strictObject({
  input: runInput,
  execution: z.strictObject({
    /** The execution's ARN. */
    id: z.string().min(1),
    name: runName,
    startTime: z.iso.datetime({ offset: true }),
  }),
});

export interface PlanServices {
  /** Folder of the datasets' files. */
  datasets: string;
  store: ObjectStore;
  tmdb: Tmdb;
  executions: Executions;
  clock: Clock;
  log: Log;
  walkersAtOnce: number;
}

/** What Plan hands to the state machine. */
export interface Planned extends RunRef {
  execution: string;
  outcome: 'planned' | 'turnedAway' | 'dryRun';
  /** For a person: what was decided. */
  says: string;
  redrive: number;
  sweeps: number;
  walkersAtOnce: number;
  unfinished: string[];
  /** Movies that page 1 of each list promises; branches whose page 1 could not be had are not in it. */
  expected: number;
}

/**
 * A Map of Step Functions writes some 10 events a branch and sweep into a history that ends at 25,000.
 * Source: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html (read 2026-11-22).
 */
const MOST_BRANCHES = 1_000;

/** Questions and writes under way at once while a run is planned. */
const AT_ONCE = 8;

/**
 * Plans a run: settles its day, takes that day, asks page 1 of every list, and writes each branch down in full.
 *
 * Page 1 costs a request a branch and pays twice: a wrong token fails here, before anything fans out, and the largest
 * branches can go first. A list whose page 1 can't be had is planned all the same: it is its own branch that fails.
 *
 * @throws {BadInputError} The input names something that isn't there or can't be.
 * @throws {TmdbTokenError}
 */
export const planRun = async (event: z.output<typeof planEvent>, services: PlanServices): Promise<Planned> => {
  const { input } = event;
  if (input.resume) return resumeRun(event, input.resume, services);

  const settings = await loadDataset(services.datasets, input.dataset);
  const ref = { dataset: settings.name, day: dayOf(event, settings), run: event.execution.name };
  const branches = await branchesOf(input, settings, ref.day, services);
  const wanted = only(branches.ofRun, input.only, settings.name);

  const turnedAway = input.dryRun ? undefined : await takeDay(event, ref, services);
  if (turnedAway) return turnedAway;

  if (settings.source.kind === 'csv') await checkToken(services);
  const expected = await firstPages(wanted, settings, services);
  const plannedAt = new Date(event.execution.startTime).toISOString();
  const planned = wanted
    .map((branch, at) => ({ branch, expected: expected[at] ?? null }))
    // Largest first: what takes longest must not begin last. Equal ones by name, so that a plan has one order.
    .toSorted((a, b) => (b.expected ?? 0) - (a.expected ?? 0) || (a.branch.name < b.branch.name ? -1 : 1));
  const movies = planned.reduce((sum, one) => sum + (one.expected ?? 0), 0);
  const answer = {
    ...begin(event, ref, services),
    unfinished: planned.map(({ branch }) => branch.name),
    expected: movies,
  };
  if (input.dryRun)
    return { ...answer, outcome: 'dryRun', says: `${estimate(planned, settings)} Nothing was written.` };

  const full = planned.map(
    ({ branch }): PlannedBranch => ({
      ...ref,
      branch: branch.name,
      settings,
      plannedAt,
      listFrom: branch.listFrom,
      placeholders: branch.placeholders,
      limits: input.limits ?? {},
    }),
  );
  const run = {
    ...ref,
    execution: event.execution.id,
    plannedAt,
    tmdb: services.tmdb.host,
    branches: planned.map(({ branch, expected: count }) => ({ name: branch.name, expected: count })),
    wholeDay: branches.ofDataset,
    ...(branches.read && { csv: branches.read }),
  };
  await savePlan(services.store, run, full, pLimit(AT_ONCE));
  return { ...answer, outcome: 'planned', says: estimate(planned, settings) };
};

const begin = ({ execution }: z.output<typeof planEvent>, ref: RunRef, { walkersAtOnce }: PlanServices) => ({
  ...ref,
  execution: execution.id,
  redrive: 0,
  sweeps: 0,
  walkersAtOnce,
});

/** The day that a run stands for: said, or scheduled, or that of its start; never the clock, so that a retry has the same. */
const dayOf = ({ input, execution }: z.output<typeof planEvent>, { timezone }: Dataset): Day => {
  const on = input.day ?? dayIn(timezone, new Date(input.scheduledTime ?? execution.startTime));
  // latest.json never goes back: a mistyped 2926 would hold it for nine centuries.
  const last = dayIn(timezone, new Date(Date.parse(execution.startTime) + A_YEAR_MS));
  if (on > last) throw new BadInputError(`day: it lies more than a year ahead; got "${on}".`);
  return on;
};

const A_YEAR_MS = 366 * 86_400_000;

/** The branches of this run, and all that the dataset has on that day. */
const branchesOf = async (input: z.output<typeof runInput>, settings: Dataset, on: Day, { store }: PlanServices) => {
  const { source, name } = settings;
  const { years, upload } = input;
  if (years && source.kind === 'popular')
    throw new BadInputError(`years: dataset ${name} is a list of what is popular now and has no years.`);
  if (upload && source.kind !== 'csv') throw new BadInputError(`upload: dataset ${name} reads no CSV.`);
  const plan: PlanFor = { settings, day: on, years };
  const { branches, read } =
    source.kind === 'csv'
      ? await csvBranches(source, plan, { store, upload, only: input.only !== undefined })
      : { branches: listed(source, plan), read: undefined };
  if (branches.length > MOST_BRANCHES) {
    throw new BadInputError(
      `dataset ${name} would have ${branches.length} branches, and a run has ${MOST_BRANCHES} at most: split it with years ("2000-2009", then "2010-2019") or into two datasets${source.kind === 'csv' ? ', or raise source.idsPerBranch' : ''}.`,
    );
  }
  if (branches.length === 0)
    throw new BadInputError(`dataset ${name} has no branch on ${on}: its first year lies in the future.`);
  const ofDataset = years && source.kind !== 'csv' ? listed(source, { settings, day: on }) : branches;
  return { ofRun: branches, ofDataset: ofDataset.map((branch) => branch.name), read };
};

/** Branches that follow from the dataset alone. */
const listed = (source: Exclude<Dataset['source'], { kind: 'csv' }>, plan: PlanFor): SourceBranch[] =>
  source.kind === 'discover' ? pairsOf(source, plan) : popularBranches(source);

const only = (
  branches: readonly SourceBranch[],
  names: readonly string[] | undefined,
  dataset: string,
): readonly SourceBranch[] => {
  if (!names) return branches;
  const unknown = names.find((name) => !branches.some((branch) => branch.name === name));
  if (unknown) {
    const first = branches.slice(0, 40).map(({ name }) => name);
    throw new BadInputError(
      `only: dataset ${dataset} has no branch ${JSON.stringify(unknown)}: it has ${first.join(', ')}${branches.length > first.length ? ` and ${branches.length - first.length} more` : ''}.`,
    );
  }
  return branches.filter(({ name }) => names.includes(name));
};

const takeDay = async (
  event: z.output<typeof planEvent>,
  ref: RunRef,
  services: PlanServices,
): Promise<Planned | undefined> => {
  const { store, executions, clock } = services;
  const holder = await lockDay(store, executions, ref, event.execution.id, new Date(clock.now()));
  if (holder === undefined) return undefined;
  return {
    ...begin(event, ref, services),
    outcome: 'turnedAway',
    says: `${holder} is running for ${ref.dataset}, ${ref.day}, already; this one writes nothing.`,
    unfinished: [],
    expected: 0,
  };
};

/** Where no list is asked for at once, so that a wrong token fails before anything fans out all the same. */
const checkToken = ({ tmdb }: PlanServices) => tmdb.get('/authentication', {}, z.unknown(), newTally());

/** How many movies each list promises; undefined where its page 1 could not be had. */
const firstPages = async (
  branches: readonly SourceBranch[],
  settings: Dataset,
  services: PlanServices,
): Promise<(number | undefined)[]> => {
  const { tmdb, log } = services;
  const atOnce = pLimit(AT_ONCE);
  const errors: unknown[] = [];
  let answered = 0;
  const ask = async ({ name, listFrom, expected }: SourceBranch): Promise<number | undefined> => {
    const first = sourceOf(listFrom).firstPage?.(listFrom, settings);
    if (!first) return expected;
    // A wrong token, or nobody there: asking on would only cost the time in which to say so.
    if (errors[0] instanceof TmdbTokenError || (answered === 0 && errors.length >= AT_ONCE)) return undefined;
    try {
      const page = await tmdb.get(first.path, { ...first.query, page: 1 }, listPage, newTally());
      answered += 1;
      return first.expected(page);
    } catch (error) {
      if (error instanceof TmdbTokenError) errors.unshift(error);
      else errors.push(error);
      log.warn('no page 1', { branch: name, because: String(error) });
      return undefined;
    }
  };
  const counts = await Promise.all(branches.map((branch) => atOnce(() => ask(branch))));
  // All of them refused, or our token: that is no branch's own trouble.
  if (errors[0] instanceof TmdbTokenError) throw errors[0];
  if (answered === 0 && errors.length > 0) {
    await checkToken(services);
    throw errors[0];
  }
  return counts;
};

const estimate = (planned: readonly { branch: SourceBranch; expected: number | null }[], settings: Dataset): string => {
  const movies = planned.reduce((sum, { expected }) => sum + (expected ?? 0), 0);
  const unknown = planned.filter(({ expected }) => expected === null).length;
  const [first] = planned;
  const perMovie =
    first && fetcherFor({ settings, listFrom: first.branch.listFrom }) ? (settings.source.kind === 'csv' ? 2 : 1) : 0;
  const pages =
    settings.source.kind === 'csv'
      ? 0
      : planned.reduce((sum, { expected }) => sum + Math.max(1, Math.ceil((expected ?? 0) / 20)), 0);
  return `${planned.length} ${planned.length === 1 ? 'branch' : 'branches'}, ${movies} ${{ discover: 'movies', popular: 'items', csv: 'ids' }[settings.source.kind]}${unknown ? ` and those of ${unknown} branches whose list could not be had` : ''}, about ${pages + movies * perMovie} requests.`;
};

/**
 * Goes on with a run of the past: after 14 days, when Step Functions redrives no longer, or after a change of the state
 * machine. Also what `npm start -- --redrive` does.
 */
const resumeRun = async (event: z.output<typeof planEvent>, run: string, services: PlanServices): Promise<Planned> => {
  const { input } = event;
  const other = (['only', 'years', 'upload', 'dryRun', 'limits'] as const).find((field) => input[field] !== undefined);
  if (other) throw new BadInputError(`${other}: it doesn't go with resume, which goes on with the plan that there is.`);
  const { store } = services;
  const days = input.day
    ? [input.day]
    : (await store.folders(places.days(input.dataset))).map((folder) => folder.slice(0, -1));
  const runs = await Promise.all(
    days.flatMap((on) =>
      day.safeParse(on).success ? [loadRun(store, { dataset: input.dataset, day: on as Day, run })] : [],
    ),
  );
  const found = runs.find((one) => one !== undefined);
  if (!found)
    throw new BadInputError(
      `resume: dataset ${input.dataset} has no run ${JSON.stringify(run)} (any more: plans and work are kept for 16 days).`,
    );
  if (found.tmdb !== services.tmdb.host) {
    throw new BadInputError(
      `resume: run ${run} asks ${found.tmdb}, and this would go on with ${services.tmdb.host}, to which its ids mean nothing; set TMDB_TOKEN and TMDB_BASE_URL as they were.`,
    );
  }
  const ref = runRef.parse(found);

  const turnedAway = await takeDay(event, ref, services);
  if (turnedAway) return turnedAway;
  const unfinished = await stillToDo(store, found);
  if (unfinished.length > 0) await checkToken(services);
  const expected = found.branches
    .filter(({ name }) => unfinished.includes(name))
    .reduce((sum, branch) => sum + (branch.expected ?? 0), 0);
  return {
    ...begin(event, ref, services),
    outcome: 'planned',
    says: `${unfinished.length} of ${found.branches.length} branches of run ${run} are unfinished.`,
    unfinished,
    expected,
  };
};
