import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeCsv } from '../../../local/simulator/csv.ts';
import { DAY, type Scenario } from '../emulated.ts';

export const otherDatasets: Scenario = {
  title: 'The other datasets',
  run: async ({ work, putObject, check, start, ended }) => {
    check('popular succeeds', (await ended(await start({ dataset: 'popular', day: DAY }))).status, 'SUCCEEDED');
    const csv = join(work, 'movies.csv');
    await writeCsv(csv, { kind: 'Movies', rows: 2_000, ids: 500, seed: 1 });
    await putObject('Raw/Local/CSV/Movies/2026/11/20/movies.csv', await readFile(csv));
    check('csv-details succeeds', (await ended(await start({ dataset: 'csv-details', day: DAY }))).status, 'SUCCEEDED');
  },
};
