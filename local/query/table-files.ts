import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import pLimit from 'p-limit';
import type { Day } from '../../lib/day.ts';
import { BadInputError } from '../../lib/parse.ts';
import type { ReadableStore } from '../../lib/raw-zone/object-store.ts';
import { daysOf, loadDayManifest } from '../../lib/runs/day-manifest.ts';
import { loadManifests, READS_AT_ONCE } from '../../lib/runs/manifest.ts';
import type { InspectOptions } from '../inspect/options.ts';
import type { Place } from '../inspect/place.ts';

/** The files of one day's tables. */
export interface DayTables {
  day: Day;
  complete: boolean;
  /** Names of the tables with a row for each movie or series. */
  mains: string[];
  /** Keys of the files, by table. */
  files: Map<string, string[]>;
}

/**
 * The tables of the days that have some, as the manifests name them; the oldest day first. Days that are not complete are
 * left out, except the one that `only` names.
 */
const daysWithTables = async (
  store: ReadableStore,
  dataset: string,
  only: Day | undefined,
  days: readonly Day[],
): Promise<DayTables[]> => {
  const all: DayTables[] = [];
  for (const day of days) {
    const complete = (await loadDayManifest(store, { dataset, day }))?.complete ?? false;
    if (!complete && day !== only) continue;
    const entries = [...(await loadManifests(store, { dataset, day })).values()].flatMap(({ tables }) => tables ?? []);
    const files = new Map<string, Set<string>>();
    for (const { table, key } of entries.flatMap((entry) => entry.files))
      files.set(table, (files.get(table) ?? new Set()).add(key));
    if (files.size === 0) continue;
    const mains = [...new Set(entries.map(({ main }) => main))].toSorted();
    const byName = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
    all.push({ day, complete, mains, files: new Map(byName.map(([table, keys]) => [table, [...keys].toSorted()])) });
  }
  return all;
};

export interface Queried {
  /** The day that the tables show. */
  now: DayTables;
  /** All complete days with tables, and `now`; the oldest first. */
  all: DayTables[];
}

/**
 * Finds the day that --day names, or the newest complete day with tables, and all other days.
 *
 * @throws {BadInputError} There is no such day.
 */
export const findTables = async (
  { store, shown }: Place,
  { dataset, day }: Pick<InspectOptions, 'dataset' | 'day'>,
): Promise<Queried> => {
  const days = await daysOf(store, dataset);
  if (days.length === 0)
    throw new BadInputError(
      `--dataset: ${shown} has no manifest of dataset ${dataset}; use another dataset, --out or --bucket.`,
    );
  if (day !== undefined && !days.includes(day))
    throw new BadInputError(`--day: ${shown} has no manifest of dataset ${dataset} on ${day}; use another day.`);
  const all = await daysWithTables(store, dataset, day, days);
  const now = day === undefined ? all.at(-1) : all.find((one) => one.day === day);
  const newest = days.at(-1);
  if (!now && day === undefined && newest && (await daysWithTables(store, dataset, newest, [newest])).length > 0)
    throw new BadInputError(
      `--day: ${shown} has no complete day of dataset ${dataset}. To ask about a day that is not complete: --day ${newest}.`,
    );
  if (!now)
    throw new BadInputError(
      `${day === undefined ? '--dataset' : '--day'}: ${shown} has no ${day === undefined ? 'complete day with tables' : `tables of ${day}`} of dataset ${dataset}; its "output" may have "tables": false. To write them without a request to TMDB: npm start -- --reshape YYYY-MM-DD --dataset ${dataset}.`,
    );
  return { now, all };
};

/**
 * Makes files of this machine of the keys. Those of a bucket in AWS are copied into a folder.
 *
 * @returns The path of each key.
 */
export const localFiles = async (
  { store }: Place,
  { out, bucket }: Pick<InspectOptions, 'out' | 'bucket'>,
  keys: readonly string[],
  copies: string,
): Promise<Map<string, string>> => {
  if (bucket === undefined) return new Map(keys.map((key) => [key, resolve(join(out, 'bucket', key))]));
  const atOnce = pLimit(READS_AT_ONCE);
  const paths = await Promise.all(
    keys.map((key) =>
      atOnce(async (): Promise<[string, string]> => {
        const path = join(copies, key);
        const object = await store.get(key);
        if (!object)
          throw new BadInputError(`s3://${bucket}/${key} does not exist: a run may be writing the day; try again.`);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, object.body);
        return [key, path];
      }),
    ),
  );
  return new Map(paths);
};
