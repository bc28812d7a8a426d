import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinedTraffic, type Second, trafficCounter, trafficOf } from '../../../lib/runs/traffic.ts';
import { fastClock, NOON } from '../../doubles/fast-clock.ts';

const START = NOON / 1000;
const sum = (values: readonly number[] = []) => values.reduce((total, value) => total + value, 0);
const second = fc.tuple(fc.integer({ min: 0, max: 400_000 }), fc.nat(40), fc.nat(5), fc.nat(5));
const seconds = fc.array(
  second.map(([at, ...counts]): Second => [START + at, ...counts]),
  { minLength: 1, maxLength: 40 },
);

describe('requests over time', () => {
  it('are counted in the second in which they are sent', () => {
    const clock = fastClock();
    const { count, seconds } = trafficCounter(clock);
    count('requests');
    count('throttles');
    clock.skip(1_999);
    count('requests');
    count('retries');

    expect(seconds()).toEqual([
      [START, 1, 0, 1],
      [START + 1, 1, 1, 0],
    ]);
  });

  it('have an interval for each second of a short branch, also for a second without a request', () => {
    expect(
      trafficOf([
        [START + 2, 9, 0, 0],
        [START, 8, 1, 2],
      ]),
    ).toEqual({
      from: new Date(NOON).toISOString(),
      seconds: 1,
      requests: [8, 0, 9],
      retries: [1, 0, 0],
      throttles: [2, 0, 0],
    });
  });

  it('are absent where nothing was counted', () => {
    expect([trafficOf([]), joinedTraffic([], 60)]).toEqual([undefined, undefined]);
  });

  it('keep their sums in at most 60 intervals, whatever the length of the branch', () => {
    fc.assert(
      fc.property(seconds, (counted) => {
        const traffic = trafficOf(counted);
        expect(traffic?.requests.length).toBeLessThanOrEqual(60);
        expect([sum(traffic?.requests), sum(traffic?.retries), sum(traffic?.throttles)]).toEqual(
          [1, 2, 3].map((column) => sum(counted.map((counts) => counts[column] ?? 0))),
        );
      }),
    );
  });

  it('of several branches add up to the same as if all were counted together', () => {
    fc.assert(
      fc.property(seconds, seconds, (one, other) => {
        const each = [one, other].flatMap((counted) => trafficOf(counted) ?? []);
        const shortest = Math.max(...each.map(({ seconds }) => seconds));
        expect(joinedTraffic(each, 100)).toEqual(trafficOf([...one, ...other], 100, shortest));
      }),
    );
  });
});
