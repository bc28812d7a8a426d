import * as z from 'zod';
import { type BranchRef, branchRef } from '../names.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { layout } from './layout.ts';
import type { PlannedBranch } from './plan.ts';
import { REASONS } from './work.ts';

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
const branchManifest = branchRef.extend({
  plannedAt: z.iso.datetime(),
  codeVersion: z.string(),
  writtenAt: moment,
  ...figures.shape,
  passes: z.int(),
  missing: missingIds,
  /** For each quarantined id: the reason, and the key of TMDB's response. */
  quarantine: z.array(z.object({ id, why: z.string(), key: z.string() })),
  warnings: z.array(z.string()),
  fetchedAt: z.object({ from: moment, to: moment }),
  parts: z.array(part),
});
export type BranchManifest = z.output<typeof branchManifest>;

/** @returns undefined where there is no manifest, or this version of the code can't read it. */
export const loadManifest = async (
  store: ObjectStore,
  ref: Omit<BranchRef, 'run'>,
): Promise<BranchManifest | undefined> => {
  const object = await store.get(layout.branchManifest(ref));
  return object && branchManifest.safeParse(JSON.parse(object.body.toString())).data;
};

export const saveManifest = (store: ObjectStore, manifest: BranchManifest) =>
  store.put(layout.branchManifest(manifest), JSON.stringify(branchManifest.parse(manifest), null, 2));

/**
 * Whether a branch is finished: by its own run, or by a run of the same day that was planned later. A run that is
 * redriven after a later run has finished must not overwrite newer data with older data.
 */
export const isFinished = (
  manifest: BranchManifest | undefined,
  { run, plannedAt }: Pick<PlannedBranch, 'run' | 'plannedAt'>,
): boolean => manifest !== undefined && (manifest.run === run || manifest.plannedAt > plannedAt);

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
