import type { Clock } from '../clock.ts';

/** Limits the request rate of one process. */
export interface Gate {
  /** Resolves when the caller may send its request. Callers are served in the order in which they called. */
  pass(): Promise<void>;
  /** Blocks all callers for `ms` milliseconds from now. A current pause that ends later stays in effect. */
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
 * @param perSecond Requests per second, above 0.
 * @throws {RangeError} `perSecond` is not above 0.
 */
export const pace = (perSecond: number, { now, sleep }: Clock): Gate => {
  if (!(perSecond > 0)) throw new RangeError(`perSecond must be above 0, got ${perSecond}`);
  const gapMs = 1000 / perSecond;
  let nextAt = now();
  let pausedUntil = 0;
  let queue: Promise<void> = Promise.resolve();

  const turn = async () => {
    for (;;) {
      const waitMs = Math.max(nextAt, pausedUntil) - now();
      if (waitMs <= 0) break;
      await sleep(waitMs);
    }
    nextAt = Math.max(nextAt, now() - CATCH_UP * gapMs) + gapMs;
  };

  return {
    pass: () => (queue = queue.then(turn)),
    pause: (ms) => {
      pausedUntil = Math.max(pausedUntil, now() + ms);
    },
  };
};

/** Requests that may follow at once after a delay. Timers fire up to a millisecond late, and these delays must not add up. */
const CATCH_UP = 2;
