import pLimit from 'p-limit';
import type { Dataset } from '../datasets/dataset.ts';
import { loadDataset } from '../datasets/load.ts';
import { unknownNames } from '../datasets/unknown-names.ts';
import { didYouMean } from '../did-you-mean.ts';
import type { Emit } from '../events.ts';
import { type RunRef, runRef } from '../names.ts';
import { BadInputError } from '../parse.ts';
import { partKeys } from '../raw-zone/key-pattern.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { isInLatest, loadDayManifest, markRewriting } from '../runs/day-manifest.ts';
import { fencedStore } from '../runs/fence.ts';
import { type LockServices, lockDay } from '../runs/lock.ts';
import { type BranchManifest, hasRetriedIds, loadManifests } from '../runs/manifest.ts';
import { ifNotPlanned, loadBranch, loadRuns, type PlannedBranch, type PlannedRun, savePlan } from '../runs/plan.ts';
import {
  NoUploadError,
  openSource,
  type PlanFor,
  type Source,
  type SourceBranch,
  type SourceBranches,
  type SourceKinds,
} from '../sources/source.ts';
import { tablesOf } from '../tables/schema.ts';
import type { Tmdb } from '../tmdb/client.ts';
import { DayTakenError, unfinishedBranches } from './audit.ts';
import { refuseOtherTmdb } from './one-tmdb.ts';
import { checkToken, NOTHING_SHARED, readFirstPages } from './plan-first-pages.ts';
import { type Forecast, forecast, type Pace, sentence } from './plan-forecast.ts';
import { dayOf, type PlanEvent } from './plan-input.ts';
import { findReshaped, keptAnswers } from './plan-reshape.ts';
import { findResumed } from './plan-resume.ts';
import { LONGEST_CALL_SECONDS } from './walk.ts';

export interface PlanServices extends LockServices {
  /** Folder of the datasets' files. */
  datasets: string;
  kinds: SourceKinds;
  tmdb: Tmdb;
  emit: Emit;
  walkersAtOnce: number;
  /** How fast this run may ask TMDB, for the forecast. */
  pace: Pace;
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
  /** What in the dataset is probably not meant. */
  warnings: string[];
  /** Items that page 1 of each list promises; branches whose page 1 was not available are not in it. */
  expected: number;
  /** Of a dry run: what a run would do and cost. */
  forecast?: Forecast;
}

/** Most bytes of a dry run's answer: 262,144 may pass between two states, and the state machine adds nothing to it. */
const MOST_ANSWER_BYTES = 250_000;

/**
 * A Map of Step Functions writes some 10 events a branch and sweep into a history that ends at 25,000.
 * Source: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html (read 2026-11-22).
 */
const MOST_BRANCHES = 1_000;

/** Movies of one list that TMDB serves: 500 pages. Only discover lists can be longer; a CSV's slices are shorter. */
const LONGEST_LIST = 10_000;

/** Objects of S3 that are written at once. */
const WRITES_AT_ONCE = 8;

/**
 * Plans a run: decides its day, locks that day, reads page 1 of every list, and writes each branch down in full.
 *
 * Page 1 is one request a branch and has two uses: a wrong token fails here, before any branch starts, and the largest
 * branches can go first. A branch whose page 1 is not available is planned too: it fails by itself.
 *
 * @throws {BadInputError} The input names something that isn't there or can't be.
 * @throws {TmdbTokenError}
 * @throws {DayTakenError} The schedule started the run, and another execution is writing that day.
 */
export const planRun = async (event: PlanEvent, services: PlanServices): Promise<Planned> => {
  const { resume, reshape } = event.input;
  const planned = resume
    ? await resumeRun(event, resume, services)
    : reshape
      ? await reshapeRun(event, reshape, services)
      : await planNewRun(event, services);
  const { dataset, day, run, outcome, expected, says } = planned;
  for (const warning of planned.warnings) services.emit({ type: 'datasetDoubtful', dataset, warning });
  services.emit({
    type: 'planned',
    dataset,
    day,
    run,
    outcome,
    branches: planned.unfinished.length,
    expected,
    sentence: says,
  });
  return planned;
};

const planNewRun = async (event: PlanEvent, services: PlanServices): Promise<Planned> => {
  const { input, execution } = event;
  const { store, kinds } = services;
  const settings = await loadDataset(services.datasets, input.dataset, kinds);
  const source = openSource(kinds, settings);
  const ref = { dataset: settings.name, day: dayOf(event, settings), run: execution.name };
  services.emit({ type: 'dayDecided', ...ref });
  const noUpload: string[] = [];
  const { ofRun, wholeDay, csv } = await branchesOf(event, settings, source, { day: ref.day, store }).catch(
    (error: unknown): SourceBranches => {
      if (!(input.dryRun && error instanceof NoUploadError)) throw error;
      noUpload.push(error.message);
      return { ofRun: [], wholeDay: [] };
    },
  );
  const wanted = only(ofRun, input.only, settings.name);
  const isWhole = !input.only && wholeDay.every((name) => ofRun.some((branch) => branch.name === name));
  refuseOtherTmdb(await loadManifests(store, ref), ref, services.tmdb.name);

  const turnedAway = input.dryRun ? undefined : await takeDay(event, ref, services);
  if (turnedAway) return turnedAway;
  // Only now: before, another run may have been writing the day.
  const names = [...wholeDay, ...ofRun.map(({ name }) => name)];
  const before = await writtenBefore(store, ref, { names, isWhole });
  const { removed } = before;

  const firstPages = await readFirstPages(wanted, source, services);
  const planned = wanted
    .map((branch, index) => ({
      branch,
      expected: firstPages[index]?.expected ?? null,
      // A run of some branches asks for all of their items.
      shares: (isWhole && firstPages[index]) || NOTHING_SHARED,
    }))
    // Largest first: what takes longest must not begin last. Equal ones by name, so that a plan has one order.
    .toSorted((a, b) => (b.expected ?? 0) - (a.expected ?? 0) || (a.branch.name < b.branch.name ? -1 : 1));
  const media = new Set(ofRun.map(({ listFrom }) => source.itemRequest(listFrom).media));
  const outlook = forecast({
    source,
    branches: planned.map(({ branch: { name }, expected, shares }) => ({ ...shares, name, expected })),
    removed: removed.length,
    recordsPerFile: settings.output.recordsPerFile,
    tables: tablesOf(settings, [...media]).length,
    walkersAtOnce: services.walkersAtOnce,
    pace: services.pace,
    callSeconds: input.limits?.walkSeconds ?? LONGEST_CALL_SECONDS,
  });
  const says = sentence(outlook, planned.length, source);
  const answer = {
    ...begin(event, ref, services),
    warnings: unknownNames(settings, [...media].toSorted()),
    unfinished: [...planned.map(({ branch }) => branch.name), ...removed.map(({ branch }) => branch)],
    expected: outlook.movies,
  };
  if (input.dryRun) {
    const warnings = [
      ...answer.warnings,
      ...(await dayWarnings(store, ref)),
      ...planned.flatMap((one) => longListWarning(one.branch.name, one.expected, source)),
      ...noUpload,
    ];
    return withinLimit({
      ...answer,
      warnings,
      outcome: 'dryRun',
      says: `${says} Nothing was written.`,
      forecast: outlook,
    });
  }

  const branches = planned.map(({ branch: { name, listFrom, placeholders, owners = [] }, expected: count }) => ({
    branch: name,
    listFrom,
    placeholders,
    media: source.itemRequest(listFrom).media,
    owners,
    expected: count,
  }));
  const run = {
    tmdb: services.tmdb.name,
    wholeDay,
    ...(csv && { csv }),
    forecast: { perSecond: outlook.perSecond, dollars: outlook.dollars },
  };
  await storePlan(event, ref, { settings, before, branches, run }, services);
  return { ...answer, outcome: 'planned', says };
};

/** What earlier runs of the day have written or planned, and this one removes. */
interface Before {
  removed: Pick<PlannedBranch, 'branch' | 'placeholders'>[];
  /** Key patterns. */
  keys: string[];
}

/**
 * @param names Branches that the dataset or the run has.
 * @param isWhole Whether the run has all branches of the dataset. Otherwise it removes none.
 */
const writtenBefore = async (
  store: ObjectStore,
  ref: RunRef,
  { names, isWhole }: { names: readonly string[]; isWhole: boolean },
): Promise<Before> => {
  const manifests = await loadManifests(store, ref);
  const earlier = (await loadRuns(store, ref)).filter(({ run }) => run !== ref.run);
  return {
    removed: isWhole ? await removedBranches(store, ref, { manifests, earlier, names }) : [],
    keys: [...new Set(earlier.flatMap(({ output }) => output?.key ?? []))],
  };
};

interface NewPlan {
  settings: Dataset;
  before: Before;
  branches: readonly Pick<
    PlannedBranch,
    'branch' | 'listFrom' | 'placeholders' | 'media' | 'owners' | 'expected' | 'answersOf'
  >[];
  /** What the plan of the run has besides what all have. */
  run: Pick<PlannedRun, 'tmdb' | 'csv' | 'forecast' | 'reshapes'> & { wholeDay: readonly string[] };
}

/** Stores the plan of a new run, and then marks the day as being written again. */
const storePlan = async (
  { input, execution }: PlanEvent,
  ref: RunRef,
  { settings, before, branches, run }: NewPlan,
  services: PlanServices,
): Promise<void> => {
  const plannedAt = new Date(execution.startTime).toISOString();
  const { key, format, gzip } = settings.output;
  const all = {
    ...ref,
    tmdb: run.tmdb,
    settings,
    plannedAt,
    earlierKeys: before.keys.filter((one) => one !== key),
    round: 0,
    limits: input.limits ?? {},
  };
  const firstKey = ({ placeholders }: Pick<PlannedBranch, 'placeholders'>) =>
    partKeys(key, ref.day, placeholders).key(1);
  const firstKeys = new Set(branches.map(firstKey));
  const full = [
    ...branches.map(
      (branch): PlannedBranch => ({
        ...all,
        ...branch,
        role: run.wholeDay.includes(branch.branch) ? 'dataset' : 'extra',
      }),
    ),
    ...before.removed.map(
      (branch): PlannedBranch => ({
        ...all,
        ...branch,
        role: 'removed',
        keysOfAnother: firstKeys.has(firstKey(branch)),
        expected: 0,
        listFrom: {},
        media: 'movie',
        owners: [],
      }),
    ),
  ];
  const planned: PlannedRun = {
    ...ref,
    execution: execution.id,
    plannedAt,
    ...run,
    branches: full.map(({ branch, expected }) => ({ name: branch, expected })),
    wholeDay: [...run.wholeDay],
    output: { key, format, gzip },
  };
  await savePlan(services.store, planned, full, pLimit(WRITES_AT_ONCE));
  await markRewriting(fencedStore(services, ref, execution.id), ref, ref.run);
};

/** Writes kept answers again, as the dataset is now: a new run that requests nothing. */
const reshapeRun = async (event: PlanEvent, reshape: string, services: PlanServices): Promise<Planned> => {
  const { input, execution } = event;
  const { store, kinds } = services;
  const settings = await loadDataset(services.datasets, input.dataset, kinds);
  const found = await findReshaped({ ...input, reshape }, store);
  const ref = { dataset: settings.name, day: found.day, run: execution.name };
  services.emit({ type: 'dayDecided', ...ref });
  // Before the answers are read: another run may be replacing them.
  const turnedAway = await takeDay(event, ref, services);
  if (turnedAway) return turnedAway;
  const { newest, branches, wholeDay } = await keptAnswers(found, settings, services);
  const names = branches.map(({ branch }) => branch);
  const isWhole = wholeDay.every((name) => names.includes(name));
  const before = await writtenBefore(store, ref, { names: [...wholeDay, ...names], isWhole });
  const source = openSource(kinds, settings);
  const media = new Set(branches.map(({ listFrom }) => source.itemRequest(listFrom).media));
  const plan = {
    settings,
    before,
    branches: branches.map(({ branch, listFrom, placeholders, media: itsMedia, owners, expected, answersOf }) => ({
      branch,
      listFrom,
      placeholders,
      media: itsMedia,
      owners: ownersNow(owners, wholeDay),
      expected,
      answersOf,
    })),
    run: { tmdb: newest.tmdb, ...(newest.csv && { csv: newest.csv }), wholeDay, reshapes: reshape },
  };
  await storePlan(event, ref, plan, services);
  const expected = branches.reduce((sum, branch) => sum + (branch.expected ?? 0), 0);
  return {
    ...begin(event, ref, services),
    warnings: unknownNames(settings, [...media].toSorted()),
    unfinished: [...names, ...before.removed.map(({ branch }) => branch)],
    expected,
    outcome: 'planned',
    says: `${branches.length} ${branches.length === 1 ? 'branch' : 'branches'}, ${expected} ${source.noun}, from the kept answers of ${reshape}: no request to TMDB.`,
  };
};

/** The owners as a new run would have them: the dataset may have fewer genres now, or another order of them. */
const ownersNow = (owners: PlannedBranch['owners'], wholeDay: readonly string[]): PlannedBranch['owners'] => {
  const now = owners.filter(({ branch }) => wholeDay.includes(branch));
  // Years that are not in the dataset: none of their branches is in the day.
  return now.length ? now.toSorted((a, b) => wholeDay.indexOf(a.branch) - wholeDay.indexOf(b.branch)) : owners;
};

const longListWarning = (branch: string, expected: number | null, { noun }: Source): string[] =>
  expected !== null && expected > LONGEST_LIST
    ? [
        `${branch} lists ${expected} ${noun}, and TMDB serves ${LONGEST_LIST} of one list: it is read in several parts, by date`,
      ]
    : [];

/** A run of a complete day is allowed, but it may be a mistake. */
const dayWarnings = async (store: ObjectStore, ref: RunRef): Promise<string[]> => {
  const manifest = await loadDayManifest(store, ref);
  return manifest?.complete
    ? [
        `${ref.day} is complete already: run ${manifest.run} wrote it. A run would request it again and replace its files`,
      ]
    : [];
};

/** The answer with figures for each branch, if that is not too large to pass between two states. */
const withinLimit = (answer: Planned): Planned => {
  if (Buffer.byteLength(JSON.stringify(answer)) <= MOST_ANSWER_BYTES || !answer.forecast) return answer;
  const { perBranch: _, ...totals } = answer.forecast;
  return { ...answer, forecast: totals };
};

const begin = ({ execution }: PlanEvent, ref: RunRef, { walkersAtOnce }: PlanServices) => ({
  ...ref,
  execution: execution.id,
  redrive: execution.redriveCount,
  sweeps: 0,
  walkersAtOnce,
  warnings: [] as string[],
});

/** The branches of this run, and all that the dataset has on that day. */
const branchesOf = async (
  { input }: PlanEvent,
  { name }: Dataset,
  source: Source,
  { day, store }: Pick<PlanFor, 'day' | 'store'>,
) => {
  const { years, upload } = input;
  const refused = (['years', 'upload'] as const).find((field) => input[field] && !source.accepts.includes(field));
  if (refused) throw new BadInputError(`${refused}: leave it out; the source of dataset ${name} has no ${refused}.`);
  const branches = await source.branches({ day, years, upload, only: input.only !== undefined, store });
  const { length } = branches.ofRun;
  if (length > MOST_BRANCHES)
    throw new BadInputError(
      `dataset ${name} would have ${length} branches, and a run has ${MOST_BRANCHES} at most; ${source.howToSplit}.`,
    );
  if (length === 0)
    throw new BadInputError(`dataset ${name} has no branch on ${day}: its first year is in the future.`);
  return branches;
};

/**
 * Branches that an earlier run of the day planned and the dataset no longer has, with what they fill into the key
 * pattern: a killed writer may have left parts of them. Back-filled years are not among them.
 */
const removedBranches = async (
  store: ObjectStore,
  ref: RunRef,
  {
    manifests,
    earlier,
    names,
  }: { manifests: ReadonlyMap<string, BranchManifest>; earlier: readonly PlannedRun[]; names: readonly string[] },
): Promise<Pick<PlannedBranch, 'branch' | 'placeholders'>[]> => {
  const written = [...manifests.values()].flatMap(({ branch, role }) => (role === 'dataset' ? [branch] : []));
  const planned = earlier.flatMap(({ run, branches }) => branches.map(({ name }) => ({ name, run })));
  const gone = new Set([...written, ...planned.map(({ name }) => name)].filter((name) => !names.includes(name)));
  const atOnce = pLimit(WRITES_AT_ONCE);
  const removed = await Promise.all(
    [...gone].map((branch) =>
      atOnce(async () => {
        const run = planned.findLast(({ name }) => name === branch)?.run;
        const plan =
          run === undefined ? undefined : await loadBranch(store, { ...ref, run, branch }).catch(ifNotPlanned);
        const role = manifests.get(branch)?.role ?? plan?.role ?? 'dataset';
        return role === 'dataset' ? [{ branch, placeholders: plan?.placeholders ?? {} }] : [];
      }),
    ),
  );
  return removed.flat();
};

const only = (
  branches: readonly SourceBranch[],
  names: readonly string[] | undefined,
  dataset: string,
): readonly SourceBranch[] => {
  if (!names) return branches;
  const unknown = names.find((name) => !branches.some((branch) => branch.name === name));
  if (unknown) {
    const meant = didYouMean(
      unknown,
      branches.map(({ name }) => name),
    );
    const first = branches.slice(0, 40).map(({ name }) => name);
    throw new BadInputError(
      `only: dataset ${dataset} has no branch ${JSON.stringify(unknown)}; it has ${first.join(', ')}${branches.length > first.length ? ` and ${branches.length - first.length} more` : ''}${meant || '.'}`,
    );
  }
  return branches.filter(({ name }) => names.includes(name));
};

/**
 * @returns What Plan answers where another execution is writing that day; undefined where this one got its lock.
 * @throws {DayTakenError} Another execution is writing that day, and the schedule started this one.
 */
const takeDay = async (event: PlanEvent, ref: RunRef, services: PlanServices): Promise<Planned | undefined> => {
  const holder = await lockDay(services, ref, event.execution.id);
  if (holder === undefined) return undefined;
  const says = `${holder} is writing ${ref.dataset}, ${ref.day}, already; this run writes nothing.`;
  // No person sees the output of a scheduled run. A failed run sends a message, and can be redriven.
  if (event.input.scheduledTime !== undefined)
    throw new DayTakenError(`${says} If that run doesn't complete the day, redrive this one when that one has ended.`);
  return {
    ...begin(event, ref, services),
    outcome: 'turnedAway',
    says,
    unfinished: [],
    expected: 0,
  };
};

/** Continues a run: its unfinished branches, and those with movies that another request may bring. */
const resumeRun = async (event: PlanEvent, run: string, services: PlanServices): Promise<Planned> => {
  const { store, tmdb } = services;
  const found = await findResumed({ ...event.input, resume: run }, { store, tmdb: tmdb.name });
  const ref = runRef.parse(found);
  services.emit({ type: 'dayDecided', ...ref });
  refuseOtherTmdb(await loadManifests(store, ref), ref, found.tmdb);
  const turnedAway = await takeDay(event, ref, services);
  if (turnedAway) return turnedAway;
  const manifests = await loadManifests(store, ref);
  const unfinished = unfinishedBranches(found, manifests);
  const incomplete = branchesToRetry(found, manifests, unfinished);
  const todo = [...unfinished, ...incomplete];
  if (todo.length === 0 && (await isAudited(store, ref)))
    return {
      ...begin(event, ref, services),
      outcome: 'turnedAway',
      says: `Run ${run} has no unfinished branch, and ${ref.dataset}, ${ref.day}, is complete; nothing is to be done.`,
      unfinished: [],
      expected: 0,
    };
  if (todo.length > 0) {
    if (found.reshapes === undefined) await checkToken(tmdb);
    await beginRound(store, found, incomplete);
    await markRewriting(fencedStore(services, ref, event.execution.id), ref, run);
  }
  const more = incomplete.length
    ? ` ${incomplete.length} more ${incomplete.length === 1 ? 'has' : 'have'} movies without a usable answer, which are requested again.`
    : '';
  return {
    ...begin(event, ref, services),
    outcome: 'planned',
    says: `${unfinished.length} of ${found.branches.length} branches of run ${run} are unfinished.${more}`,
    unfinished: todo,
    expected: found.branches
      .filter(({ name }) => todo.includes(name))
      .reduce((sum, branch) => sum + (branch.expected ?? 0), 0),
  };
};

/**
 * Whether the audit of a complete day is over. It writes `latest.json` after the manifest of the day, and may have been
 * killed between them.
 *
 * If another run has written the day since, its audit is none of this run's work: this one would write the manifest by its
 * own, older plan.
 */
const isAudited = async (store: ObjectStore, ref: RunRef): Promise<boolean> => {
  const manifest = await loadDayManifest(store, ref);
  if (!manifest?.complete) return false;
  return manifest.run !== ref.run || isInLatest(store, manifest);
};

/** Makes finished branches unfinished, so that they are walked and written again. */
const beginRound = async (store: ObjectStore, run: PlannedRun, names: readonly string[]): Promise<void> => {
  if (names.length === 0) return;
  const again = await Promise.all(names.map((branch) => loadBranch(store, { ...runRef.parse(run), branch })));
  const branches = again.map((branch) => ({ ...branch, round: branch.round + 1 }));
  const rounds = new Map(branches.map(({ branch, round }) => [branch, round]));
  await savePlan(
    store,
    { ...run, branches: run.branches.map((one) => ({ ...one, round: rounds.get(one.name) ?? one.round })) },
    branches,
    pLimit(WRITES_AT_ONCE),
  );
};

/** Branches that the run finished, within the tolerance, without movies that another request may bring. */
const branchesToRetry = (
  { run, branches, reshapes }: PlannedRun,
  manifests: ReadonlyMap<string, BranchManifest>,
  unfinished: readonly string[],
): string[] =>
  // A run that reshapes requests nothing.
  (reshapes === undefined ? branches : [])
    .map(({ name }) => name)
    .filter((name) => {
      const manifest = manifests.get(name);
      return manifest?.run === run && hasRetriedIds(manifest) && !unfinished.includes(name);
    });
