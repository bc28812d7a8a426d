import * as z from 'zod';
import { day } from '../day.ts';
import { branchName, type DayRef, datasetName, runName } from '../names.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { layout } from './layout.ts';
import { figures, missingIds } from './manifest.ts';
import { csvRead } from './plan.ts';

/** A branch that a run planned and did not finish, with the error that its function recorded. */
const unfinishedBranch = z.object({ branch: branchName, error: z.string(), message: z.string() });
export type UnfinishedBranch = z.output<typeof unfinishedBranch>;

/**
 * `_manifests/<dataset>/<day>/manifest.json`: what a day accounts for, added up over its branches.
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
  /** Every branch of the dataset has a manifest for this day. Who reads whole prefixes waits for it. */
  complete: z.boolean(),
  /** Branches of the dataset that have no manifest for this day. */
  absent: z.array(branchName),
  /** Branches of this run that are not finished. */
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

/** @returns undefined where there is none, or none that this version of the code can read. */
export const loadDayManifest = async (store: ObjectStore, ref: DayRef): Promise<DayManifest | undefined> => {
  const object = await store.get(layout.dayManifest(ref));
  return object && dayManifest.safeParse(JSON.parse(object.body.toString())).data;
};

export const saveDayManifest = (store: ObjectStore, manifest: DayManifest) =>
  store.put(layout.dayManifest(manifest), JSON.stringify(dayManifest.parse(manifest), null, 2));

/** `_manifests/<dataset>/latest.json`: the newest complete day. */
const latestDay = z.object({ dataset: datasetName, day, run: runName, manifest: z.string() });

/** Points `latest.json` at a complete day. It never moves to an earlier day, such as one that was back-filled. */
export const moveLatest = async (store: ObjectStore, { dataset, day: on, run }: DayManifest): Promise<void> => {
  const key = layout.latest(dataset);
  const latest = latestDay.parse({ dataset, day: on, run, manifest: layout.dayManifest({ dataset, day: on }) });
  for (;;) {
    const there = await store.get(key);
    const before = there && z.object({ day }).safeParse(JSON.parse(there.body.toString())).data;
    if (before && before.day > on) return;
    if (await store.putIf(key, JSON.stringify(latest, null, 2), there?.etag)) return;
  }
};
