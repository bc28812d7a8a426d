import type { Clock } from '../clock.ts';

/** Limits the request rate of one process. */
export interface Gate {
  /** Resolves when the caller may send its request. Callers are served in the order in which they called. */
  pass(): Promise<void>;
  /**
   * Blocks all callers for `ms` milliseconds from now, and makes the rate slower for the requests after that: TMDB
   * throttles. A current pause that ends later stays in effect.
   */
  pause(ms: number): void;
}

/**
 * A gate that spaces requests evenly.
 *
 * Bursts could exceed TMDB's limit, which is "somewhere in the 40 requests per second range" and may change without notice.
 * Source: https://developer.themoviedb.org/docs/rate-limiting (read 2026-11-22). The next request is scheduled from the
 * time at which the previous one was really sent. So a process that was paused doesn't send all delayed requests at
 * once: it catches up by at most two requests, which keeps a rate of 36 per second below 40 in any second.
 *
 * Where other processes use the same limit, all of them together may exceed it. Each pause makes the gaps longer, and each
 * request makes them shorter again, so each process finds a rate that TMDB answers.
 *
 * @param perSecond Requests per second, above 0.
 * @throws {RangeError} `perSecond` is not above 0.
 */
export const pace = (perSecond: number, { now, sleep }: Clock): Gate => {
  if (!(perSecond > 0)) throw new RangeError(`perSecond must be above 0, got ${perSecond}`);
  const gapMs = 1000 / perSecond;
  let nextAt = now();
  let pausedUntil = 0;
  /** How many times as long as usual the gaps are. */
  let slower = 1;
  let queue: Promise<void> = Promise.resolve();

  const turn = async () => {
    for (;;) {
      const waitMs = Math.max(nextAt, pausedUntil) - now();
      if (waitMs <= 0) break;
      await sleep(waitMs);
    }
    // A pause is no delay to catch up with.
    nextAt = Math.max(nextAt, pausedUntil, now() - CATCH_UP * gapMs) + gapMs * slower;
    slower = Math.max(1, slower * RECOVERY);
  };

  return {
    pass: () => (queue = queue.then(turn)),
    pause: (ms) => {
      // Requests that were sent together are throttled together; they count once.
      if (now() >= pausedUntil) slower = Math.min(slower * SLOWDOWN, SLOWEST);
      pausedUntil = Math.max(pausedUntil, now() + ms);
    },
  };
};

/** A pause makes the gaps half as long again. At a quarter of its rate, a process leaves room for three others. */
const SLOWDOWN = 1.5;
const SLOWEST = 4;

/** Each request makes the gaps 5 % shorter: after a single 429, the rate is the usual one again after 8 requests. */
const RECOVERY = 0.95;

/** Requests that may follow at once after a delay. Timers fire up to a millisecond late, and these delays must not add up. */
const CATCH_UP = 2;
