import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../lib/datasets/dataset.ts';
import { dayIn } from '../lib/day.ts';
import type { ObjectStore } from '../lib/raw-zone/object-store.ts';
import { writeCsv } from './simulator/csv.ts';

/** Enough for some hundred ids after a dataset's filters: a run of half a minute at TMDB's pace. */
const ROWS = 9_000;
const IDS = 2_000;

/**
 * For a CSV dataset over the simulator, where nobody has uploaded anything: makes up a CSV of the same shape.
 *
 * @returns Its key; undefined where there is an upload already.
 */
export const inventUpload = async (
  store: ObjectStore,
  { source, timezone }: Dataset,
  folder: string,
): Promise<string | undefined> => {
  if (source.kind !== 'csv' || (await store.newest(`Raw/Local/CSV/${source.upload}/`))) return undefined;
  const name = `${source.upload.toLowerCase()}.csv`;
  const file = join(folder, `invented-${name}`);
  await writeCsv(file, { kind: source.upload, rows: ROWS, ids: IDS, seed: 1, malformed: 5 });
  const key = `Raw/Local/CSV/${source.upload}/${dayIn(timezone, new Date()).replaceAll('-', '/')}/${name}`;
  await store.put(key, await readFile(file), { contentType: 'text/csv' });
  await rm(file);
  return key;
};
