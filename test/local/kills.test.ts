import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { experiments, SCENARIOS } from './kills.ts';

/** Of about 200 moments for each scenario; `npm run lab -- --case every-file-change` tries all. */
const SAMPLES = 3;
/** A copy at each moment would take most of the time of this test. */
const EACH = 10;
const NOTHING_WRONG = { wrong: [], lost: [], doubled: [], differing: [] };

let trying: Awaited<ReturnType<typeof experiments>>;
beforeAll(async () => {
  trying = await experiments(EACH);
});
afterAll(() => trying.close());

describe('a run that is killed while it changes a file', () => {
  it.each(SCENARIOS)('leaves a correct bucket, and can be continued: %s', async (scenario) => {
    const moments = trying.moments(scenario);
    const apart = Math.floor(moments.length / SAMPLES);
    const samples = Array.from({ length: SAMPLES }, (_, index) => moments[index * apart] ?? 0);
    expect(new Set(samples).size).toBe(SAMPLES);
    for (const moment of samples)
      expect({ moment, ...(await trying.left(scenario, moment)) }).toEqual({ moment, ...NOTHING_WRONG });
    expect(await trying.killed(scenario, (samples.at(-1) ?? 0) + 1)).toEqual(NOTHING_WRONG);
  });
});
