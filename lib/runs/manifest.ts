import pLimit from 'p-limit';
import * as z from 'zod';
import { type BranchRef, branchName, branchRef, type DayRef } from '../names.ts';
import type { ObjectStore, ReadableStore } from '../raw-zone/object-store.ts';
import { layout } from './layout.ts';
import { branchRole, outputRef, type PlannedBranch } from './plan.ts';
import { sealed } from './seal.ts';
import { readable } from './stored.ts';
import { traffic } from './traffic.ts';
import { isRetried, REASONS } from './work.ts';

const id = z.union([z.int(), z.string()]);
const moment = z.iso.datetime().nullable();

const part = z.object({
  key: z.string(),
  records: z.int(),
  bytes: z.int(),
  sha256: z.string(),
  /** Set only in a versioned bucket. A reader who requests this version gets these bytes, even after a later write. */
  versionId: z.string().optional(),
});

/** The Parquet files of a branch, and which movies have their rows in them. */
const branchTables = z.object({
  /** The table with a row for each movie: movies or series. */
  main: z.string(),
  files: z.array(
    z.object({
      table: z.string(),
      key: z.string(),
      rows: z.int(),
      bytes: z.int(),
      sha256: z.string(),
      versionId: z.string().optional(),
      /** Sum of the column `share`, for tables that have one: it equals the rows of `main`. */
      shares: z.number().optional(),
    }),
  ),
  /** TMDB's ids of the movies with a row in `main`, in the order of numbers. */
  ids: z.array(z.int()),
  /** Kept movies whose rows another branch has, because they have its genre. */
  elsewhere: z.array(z.object({ branch: branchName, ids: z.array(z.int()) })),
  /** Records of a movie that has its row already. A CSV can have two IMDb ids of one movie. */
  repeated: z.int(),
  /** Fields that are not as the tables declare them: without a declared type, or with values that don't fit it. */
  drift: z.array(z.object({ field: z.string(), type: z.string().optional(), values: z.int(), example: z.string() })),
});
export type BranchTablesEntry = z.output<typeof branchTables>;

/** Ids without a record, by reason. */
export const missingIds = z.partialRecord(z.enum(REASONS), z.array(id));

/** Figures that a day's manifest adds up over its branches. */
export const figures = z.object({
  /** TMDB's `total_results` when the list was read. */
  expected: z.int(),
  /** Rows that the first pass over the list read. */
  listed: z.int(),
  distinct: z.int(),
  doubled: z.int(),
  /** Movies that the dataset's `keep` rules exclude. */
  leftOut: z.int(),
  kept: z.int(),
  written: z.int(),
  bytes: z.int(),
  /** Requests to TMDB whose results were stored, retries included. */
  requests: z.int(),
  retries: z.int(),
  throttles: z.int(),
});
export type Figures = z.output<typeof figures>;

/**
 * `_manifests/<dataset>/<day>/branches/<branch>.json`: the figures and the parts of a branch. It is written after its
 * parts, so every part that it names exists. distinct = kept + leftOut + missing; kept = written = records of all parts.
 */
export const branchManifest = branchRef.extend({
  plannedAt: z.iso.datetime(),
  /** See the branch's plan. */
  role: branchRole.default('dataset'),
  round: z.int().default(0),
  /** The TMDB that the data is from: its host, or the name that it was given. Absent in manifests of earlier versions. */
  tmdb: z.string().optional(),
  codeVersion: z.string(),
  writtenAt: moment,
  ...figures.shape,
  passes: z.int(),
  missing: missingIds,
  /** For each quarantined id: the reason, and the key of TMDB's response. */
  quarantine: z.array(z.object({ id, why: z.string(), key: z.string() })),
  /** For each unavailable id: what TMDB answered last. */
  unavailable: z.array(z.object({ id, why: z.string() })).default([]),
  warnings: z.array(z.string()),
  fetchedAt: z.object({ from: moment, to: moment }),
  /** The requests over time. Absent in manifests of earlier versions. */
  traffic: traffic.optional(),
  /** Key pattern and format of the parts. */
  output: outputRef.optional(),
  parts: z.array(part),
  /** Absent if the dataset has no tables, and in manifests of earlier versions. */
  tables: branchTables.optional(),
  /** The file with the ids of the movies that the rules exclude. Absent if there never was one, and in earlier versions. */
  leftOutFile: z.object({ key: z.string(), bytes: z.int(), sha256: z.string() }).optional(),
});
export type BranchManifest = z.output<typeof branchManifest>;

/** A manifest whose figures do not add up: an error of this code. The branch fails instead of being reported as whole. */
export class InconsistentManifestError extends Error {
  override readonly name = 'InconsistentManifestError';
}

/** @returns undefined where there is no manifest, where it is damaged, or where this version of the code can't read it. */
export const loadManifest = async (
  store: ReadableStore,
  ref: Omit<BranchRef, 'run'>,
): Promise<BranchManifest | undefined> => readable(branchManifest, await store.get(layout.branchManifest(ref)));

/** Objects of S3 that are read at once; a thousand manifests take a few seconds. */
export const READS_AT_ONCE = 20;

/** The manifests of all branches that a day has, by branch. */
export const loadManifests = async (store: ReadableStore, ref: DayRef): Promise<Map<string, BranchManifest>> => {
  const atOnce = pLimit(READS_AT_ONCE);
  const prefix = layout.branchManifests(ref);
  const names = (await store.list(prefix))
    .map((key) => key.slice(prefix.length, -'.json'.length))
    .filter((name) => branchName.safeParse(name).success);
  const manifests = await Promise.all(
    names.map((branch) => atOnce(() => loadManifest(store, { dataset: ref.dataset, day: ref.day, branch }))),
  );
  return new Map(manifests.flatMap((manifest) => (manifest ? [[manifest.branch, manifest] as const] : [])));
};

/** @throws {InconsistentManifestError} */
export const saveManifest = (store: ObjectStore, manifest: BranchManifest) => {
  checkSums(manifest);
  return store.put(layout.branchManifest(manifest), sealed(branchManifest.parse(manifest)));
};

const checkSums = (manifest: BranchManifest): void => {
  const wrong = sumProblems(manifest);
  if (wrong.length)
    throw new InconsistentManifestError(
      `${manifest.branch}: the manifest's figures do not add up: ${wrong.join('; ')}. Please report this error.`,
    );
};

/** What in the figures of a branch does not add up; nothing in a manifest that was saved here. */
export const sumProblems = ({ distinct, kept, leftOut, written, missing, parts, tables }: BranchManifest): string[] => {
  const ids = Object.values(missing).flat();
  const records = parts.reduce((sum, part) => sum + part.records, 0);
  return [
    distinct !== kept + leftOut + ids.length &&
      `${distinct} distinct items are not ${kept} kept + ${leftOut} left out + ${ids.length} missing`,
    (kept !== written || kept !== records) &&
      `${kept} kept movies are not ${written} written ones with ${records} records in the parts`,
    new Set(ids).size !== ids.length && 'an id is missing for two reasons',
    new Set(parts.map(({ key }) => key)).size !== parts.length && 'two parts have one key',
    ...(tables ? tableProblems(tables, kept) : []),
  ].filter((one) => one !== false);
};

const tableProblems = ({ main, files, ids, elsewhere, repeated }: BranchTablesEntry, kept: number) => {
  const others = elsewhere.flatMap((one) => one.ids);
  const ofMain = files.filter(({ table }) => table === main).reduce((sum, { rows }) => sum + rows, 0);
  const shared = Map.groupBy(files, ({ table, shares }) => (shares === undefined ? undefined : table));
  const wrongShares = [...shared].flatMap(([table, all]) => {
    const sum = all.reduce((total, { shares = 0 }) => total + shares, 0);
    return table !== undefined && Math.abs(sum - ids.length) > SHARE_TOLERANCE
      ? [`the shares of ${table} add up to ${sum}, not to ${ids.length} movies`]
      : [];
  });
  return [
    kept !== ids.length + others.length + repeated &&
      `${kept} kept movies are not ${ids.length} with rows + ${others.length} of other branches + ${repeated} repeated`,
    ofMain !== ids.length && `${ofMain} rows of ${main} are not ${ids.length} movies`,
    new Set([...ids, ...others]).size !== ids.length + others.length && `a movie is in ${main} twice`,
    ...wrongShares,
  ].filter((one) => one !== false);
};

/** A share is 1/n: thirds don't add up exactly. */
const SHARE_TOLERANCE = 1e-3;

/** A branch that has lost more than this share of its items, or of their records, is worth a look. */
export const LOST_SHARE = 0.25;

/**
 * Whether a branch is finished: by its own run, or by a run of the same day that was planned later. A run that is
 * redriven after a later run has finished must not overwrite newer data with older data.
 */
export const isFinished = (
  manifest: BranchManifest | undefined,
  { run, plannedAt, round = 0 }: Pick<PlannedBranch, 'run' | 'plannedAt'> & { round?: number },
): boolean =>
  manifest !== undefined && ((manifest.run === run && manifest.round >= round) || manifest.plannedAt > plannedAt);

/** Whether a branch was written without movies that another request may bring. */
export const hasRetriedIds = ({ missing }: BranchManifest): boolean =>
  REASONS.some((reason) => isRetried(reason) && (missing[reason]?.length ?? 0) > 0);

const numbers = Object.keys(figures.shape) as (keyof Figures)[];

/** Adds up the figures of branches, and joins their lists of missing ids. */
export const totals = (branches: readonly BranchManifest[]) => {
  const sum = Object.fromEntries(
    numbers.map((name) => [name, branches.reduce((total, branch) => total + branch[name], 0)]),
  ) as Figures;
  const ids = REASONS.flatMap((reason) => {
    const all = branches.flatMap((branch) => branch.missing[reason] ?? []);
    return all.length ? [[reason, all] as const] : [];
  });
  return { ...sum, missing: Object.fromEntries(ids) };
};

/** The CloudWatch metrics of a finished branch. */
export const metricsOf = ({
  written,
  requests,
  retries,
  throttles,
  bytes,
  missing: { gone = [] },
  fetchedAt: { from, to },
}: BranchManifest) => {
  const seconds = from && to ? (Date.parse(to) - Date.parse(from)) / 1000 : 0;
  const count = (value: number) => ({ unit: 'Count', value }) as const;
  return {
    movies: count(written),
    requests: count(requests),
    retries: count(retries),
    throttles: count(throttles),
    gone: count(gone.length),
    bytes: { unit: 'Bytes', value: bytes },
    branchSeconds: { unit: 'Seconds', value: seconds },
  } as const;
};
