import { describe, expect, it } from 'vitest';
import { PRICES } from '../../../lib/runs/prices.ts';
import { type ForecastInput, forecast, MEMORY_GB } from '../../../lib/stages/plan-forecast.ts';
import { readMemory } from '../../../local/deployed.ts';

const SOURCE = {
  noun: 'movies',
  accepts: [],
  howToSplit: '',
  requestsPerItem: 1,
  pagesPerList: (items: number) => Math.max(1, Math.ceil(items / 20)),
  requestsPerList: (items: number) => (items > 20 ? Math.ceil(items / 20) + 1 : 1),
  firstPage: () => ({ path: '/list', query: {}, expected: () => 0 }),
} as unknown as ForecastInput['source'];

/** npm start: all walkers share one gate. */
const ONE_PROCESS = { perSecond: 36, perWalker: 36, betweenSeconds: 0.2 };

const of = (expected: readonly (number | null)[], changes: Partial<ForecastInput> = {}) =>
  forecast({
    source: SOURCE,
    branches: expected.map((items, index) => ({
      name: `branch-${index}`,
      expected: items,
      distinctShare: 1,
      keptForOthers: 0,
    })),
    removed: 0,
    recordsPerFile: 100,
    tables: 0,
    walkersAtOnce: 4,
    pace: { perSecond: 36, perWalker: 9, betweenSeconds: 4 },
    callSeconds: 555,
    ...changes,
  });

describe('the forecast of a run', () => {
  it('has the figures of each branch and their sums', () => {
    expect(of([230, 20, null])).toMatchObject({
      perBranch: [
        { branch: 'branch-0', movies: 230, pages: 12, requests: 243, parts: 3 },
        { branch: 'branch-1', movies: 20, pages: 1, requests: 21, parts: 1 },
        { branch: 'branch-2', movies: null, pages: 1, requests: 1, parts: 0 },
      ],
      movies: 250,
      pages: 14,
      requests: 265 + 3, // and page 1 of each list for the plan
      parts: 4,
      unavailable: 1,
    });
  });

  it('counts the request for a movie once, where several branches list it', () => {
    const branches = [
      { name: 'crime-2017', expected: 200, distinctShare: 0.9, keptForOthers: 0.1 },
      { name: 'war-2017', expected: 40, distinctShare: 0.5, keptForOthers: 0.5 },
    ];
    expect(of([], { branches }).perBranch).toMatchObject([{ requests: 11 + 180 }, { requests: 3 + 20 }]);
  });

  it('takes as long as all requests at the rate that the gates reach, or as long as the last walker', () => {
    const many = of(new Array(40).fill(340)); // 358 requests each
    expect(many.perSecond).toBe(40);
    expect(many.seconds).toBeGreaterThan(many.requests / 40);
    expect(many.seconds).toBeLessThan((many.requests / 40) * 1.15);
    // One walker alone has 10 requests a second at most, whatever the others leave.
    expect(of([3_400]).seconds).toBeGreaterThan(3_400 / 10);
    const alone = of([3_400], { pace: ONE_PROCESS });
    expect(alone.seconds).toBeLessThan(3_400 / 10);
  });

  it('takes the time in which a gate becomes faster: a short run is nearly all at the configured rate', () => {
    const pace = ONE_PROCESS;
    const short = of([60], { pace });
    expect(short.seconds).toBeGreaterThan(short.requests / 37);
    // npm start on a quiet TMDB: 1,634 requests in 43.6 s.
    const long = of(new Array(22).fill(68), { pace });
    expect(Math.abs(long.seconds - long.requests * (43.6 / 1_634))).toBeLessThan(long.seconds * 0.15);
  });

  it('takes the time between branches: many small ones take longer in AWS than in one process', () => {
    const small = new Array(400).fill(1); // 800 requests, and 400 for the plan
    expect(of(small, { pace: ONE_PROCESS }).seconds).toBeLessThan(1_200 / 36 + 20);
    expect(of(small).seconds).toBeGreaterThan(100 * 4);
  });

  it('counts the states that both machines enter, and the events of the run', () => {
    // Plan, Planned?, WalkBranches, Audit, Complete?, Done; RunBranch, BranchEnded, Walk, Finished?, Write for each branch.
    expect(of([10, 10])).toMatchObject({ usage: { transitions: 6 + 2 * 5, calls: 2 + 2 * 2 }, historyEvents: 42 });
    // 9,000 movies take 9,451 requests, 950 s for one walker: two calls of 555 s.
    expect(of([9_000]).usage).toMatchObject({ transitions: 6 + 5 + 2, calls: 2 + 2 + 1 });
    expect(of(new Array(1_000).fill(10)).historyEvents * 2).toBeLessThan(25_000);
  });

  it('costs what its usage costs', () => {
    const { usage, dollars, region } = of(new Array(22).fill(70));
    expect(dollars).toBeCloseTo(
      usage.gbSeconds * PRICES.gbSecond + usage.calls * 2e-7 + usage.transitions * 0.000025 + usage.puts * 0.000005,
      10,
    );
    expect(region).toBe('us-east-1');
    // A function holds its memory while it waits for the pace.
    expect(usage.gbSeconds).toBeGreaterThan((22 * 75 * MEMORY_GB.pageWalker) / 10);
  });

  it('has the memory of serverless.yml', async () => {
    expect(MEMORY_GB).toEqual(await readMemory());
  });
});
