import { FEW, runOf, type Scenario } from '../emulated.ts';

const DAY = '2027-02-05';

export const lostDay: Scenario = {
  title: 'A run that lost its day',
  run: async ({ simulator, check, until, start, ended, redrive, keysWithPrefix, json, putObject }) => {
    /** The lock of a laptop that uses the same bucket. */
    const laptopHolds = (leaseMs: number) =>
      putObject(
        `_runs/crime-war/${DAY}/lock.json`,
        JSON.stringify({
          holder: 'arn:aws:states:local:000000000000:execution:tmdb-raw-zone-local-ingest:local-run',
          since: new Date().toISOString(),
          lease: { by: 'laptop, process 1', until: new Date(Date.now() + leaseMs).toISOString() },
        }),
      );
    const execution = await start({ dataset: 'crime-war', day: DAY, only: FEW });
    const run = runOf(execution);
    await until(async () => ((await json(`_runs/crime-war/${DAY}/${run}/run.json`)) ? true : undefined), 100);
    await laptopHolds(3_600_000);
    const lost = await ended(execution);
    check('it fails when a laptop has taken the day', `${lost.status} ${lost.error}`, 'FAILED DayLostError');
    check(
      'it says which execution the day belongs to',
      lost.cause,
      /local-run \(laptop, process 1; its lease ends at .* has taken this day/,
    );
    const failures = await keysWithPrefix(`_runs/crime-war/${DAY}/${run}/failed/`);
    check('each branch has recorded the reason', failures.length, FEW.length);
    check('that is the reason', (await json(failures[0] ?? '')).error, 'DayLostError');
    check('it wrote no manifest', await keysWithPrefix(`_manifests/crime-war/${DAY}/`), []);
    check('it wrote no part', await keysWithPrefix('Raw/TMDB/JSON/Movies/2027/02/05/'), []);

    const asked = simulator.asked.length;
    const turnedAway = await redrive(execution);
    check('redriven, it is turned away', `${turnedAway.status} ${turnedAway.error}`, 'FAILED DayTakenError');
    check('it makes no request to TMDB', simulator.asked.length - asked, 0);
    check('it still wrote no manifest', await keysWithPrefix(`_manifests/crime-war/${DAY}/`), []);

    await laptopHolds(-1);
    check('redriven after the lease has ended, it succeeds', (await redrive(execution)).status, 'SUCCEEDED');
    check('it has the day', (await json(`_runs/crime-war/${DAY}/lock.json`)).holder, execution);
    check('it wrote its branches', (await keysWithPrefix(`_manifests/crime-war/${DAY}/branches/`)).length, FEW.length);
  },
};
