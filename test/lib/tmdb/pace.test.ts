import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pace } from '../../../lib/tmdb/pace.ts';
import { fastClock, NOON } from '../../doubles/fast-clock.ts';

/** Milliseconds after noon at which each of the concurrent callers passed. */
const passing = async (count: number, { perSecond = 10, clock = fastClock(), gate = pace(perSecond, clock) } = {}) =>
  Promise.all(
    Array.from({ length: count }, async () => {
      await gate.pass();
      return clock.now() - NOON;
    }),
  );

describe('pace', () => {
  it('spaces requests evenly, and sends the first at once', async () => {
    expect(await passing(5, { perSecond: 10 })).toEqual([0, 100, 200, 300, 400]);
  });

  it('keeps a rate of 36 per second below 40 in any second, also after a delay', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3_000), { maxLength: 8 }), async (holdUps) => {
        const clock = fastClock();
        const gate = pace(36, clock);
        const left: number[] = [];
        for (const ms of holdUps) {
          clock.skip(ms);
          left.push(...(await passing(20, { clock, gate })));
        }
        for (const from of left) expect(left.filter((at) => at >= from && at < from + 1000).length).toBeLessThan(40);
      }),
    );
  });

  it('catches up by at most two requests after a delay', async () => {
    const clock = fastClock();
    const gate = pace(10, clock);
    await gate.pass();
    clock.skip(60_000);

    expect(await passing(6, { clock, gate })).toEqual([60_000, 60_000, 60_000, 60_100, 60_200, 60_300]);
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

  it('is slower after a pause, the slower the more pauses there are, and recovers with each request', async () => {
    const clock = fastClock();
    const gate = pace(10, clock);
    const gaps = async (count: number) => {
      const at = await passing(count, { clock, gate });
      return at.slice(1).map((ms, index) => ms - (at[index] ?? 0));
    };
    // Three requests that were sent together are throttled together.
    for (const ms of [1_000, 1_200, 1_100]) gate.pause(ms);
    expect((await gaps(2))[0]).toBeCloseTo(150);
    const recovering = await gaps(12);
    expect(recovering).toEqual(recovering.toSorted((a, b) => b - a));
    expect(recovering.at(-1)).toBeCloseTo(100);

    for (let pauses = 0; pauses < 20; pauses += 1) {
      gate.pause(1_000);
      clock.skip(1_000);
    }
    await gate.pass();
    expect((await gaps(2))[0]).toBeCloseTo(400 * 0.95);
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
    expect(throttled).toBeLessThan(2_000 * 0.08);
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

  it.each([0, -1, Number.NaN])('rejects a rate of %d requests per second', (perSecond) => {
    expect(() => pace(perSecond, fastClock())).toThrow(RangeError);
  });
});
