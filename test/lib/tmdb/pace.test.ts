import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pace, secondsFor } from '../../../lib/tmdb/pace.ts';
import { chance } from '../../../local/simulator/chance.ts';
import { fastClock, NOON } from '../../doubles/fast-clock.ts';

/** Milliseconds after noon at which each of the concurrent callers passed. */
const passing = async (count: number, { perSecond = 10, clock = fastClock(), gate = pace(perSecond, clock) } = {}) =>
  Promise.all(
    Array.from({ length: count }, async () => {
      await gate.pass();
      return clock.now() - NOON;
    }),
  );

/**
 * TMDB's limit: at most `ceiling` requests in each window of one second. Answers come at once, on their way each request
 * is late by up to `jitterMs`.
 */
const throttling = async (
  perSecond: number,
  ceiling: (seconds: number) => number,
  { answers = 2_000, jitterMs = 0 } = {},
) => {
  const clock = fastClock();
  const gate = pace(perSecond, clock);
  const luck = chance('jitter');
  const inWindow = new Map<number, number>();
  const throttled: number[] = [];
  let answered = 0;
  while (answered < answers) {
    await gate.pass();
    const seconds = (clock.now() - NOON + luck.next() * jitterMs) / 1000;
    const count = (inWindow.get(Math.floor(seconds)) ?? 0) + 1;
    inWindow.set(Math.floor(seconds), count);
    if (count <= ceiling(seconds)) answered += 1;
    else {
      throttled.push(seconds);
      gate.pause(1_000);
    }
  }
  const seconds = (clock.now() - NOON) / 1000;
  return { throttled, perSecond: answered / seconds, requests: answered + throttled.length };
};

describe('pace', () => {
  it('spaces requests evenly, and sends the first at once', async () => {
    const gaps = (await passing(5, { perSecond: 9 })).map((ms) => Math.round(ms));
    expect(gaps).toEqual([0, 111, 222, 333, 443]);
  });

  it('begins at the configured rate, and reaches a tenth more after 250 requests without a 429', async () => {
    const clock = fastClock();
    const gate = pace(36, clock);
    const at = await passing(2_200, { clock, gate });
    const perSecond = (from: number, to: number) => ((to - from) * 1000) / ((at[to] ?? 0) - (at[from] ?? 0));
    expect(perSecond(0, 9)).toBeCloseTo(36, 0);
    expect(perSecond(300, 2_100)).toBeGreaterThan(39);
    expect(perSecond(300, 2_100)).toBeLessThanOrEqual(40);
  });

  it.each([
    { perSecond: 36, requests: 1 },
    { perSecond: 36, requests: 75 },
    { perSecond: 36, requests: 2_500 },
    { perSecond: 9, requests: 500 },
    { perSecond: 9, requests: 2_500 },
  ])('says how long $requests requests take at $perSecond a second', async ({ perSecond, requests }) => {
    // The last request passes one gap before the next one may.
    const [last = 0] = (await passing(requests + 1, { perSecond })).slice(-1);
    const said = secondsFor(requests, perSecond);
    expect(Math.abs(said - last / 1000)).toBeLessThan(said * 0.02);
  });

  it('takes less than 61 s for 2,367 requests where TMDB allows 40 a second, without a 429', async () => {
    const { throttled, perSecond } = await throttling(36, () => 40, { answers: 2_367, jitterMs: 10 });
    expect(throttled).toEqual([]);
    expect(2_367 / perSecond).toBeLessThan(61);
  });

  it.each([20, 30, 35, 39])('finds a limit of %d a second: at most one 429 in 1,000 requests', async (ceiling) => {
    const { throttled, perSecond, requests } = await throttling(36, () => ceiling, { answers: 12_000, jitterMs: 10 });
    const steady = throttled.filter((seconds) => seconds > 60);
    expect(steady.length).toBeLessThanOrEqual(requests / 1_000);
    expect(perSecond).toBeGreaterThan(ceiling * 0.92);
  });

  it('follows a limit that falls from 40 to 10 after few 429s, and that rises again', async () => {
    const falls = await throttling(36, (seconds) => (seconds < 30 ? 40 : 10), { answers: 3_000 });
    expect(falls.throttled.length).toBeLessThan(10);
    const rises = await throttling(36, (seconds) => (seconds > 30 && seconds < 90 ? 10 : 40), { answers: 12_000 });
    expect(rises.perSecond).toBeGreaterThan(25);
  });

  it('goes on at a tenth of its highest rate at least, when everything was answered with 429 for a minute', async () => {
    const { perSecond } = await throttling(36, (seconds) => (seconds > 20 && seconds < 80 ? 0 : 40), {
      answers: 12_000,
    });
    expect(perSecond).toBeGreaterThan(20);
  });

  it('takes several answers 429 to requests of the same moment for one', async () => {
    const one = fastClock();
    const gate = pace(36, one);
    gate.pause(1_000);
    const many = fastClock();
    const manyTimes = pace(36, many);
    for (let i = 0; i < 10; i++) manyTimes.pause(1_000);
    expect(await passing(20, { clock: many, gate: manyTimes })).toEqual(await passing(20, { clock: one, gate }));
  });

  it('sends at most 40 requests in any second where 36 are configured, also after a delay', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3_000), { maxLength: 8 }), async (holdUps) => {
        const clock = fastClock();
        const gate = pace(36, clock);
        const left: number[] = [];
        for (const ms of holdUps) {
          clock.skip(ms);
          left.push(...(await passing(20, { clock, gate })));
        }
        for (const from of left)
          expect(left.filter((at) => at >= from && at < from + 1000).length).toBeLessThanOrEqual(40);
      }),
    );
  });

  it('catches up by at most two requests after a delay', async () => {
    const clock = fastClock();
    const gate = pace(9, clock);
    await gate.pass();
    clock.skip(2_000);

    const at = (await passing(6, { clock, gate })).map((ms) => Math.round(ms));
    expect(at.slice(0, 3)).toEqual([2_000, 2_000, 2_000]);
    expect(at[3]).toBeGreaterThan(2_090);
  });

  it('blocks all requests while it is paused, including waiting ones', async () => {
    const clock = fastClock();
    const gate = pace(10, clock);
    const inLine = passing(3, { clock, gate });
    gate.pause(5_000);
    const later = passing(1, { clock, gate });

    expect(Math.min(...(await inLine), ...(await later))).toBeGreaterThanOrEqual(5_000);
  });

  it('keeps the longer of two pauses', async () => {
    const clock = fastClock();
    const gate = pace(10, clock);
    gate.pause(5_000);
    gate.pause(1_000);

    expect(await passing(1, { clock, gate })).toEqual([5_000]);
  });

  it('lets two processes share a limit that one of them could use up alone', async () => {
    // TMDB's limiter counts requests in each second.
    const clock = fastClock();
    const counted = new Map<number, number>();
    let throttled = 0;
    const gates = [pace(36, clock), pace(36, clock)];
    const ask = async (gate: (typeof gates)[number]) => {
      for (;;) {
        await gate.pass();
        const second = Math.floor(clock.now() / 1_000);
        counted.set(second, (counted.get(second) ?? 0) + 1);
        if ((counted.get(second) ?? 0) <= 40) return;
        throttled += 1;
        gate.pause(1_000);
      }
    };
    const asking = gates.map(async (gate) => {
      for (let asked = 0; asked < 1_000; asked += 1) await ask(gate);
    });
    await Promise.all(asking);

    // Without slowing down, each second of two processes has 32 requests too many.
    expect(throttled).toBeLessThan(2_000 * 0.04);
  });

  it('serves requests in order', async () => {
    const clock = fastClock();
    const gate = pace(10, clock);
    const served: number[] = [];
    const callers = Array.from({ length: 20 }, async (_, caller) => {
      await gate.pass();
      served.push(caller);
      if (caller === 5) gate.pause(2_000);
    });
    await Promise.all(callers);

    expect(served).toEqual(served.toSorted((a, b) => a - b));
    expect(served).toHaveLength(20);
  });

  describe('after any answers 429, at any time', () => {
    const HIGHEST = 40;
    const LOWEST = HIGHEST / 10;
    const pauses = fc.array(
      fc.record({
        after: fc.integer({ min: 1, max: 300 }),
        ms: fc.oneof(fc.nat(2_000), fc.integer({ min: 2_000, max: 60_000 })),
        heldUpMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(5_000) }),
        /** Answers 429 to requests that were on their way, and when in the pause each came. */
        late: fc.array(fc.record({ share: fc.double({ min: 0, max: 0.99, noNaN: true }) }), { maxLength: 3 }),
      }),
      { maxLength: 6 },
    );
    type Pauses = typeof pauses extends fc.Arbitrary<infer Value> ? Value : never;

    /** When each request passes, and when each pause ends. */
    const answered = async (all: Pauses, { withLate = true, more = 400 } = {}) => {
      const clock = fastClock();
      const gate = pace(36, clock);
      const at: number[] = [];
      const ask = async () => {
        await gate.pass();
        at.push(clock.now());
      };
      const paused: { from: number; until: number }[] = [];
      for (const { after, ms, heldUpMs, late } of all) {
        await Promise.all(Array.from({ length: after }, ask));
        const from = clock.now();
        gate.pause(ms);
        paused.push({ from, until: from + ms });
        for (const { share } of late.toSorted((a, b) => a.share - b.share)) {
          clock.skip(from + ms * share - clock.now());
          if (withLate) gate.pause(ms * (1 - share) * 0.9);
        }
        clock.skip(heldUpMs);
      }
      await Promise.all(Array.from({ length: more }, ask));
      return { at, paused, clock, gate };
    };

    it('at most 40 requests pass in any second, none in a pause, and at least 4 in a second without one', async () => {
      await fc.assert(
        fc.asyncProperty(pauses, async (all) => {
          const { at, paused } = await answered(all);

          expect(at).toEqual(at.toSorted((a, b) => a - b));
          for (let last = HIGHEST; last < at.length; last += 1)
            expect((at[last] ?? 0) - (at[last - HIGHEST] ?? 0)).toBeGreaterThanOrEqual(1_000);
          for (const { from, until } of paused) expect(at.filter((ms) => ms > from && ms < until - 0.001)).toEqual([]);
          const blockedMs = all.reduce((sum, { ms, heldUpMs }) => sum + ms + heldUpMs, 0);
          expect((at.at(-1) ?? 0) - NOON).toBeLessThanOrEqual(blockedMs + (at.length / LOWEST) * 1_000 + 1_000);
        }),
        { numRuns: 40 },
      );
    });

    it('several in one pause lower the rate once', async () => {
      await fc.assert(
        fc.asyncProperty(pauses, async (all) => {
          const [one, several] = [await answered(all, { withLate: false }), await answered(all)];

          expect(several.at).toEqual(one.at);
        }),
        { numRuns: 20, examples: [[[{ after: 1, ms: 0, heldUpMs: 0, late: [{ share: 0 }] }]]] },
      );
    });

    it('the highest rate is reached again, after 2,100 requests or four minutes', async () => {
      await fc.assert(
        fc.asyncProperty(pauses, fc.boolean(), async (all, byTime) => {
          const { clock, gate } = await answered(all, { more: byTime ? 1 : 2_100 });
          if (byTime) clock.skip(240_000);
          await passing(HIGHEST, { clock, gate });
          const at = await passing(2 * HIGHEST, { clock, gate });

          expect(((at.length - 1) * 1_000) / ((at.at(-1) ?? 0) - (at[0] ?? 0))).toBeGreaterThan(HIGHEST * 0.97);
        }),
        { numRuns: 10 },
      );
    });
  });

  it.each([0, -1, Number.NaN])('rejects a rate of %d requests per second', (perSecond) => {
    expect(() => pace(perSecond, fastClock())).toThrow(RangeError);
  });
});
