import * as z from 'zod';
import { type Day, day } from '../day.ts';
import { branchName, type DayRef, datasetName, runName } from '../names.ts';
import { BadInputError } from '../parse.ts';
import type { ObjectStore, ReadableStore } from '../raw-zone/object-store.ts';
import { layout } from './layout.ts';
import { figures, missingIds } from './manifest.ts';
import { csvRead, runForecast } from './plan.ts';
import { sealed } from './seal.ts';
import { readable } from './stored.ts';
import { dayTables } from './tables-of-day.ts';

/** A branch that a run planned and didn't finish, with the error that its function recorded. */
const unfinishedBranch = z.object({ branch: branchName, error: z.string(), message: z.string() });
export type UnfinishedBranch = z.output<typeof unfinishedBranch>;

/**
 * `_manifests/<dataset>/<day>/manifest.json`: the figures of a day, added up over its branches.
 *
 * docs/output-format.md describes it for readers.
 */
export const dayManifest = z.object({
  dataset: datasetName,
  day,
  /** The run that wrote this manifest. */
  run: runName,
  /** See the manifest of a branch. All branches of a day are from one TMDB. */
  tmdb: z.string().optional(),
  codeVersion: z.string(),
  csv: csvRead.optional(),
  forecast: runForecast.optional(),
  writtenAt: z.iso.datetime(),
  /**
   * Whether the files of the day are exactly what its branch manifests name, and every branch of the dataset is there.
   * Readers of a whole prefix wait until it is true.
   */
  complete: z.boolean(),
  /** Runs that have begun to write a complete day again and have not finished: files of several runs may be mixed. */
  rewriting: z.array(runName).default([]),
  /** Branches of the dataset that have no manifest for this day. */
  absent: z.array(branchName),
  /** Branches of this run that aren't finished. */
  unfinished: z.array(unfinishedBranch),
  /**
   * Branches that an earlier run of the day wrote and that do not fit the dataset as it is now: it no longer has them, or
   * it has another key pattern or format. A run of all branches replaces or removes them; back-filled years, which are not
   * in the dataset, have to be run again.
   */
  outdated: z.array(branchName).default([]),
  /** What a person should look at. */
  warnings: z.array(z.string()).default([]),
  /** The complete day before this one, which its branches were compared with. */
  comparedWith: day.optional(),
  ...figures.shape,
  missing: missingIds,
  /** Absent if no branch has tables, and in manifests of earlier versions. */
  tables: dayTables.optional(),
  branches: z.array(
    z.object({
      branch: branchName,
      /** The run that wrote the branch. */
      run: runName,
      distinct: z.int().default(0),
      kept: z.int(),
      written: z.int(),
      parts: z.int(),
      warnings: z.array(z.string()),
      /** Key of the branch's own manifest. */
      manifest: z.string(),
    }),
  ),
});
export type DayManifest = z.output<typeof dayManifest>;

/** @returns undefined where there is no manifest, where it is damaged, or where this version of the code can't read it. */
export const loadDayManifest = async (store: ReadableStore, ref: DayRef): Promise<DayManifest | undefined> =>
  readable(dayManifest, await store.get(layout.dayManifest(ref)));

export const saveDayManifest = (store: ObjectStore, manifest: DayManifest) =>
  store.put(layout.dayManifest(manifest), sealed(dayManifest.parse(manifest)));

/**
 * Marks a complete day as being written again, before its first part changes. The audit of the run that finishes it makes
 * it complete again.
 */
export const markRewriting = async (store: ObjectStore, ref: DayRef, run: string): Promise<void> => {
  const manifest = await loadDayManifest(store, ref);
  if (!manifest || !(manifest.complete || manifest.rewriting.length > 0)) return;
  const rewriting = [...new Set([...manifest.rewriting, run])];
  await saveDayManifest(store, { ...manifest, complete: false, rewriting });
};

/** The days of a dataset that have manifests, of a day or of a branch; the oldest first. */
export const daysOf = async (store: ReadableStore, dataset: string): Promise<Day[]> =>
  (await store.folders(layout.daysOfManifests(dataset)))
    .map((folder) => folder.slice(0, -1))
    .filter((name): name is Day => day.safeParse(name).success)
    .toSorted();

/** `_manifests/<dataset>/latest.json`: the newest complete day. */
export const latestDay = z.object({ dataset: datasetName, day, run: runName, manifest: z.string() });

/**
 * @returns The newest complete day; undefined where no day has been complete yet.
 * @throws {BadInputError} `latest.json` is damaged.
 */
export const loadLatest = async (store: ReadableStore, dataset: string): Promise<Day | undefined> => {
  const key = layout.latest(dataset);
  const object = await store.get(key);
  const latest = readable(z.object({ day }), object);
  if (object && !latest) throw new BadInputError(`${key}: it is damaged; the next complete run writes it again.`);
  return latest?.day;
};

/** Whether `latest.json` names this manifest, or a later day. */
export const isInLatest = async (store: ReadableStore, { dataset, day: ofDay, run }: DayManifest): Promise<boolean> => {
  const latest = readable(latestDay, await store.get(layout.latest(dataset)));
  return latest !== undefined && (latest.day > ofDay || (latest.day === ofDay && latest.run === run));
};

/** Attempts to write `latest.json` before it is an error; each one lost to another run. */
const TRIES = 20;

/** Sets `latest.json` to a complete day. It never goes back to an earlier day, such as a back-filled one. */
export const moveLatest = async (store: ObjectStore, { dataset, day: newDay, run }: DayManifest): Promise<void> => {
  const key = layout.latest(dataset);
  const latest = latestDay.parse({ dataset, day: newDay, run, manifest: layout.dayManifest({ dataset, day: newDay }) });
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const object = await store.get(key);
    const current = readable(z.object({ day }), object);
    if (current && current.day > newDay) return;
    if (await store.putIf(key, JSON.stringify(latest, null, 2), object?.etag)) return;
  }
  throw new Error(`${key}: another run changed this object first in each of ${TRIES} attempts; redrive the run.`);
};
