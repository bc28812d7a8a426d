import { beforeAll, describe, expect, it } from 'vitest';
import { CASES } from './cases.ts';
import { everyStep } from './every-step.ts';
import { problemsOf, type Quiet, quietRun, tried } from './experiment.ts';
import { smallCatalogue } from './small-tmdb.ts';

/** A cut of the laboratory: `npm run lab` has some thousand runs. */
let quiet: Quiet;
beforeAll(async () => {
  quiet = await quietRun(smallCatalogue());
});

/** Of each kind of fault, the cases that have most in them, and those that the tests of single modules can't show. */
const CUT: Readonly<Record<string, number>> = {
  'storm-10': 1,
  'outage of two minutes': 1,
  'limit drops from 40 to 10': 1,
  'list swaps': 1,
  'S3: storm': 1,
  SIGKILL: 2,
  'out of memory': 1,
  'two calls of a branch at once': 1,
  'two executions at once': 1,
  'killed laptop': 1,
  'sleeping laptop': 1,
  'storm, S3 storm and SIGKILL': 1,
};

describe('a run under faults', () => {
  it.each(Object.entries(CUT))(
    'ends with the bytes of a run without faults, or says what is missing: %s',
    async (name, seeds) => {
      const one = CASES[name] ?? expect.unreachable(name);
      for (let seed = 1; seed <= seeds; seed += 1) {
        const result = await tried(() => one.run(seed, quiet));
        expect({ seed, problems: problemsOf(result) }).toEqual({ seed, problems: [] });
        expect(result.faults).toBeGreaterThan(0);
      }
    },
  );

  it('is continued after a kill at any request and any write', async () => {
    const { points, killed } = await everyStep();
    // A prime number, so that all situations, requests and writes are among them, each time before and after.
    for (let index = 0; index < points.length; index += 97) {
      const point = points[index] ?? expect.unreachable();
      const result = await tried(() => killed(point));
      expect({ point, problems: problemsOf(result) }).toEqual({ point, problems: [] });
    }
  });
});
