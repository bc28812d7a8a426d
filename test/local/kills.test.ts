import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { experiments, SCENARIOS } from './kills.ts';

/** Of a few hundred moments; `node test/local/kills.ts` tries all. */
const SAMPLES = 2;

let trying: Awaited<ReturnType<typeof experiments>>;
beforeAll(async () => {
  trying = await experiments();
});
afterAll(() => trying.close());

describe('a run that is killed while it changes a file', () => {
  it.each(SCENARIOS)('leaves a correct bucket, and is completed by the next start: %s', async (scenario) => {
    const moments = await trying.moments(scenario);
    for (let sample = 1; sample <= SAMPLES; sample++) {
      const moment = Math.floor((sample * moments) / (SAMPLES + 1));
      expect(await trying.tried(scenario, moment)).toEqual({ moment, killed: true, wrong: [] });
    }
  });
});
