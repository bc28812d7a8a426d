import { join } from 'node:path';
import { loadDataset } from '../../lib/datasets/load.ts';
import type { DayRef } from '../../lib/names.ts';
import { BadInputError } from '../../lib/parse.ts';
import type { ReadableStore } from '../../lib/raw-zone/object-store.ts';
import { loadDayManifest } from '../../lib/runs/day-manifest.ts';
import { loadBranch, NotPlannedError } from '../../lib/runs/plan.ts';
import { type CsvIdRows, rowsOfIds } from '../../lib/sources/csv/ids.ts';
import { csvSettings } from '../../lib/sources/csv.ts';
import { KINDS } from '../../lib/sources/kinds.ts';
import { ROOT } from '../deployed.ts';

/** What the upload of a CSV dataset has for some ids. */
export interface UploadRows {
  /** Key of the upload. */
  key: string;
  /** The release years that the run selected. */
  years: { from: number; to: number } | null;
  /** The genres that the dataset selects. */
  genres: readonly string[] | undefined;
  /** By id; undefined where the upload is gone. */
  rows: ReadonlyMap<string, CsvIdRows> | undefined;
}

/**
 * Finds the rows of some ids in the upload that a day was made from. Reads the whole upload.
 *
 * @returns undefined for a dataset without a CSV.
 */
export const uploadRows = async (
  store: ReadableStore,
  ref: DayRef,
  ids: ReadonlySet<string>,
): Promise<UploadRows | undefined> => {
  const manifest = await loadDayManifest(store, ref);
  const { csv, branches = [] } = manifest ?? {};
  const [branch] = branches;
  if (!csv || !branch) return undefined;
  // The plan has the settings of the run; in AWS, it expires.
  const plan = await loadBranch(store, { ...ref, run: branch.run, branch: branch.branch }).catch((error: unknown) => {
    if (error instanceof NotPlannedError) return undefined;
    throw error;
  });
  const { source } = plan?.settings ?? (await loadDataset(join(ROOT, 'datasets'), ref.dataset, KINDS));
  const settings = csvSettings(source);
  const file = settings && (await store.stream(csv.key));
  const wrong = (what: string) => new BadInputError(`${csv.key}: ${what}.`);
  const rows = settings && file && (await rowsOfIds(file.body, { ...settings, years: undefined }, ids, wrong));
  return { key: csv.key, years: csv.years, genres: settings?.genres, rows };
};
