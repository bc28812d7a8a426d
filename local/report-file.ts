import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DayRef } from '../lib/names.ts';
import type { ReadableStore } from '../lib/raw-zone/object-store.ts';
import { type AboutRun, gatherFacts, type ReportFacts } from '../lib/report/facts.ts';
import { reportPage } from '../lib/report/page.ts';

/** Where the report of a run is: `<out>/report.html`. The next run replaces it. */
export const reportFileIn = (out: string): string => join(out, 'report.html');

/**
 * Writes the report of a day into a file.
 *
 * @returns The facts that the report shows; undefined where the day has no manifest. Then no file is written.
 */
export const writeReport = async (
  store: ReadableStore,
  ref: DayRef,
  file: string,
  about: AboutRun = {},
): Promise<ReportFacts | undefined> => {
  const facts = await gatherFacts(store, ref, about);
  if (facts) await writeFile(file, reportPage(facts));
  return facts;
};
