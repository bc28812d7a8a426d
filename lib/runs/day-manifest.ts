import * as z from 'zod';
import { day } from '../day.ts';
import { branchName, type DayRef, datasetName, runName } from '../names.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { layout } from './layout.ts';
import { figures, missingIds } from './manifest.ts';
import { csvRead } from './plan.ts';

/** A branch that a run planned and didn't finish, with the error that its function recorded. */
const unfinishedBranch = z.object({ branch: branchName, error: z.string(), message: z.string() });
export type UnfinishedBranch = z.output<typeof unfinishedBranch>;

/**
 * `_manifests/<dataset>/<day>/manifest.json`: the figures of a day, added up over its branches.
 *
 * docs/output-format.md describes it for readers.
 */
const dayManifest = z.object({
  dataset: datasetName,
  day,
  /** The run that wrote this manifest. */
  run: runName,
  codeVersion: z.string(),
  csv: csvRead.optional(),
  writtenAt: z.iso.datetime(),
  /** Whether every branch of the dataset has a manifest for this day. Readers of a whole prefix wait until it is true. */
  complete: z.boolean(),
  /** Branches of the dataset that have no manifest for this day. */
  absent: z.array(branchName),
  /** Branches of this run that aren't finished. */
  unfinished: z.array(unfinishedBranch),
  ...figures.shape,
  missing: missingIds,
  branches: z.array(
    z.object({
      branch: branchName,
      /** The run that wrote the branch. */
      run: runName,
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

/** @returns undefined where there is no manifest, or this version of the code can't read it. */
export const loadDayManifest = async (store: ObjectStore, ref: DayRef): Promise<DayManifest | undefined> => {
  const object = await store.get(layout.dayManifest(ref));
  return object && dayManifest.safeParse(JSON.parse(object.body.toString())).data;
};

export const saveDayManifest = (store: ObjectStore, manifest: DayManifest) =>
  store.put(layout.dayManifest(manifest), JSON.stringify(dayManifest.parse(manifest), null, 2));

/** `_manifests/<dataset>/latest.json`: the newest complete day. */
const latestDay = z.object({ dataset: datasetName, day, run: runName, manifest: z.string() });

/** Sets `latest.json` to a complete day. It never goes back to an earlier day, such as a back-filled one. */
export const moveLatest = async (store: ObjectStore, { dataset, day: newDay, run }: DayManifest): Promise<void> => {
  const key = layout.latest(dataset);
  const latest = latestDay.parse({ dataset, day: newDay, run, manifest: layout.dayManifest({ dataset, day: newDay }) });
  for (;;) {
    const object = await store.get(key);
    const current = object && z.object({ day }).safeParse(JSON.parse(object.body.toString())).data;
    if (current && current.day > newDay) return;
    if (await store.putIf(key, JSON.stringify(latest, null, 2), object?.etag)) return;
  }
};
