import type { Scenario } from '../emulated.ts';

export const unansweredPut: Scenario = {
  title: 'A write to S3 that is not answered',
  run: async ({ endpoint, check, start, ended, json }) => {
    await fetch(`${endpoint}/emulator/hang?path=/chunks/`, { method: 'POST' });
    const execution = await ended(await start({ dataset: 'crime-war', day: '2027-02-12', only: ['war-2012'] }));
    check('the run succeeds', execution.status, 'SUCCEEDED');
    const seconds = (Number(execution.stopDate) - Number(execution.startDate)) / 1000;
    check('the write was not answered, and was given up', seconds > 15, true);
    check(`the run takes less than a minute (${seconds.toFixed(0)} s)`, seconds < 60, true);
    const { written } = await json('_manifests/crime-war/2027-02-12/branches/war-2012.json');
    check('no movie is missing', written > 0, true);
  },
};
