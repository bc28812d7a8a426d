import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../lib/datasets/dataset.ts';
import { dayIn } from '../lib/day.ts';
import type { ObjectStore } from '../lib/raw-zone/object-store.ts';
import { layout } from '../lib/runs/layout.ts';
import { csvSettings, isUpload } from '../lib/sources/csv.ts';
import { writeCsv } from './simulator/csv.ts';

/** A dataset's filters select a few hundred of these ids. At TMDB's rate limit, their run takes about 30 s. */
const ROWS = 9_000;
const IDS = 2_000;

/**
 * Uploads an invented CSV if a dataset reads a CSV and the bucket has no upload. Only for runs with the simulator.
 *
 * @returns Key of the upload; undefined where an upload already exists, or the dataset reads no CSV.
 */
export const inventUpload = async (
  store: ObjectStore,
  { source, timezone }: Dataset,
  folder: string,
): Promise<string | undefined> => {
  const csv = csvSettings(source);
  if (!csv || (await store.newest(layout.uploads(csv.upload), isUpload))) return undefined;
  const name = `${csv.upload.toLowerCase()}.csv`;
  const file = join(folder, `invented-${name}`);
  await writeCsv(file, { kind: csv.upload, rows: ROWS, ids: IDS, seed: 1, malformed: 2 });
  const key = layout.upload(csv.upload, dayIn(timezone, new Date()), name);
  await store.put(key, await readFile(file), { contentType: 'text/csv' });
  await rm(file);
  return key;
};
