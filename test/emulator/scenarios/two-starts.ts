import { FEW, type Scenario } from '../emulated.ts';

export const twoStarts: Scenario = {
  title: 'Two starts for the same day',
  run: async ({ putObject, check, machineArn, start, ended, keysWithPrefix }) => {
    const both = await Promise.all([
      start({ dataset: 'crime-war', day: '2026-12-18', only: FEW }),
      start({ dataset: 'crime-war', day: '2026-12-18', only: FEW }),
    ]);
    const ends = await Promise.all(both.map(ended));
    check(
      'both end SUCCEEDED',
      ends.map(({ status }) => status),
      ['SUCCEEDED', 'SUCCEEDED'],
    );
    const away = ends.filter(({ output = '' }) => output.includes('turnedAway'));
    check(
      'one of them because the other is writing this day, and says so',
      away.map(({ output = '' }) => JSON.parse(output).says).join(),
      /arn:aws:states:\S+ is writing crime-war, 2026-12-18, already; this run writes nothing\.$/,
    );
    const runs = (await keysWithPrefix('_runs/crime-war/2026-12-18/')).map((key) => key.split('/')[3]);
    check('that one wrote nothing', new Set(runs).size, 2); // the lock, and the run that worked
    const holder = `${machineArn('ingest').replace('stateMachine', 'execution')}:died-long-ago`;
    await putObject('_runs/crime-war/2026-12-25/lock.json', JSON.stringify({ holder, since: '2026-11-01T00:00:00Z' }));
    check(
      'a run takes over the lock of an execution that no longer exists',
      (await ended(await start({ dataset: 'crime-war', day: '2026-12-25', only: ['war-2012'] }))).output,
      /"complete": ?true/,
    );
  },
};
