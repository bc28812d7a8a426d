import type { Clock } from '../../lib/clock.ts';

/** A Friday noon in UTC, a whole second. */
export const NOON = Date.parse('2026-11-20T12:00:00Z');

export interface FastClock extends Clock {
  /** Time goes by without anybody sleeping: a process that was held up. */
  skip(ms: number): void;
}

/**
 * A clock that waits for nobody: whoever sleeps is woken as soon as nothing else is to be done, the earliest first, and
 * by then it is as late as they wished.
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
