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
  /** In a versioned bucket. A reader who asks for this version gets these bytes, whatever was written since. */
  versionId: z.string().optional(),
});

/** Ids that gave no record, by reason. */
export const missingIds = z.partialRecord(z.enum(REASONS), z.array(id));

/** Figures that a day's manifest adds up over its branches. */
export const figures = z.object({
  /** TMDB's own total when the list was walked. */
  expected: z.int(),
  /** Rows of the list's first pass. */
  listed: z.int(),
  distinct: z.int(),
  doubled: z.int(),
  /** Movies that the dataset's rules leave out. */
  leftOut: z.int(),
  kept: z.int(),
  written: z.int(),
  bytes: z.int(),
  /** Requests to TMDB for what is kept, retries among them. */
  requests: z.int(),
  retries: z.int(),
  throttles: z.int(),
});
export type Figures = z.output<typeof figures>;

/**
 * `_manifests/<dataset>/<day>/branches/<branch>.json`: what a branch accounts for. Written last, so who sees it sees
 * every part that it names. distinct = kept + left out + missing; kept = written = the parts' records.
 */
const branchManifest = branchRef.extend({
  plannedAt: z.iso.datetime(),
  codeVersion: z.string(),
  writtenAt: moment,
  ...figures.shape,
  passes: z.int(),
  missing: missingIds,
  /** Why each quarantined id could not be read, and where what TMDB sent lies. */
  quarantine: z.array(z.object({ id, why: z.string(), key: z.string() })),
  warnings: z.array(z.string()),
  fetchedAt: z.object({ from: moment, to: moment }),
  parts: z.array(part),
});
export type BranchManifest = z.output<typeof branchManifest>;

/** @returns undefined where there is none, or none that this version of the code can read. */
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
 * Whether a branch needs nothing more: finished by its own run, or by one that was planned later for the same day.
 * A run that is redriven after another one has done the day must not put older data over newer.
 */
export const isFinished = (
  manifest: BranchManifest | undefined,
  { run, plannedAt }: Pick<PlannedBranch, 'run' | 'plannedAt'>,
): boolean => manifest !== undefined && (manifest.run === run || manifest.plannedAt > plannedAt);

const numbers = Object.keys(figures.shape) as (keyof Figures)[];

/** Adds up the figures of branches, and puts their missing ids together. */
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

/** A finished branch as CloudWatch sees it. */
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
