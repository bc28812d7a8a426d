import { FEW, runOf, type Scenario } from '../emulated.ts';

export const redrivenRun: Scenario = {
  title: 'One failed branch, redriven with the run',
  run: async ({ simulator, check, start, ended, redrive, keysWithPrefix, json, onlyCrime2017, breakTmdb, fixTmdb }) => {
    breakTmdb();
    const failing = await start({ dataset: 'crime-war', day: '2026-11-27' });
    const failed = await ended(failing);
    check('the run fails in Audit', `${failed.status} ${failed.error}`, 'FAILED BranchesUnfinishedError');
    check(
      'its cause names the branch and the error',
      failed.cause,
      /1 of 22 branches: crime-2017 \(TmdbUnavailableError/,
    );
    check(
      'the other 21 branches are written',
      (await keysWithPrefix('_manifests/crime-war/2026-11-27/branches/')).length,
      21,
    );
    let asked = simulator.asked.length;
    check('redriven while TMDB still fails, it fails again', (await redrive(failing)).status, 'FAILED');
    check('that redrive requests only crime in 2017', simulator.asked.length > asked && onlyCrime2017(asked), true);
    fixTmdb();
    asked = simulator.asked.length;
    // For some seconds, the emulator answers the functions' DescribeExecution with the state before the redrive.
    check('redriven after TMDB is fixed, it succeeds', (await redrive(failing)).status, 'SUCCEEDED');
    check('that redrive requests only crime in 2017', onlyCrime2017(asked), true);
    check('the day is complete', (await json('_manifests/crime-war/2026-11-27/manifest.json')).complete, true);
  },
};

export const redrivenBranch: Scenario = {
  title: 'One failed branch, redriven by itself',
  run: async ({ simulator, check, start, ended, redrive, branchExecutions, breakTmdb, fixTmdb }) => {
    breakTmdb();
    const second = await start({ dataset: 'crime-war', day: '2026-12-04', only: FEW });
    check('the run fails', (await ended(second)).status, 'FAILED');
    fixTmdb();
    const [latest] = (await branchExecutions('FAILED'))
      .filter(({ name = '' }) => name.startsWith('crime-2017-'))
      .toSorted((a, b) => Number(b.startDate) - Number(a.startDate));
    check('the branch, redriven, succeeds', (await redrive(latest?.executionArn ?? '')).status, 'SUCCEEDED');
    const asked = simulator.asked.length;
    check('the run, redriven after it, succeeds', (await redrive(second)).status, 'SUCCEEDED');
    check('its redrive makes no request to TMDB', simulator.asked.length - asked, 0);
  },
};

export const resume: Scenario = {
  title: 'Resume',
  run: async ({ simulator, check, start, ended, onlyCrime2017, requests, breakTmdb, fixTmdb }) => {
    breakTmdb();
    const third = await start({ dataset: 'crime-war', day: '2026-12-11', only: FEW });
    check('the run fails', (await ended(third)).status, 'FAILED');
    fixTmdb();
    const asked = simulator.asked.length;
    const resumed = await ended(await start({ dataset: 'crime-war', resume: runOf(third) }));
    check('a new execution that resumes it succeeds', resumed.status, 'SUCCEEDED');
    check('it requests only crime in 2017', requests(asked) > 0 && onlyCrime2017(asked), true);
  },
};
