import type { Clock } from '../../lib/clock.ts';

/** A Friday noon in UTC, a whole second. */
export const NOON = Date.parse('2026-11-20T12:00:00Z');

export interface FastClock extends Clock {
  /** Advances the time without a sleep, as if the process was paused. */
  skip(ms: number): void;
}

/**
 * A clock that does not wait. A sleep ends as soon as nothing else is to be done, the earliest first. The clock then has
 * the time at which the sleep ends.
 */
export const fastClock = (start = NOON): FastClock => {
  let now = start;
  const asleep: { until: number; wake: () => void }[] = [];
  const wakeNext = () => {
    const next = asleep.sort((a, b) => a.until - b.until).shift();
    now = Math.max(now, next?.until ?? now);
    next?.wake();
  };
  return {
    now: () => now,
    sleep: (ms) =>
      new Promise((wake) => {
        asleep.push({ until: now + ms, wake });
        setImmediate(wakeNext);
      }),
    skip: (ms) => {
      now += ms;
    },
  };
};
