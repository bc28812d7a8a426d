import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dayIn } from '../../../lib/day.ts';
import { type Emulated, FEW, type Scenario, SERVICE } from '../emulated.ts';

const DAY_MS = 86_400_000;
const LATEST = '_manifests/crime-war/latest.json';

/** The figures that the freshness check has published so far: the lines of its log that are metrics. */
const published = async ({ logs }: Emulated): Promise<unknown[]> =>
  (await readFile(join(logs, `${SERVICE}-freshness.log`), 'utf8')).split('\n').flatMap((line) => {
    const { _aws, dataset, daysSinceComplete } = line.startsWith('{') ? JSON.parse(line) : {};
    return _aws ? [`${dataset}: ${daysSinceComplete}`] : [];
  });

export const heard: Scenario = {
  title: 'Failures are heard',
  run: async (emulated) => {
    const { check, invoke, json, putObject, until, keysWithPrefix, start, ended, redrive, breakTmdb, fixTmdb } =
      emulated;
    const latest = await json(LATEST);
    const threeDaysAgo = dayIn('America/Bahia', new Date(Date.now() - 3 * DAY_MS));
    await putObject(LATEST, JSON.stringify({ ...latest, day: threeDaysAgo }));
    check('the freshness check succeeds', await invoke('freshness', {}), null);
    check('it publishes the days since the last complete day', await published(emulated), ['crime-war: 3']);
    await putObject(LATEST, JSON.stringify({ ...latest, day: '2999-01-01' }));
    await invoke('freshness', {});
    check('it publishes nothing for a day in the future', await published(emulated), ['crime-war: 3']);
    await putObject(LATEST, JSON.stringify(latest));

    // The outage keeps the first run busy while the second one starts.
    breakTmdb();
    const first = await start({ dataset: 'crime-war', day: '2027-01-08', only: FEW });
    await until(async () => ((await keysWithPrefix('_runs/crime-war/2027-01-08/lock.json')).length ? true : undefined));
    const scheduled = await start({ dataset: 'crime-war', scheduledTime: '2027-01-09T00:30:00Z', only: FEW });
    const turnedAway = await ended(scheduled);
    check(
      'a scheduled run that is turned away fails, so that its message is sent',
      `${turnedAway.status} ${turnedAway.error} ${turnedAway.cause}`,
      /^FAILED DayTakenError .* is writing crime-war, 2027-01-08, already/,
    );
    fixTmdb();
    check('the other run succeeds', (await ended(first)).status, 'SUCCEEDED');
    check('the scheduled run, redriven after it, succeeds', (await redrive(scheduled)).status, 'SUCCEEDED');
  },
};
