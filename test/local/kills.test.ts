import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { experiments, SCENARIOS } from './kills.ts';

/** Of about 200 moments for each scenario; `node test/local/kills.ts` tries all. */
const SAMPLES = 3;

let trying: Awaited<ReturnType<typeof experiments>>;
beforeAll(async () => {
  trying = await experiments();
});
afterAll(() => trying.close());

describe('a run that is killed while it changes a file', () => {
  it.each(SCENARIOS)('leaves a correct bucket, and can be continued: %s', async (scenario) => {
    const apart = Math.floor(trying.moments(scenario) / SAMPLES);
    for (let moment = 0; moment < SAMPLES * apart; moment += apart)
      expect({ moment, wrong: await trying.left(scenario, moment) }).toEqual({ moment, wrong: [] });
    expect(await trying.killed(scenario, 2 * apart + 1)).toEqual([]);
  });
});
