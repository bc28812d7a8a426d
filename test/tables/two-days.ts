import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Day } from '../../lib/day.ts';
import { scratchFile } from '../../lib/raw-zone/scratch-file.ts';
import { layout } from '../../lib/runs/layout.ts';
import { openTables } from '../../lib/tables/branch-tables.ts';
import { crime2017, listed } from '../lib/crime-2017.ts';

/*
 * Writes the tables of two days on which TMDB sent other values, for check.py --two-days:
 *
 *   node test/tables/two-days.ts <folder>
 */
const folder = process.argv[2];
if (folder === undefined) throw new Error('name a folder: node test/tables/two-days.ts <folder>');

const record = { ...listed(1), budget: 1_000_000_000, vote_average: 7.5 };
const DAYS: readonly [Day, string[]][] = [
  [
    '2026-11-13' as Day,
    [
      JSON.stringify(record).replace('"vote_average":7.5', '"vote_average":7.0'),
      JSON.stringify({ ...record, vote_average: null }),
    ],
  ],
  [
    '2026-11-20' as Day,
    [
      JSON.stringify(record),
      JSON.stringify({ id: 2, title: 'Almost nothing is there' }),
      // A new field, and two fields of another type.
      JSON.stringify({ ...record, vote_average: '7.5', budget: { amount: 5 }, certification: 'PG' }),
    ],
  ],
];

const drift = [];
for (const [day, records] of DAYS) {
  const branch = crime2017({ day });
  const scratch = scratchFile(tmpdir());
  const tables = openTables(branch, scratch);
  // The fields that the record of crime-war leaves out are no drift of TMDB's.
  const left = new Set(branch.settings.record.without);
  for (const [at, text] of records.entries()) {
    const kept = text.replaceAll(/"(\w+)":("[^"]*"|null|true|false),/g, (all, name) => (left.has(name) ? '' : all));
    await tables.add(at + 1, kept, undefined);
  }
  for await (const { table, number, isOfAllBranches, body } of tables.files()) {
    const key = layout.tableFile(branch, table, isOfAllBranches ? table : branch.branch, number);
    await mkdir(join(folder, dirname(key)), { recursive: true });
    await writeFile(join(folder, key), body);
  }
  drift.push(tables.drift());
  await scratch.close();
}
await writeFile(join(folder, 'drift.json'), JSON.stringify(drift, null, 2));
