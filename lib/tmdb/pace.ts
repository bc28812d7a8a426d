import type { Clock } from '../clock.ts';

/** Holds every request of one process back until it may leave. */
export interface Gate {
  /** Resolves when the caller's request may go, first come, first served. */
  pass(): Promise<void>;
  /** Lets nobody through for `ms` from now; a longer pause that is under way stays. */
  pause(ms: number): void;
}

/**
 * A gate through which requests leave evenly.
 *
 * Evenly, not in bursts: TMDB's ceiling is "somewhere in the 40 requests per second range" and may move without notice.
 * Source: https://developer.themoviedb.org/docs/rate-limiting (read 2026-11-22). The next caller's turn is counted from
 * when the last one really left, so a process that was held up doesn't send all that it missed at once: it catches up
 * by two requests at most, which keeps 36 a second under 40 in any second.
 *
 * @param perSecond Requests per second, above 0.
 * @throws {RangeError} `perSecond` is not above 0.
 */
export const pace = (perSecond: number, { now, sleep }: Clock): Gate => {
  if (!(perSecond > 0)) throw new RangeError(`perSecond must be above 0, got ${perSecond}`);
  const gapMs = 1000 / perSecond;
  let due = now();
  let pausedUntil = 0;
  let line: Promise<void> = Promise.resolve();

  const turn = async () => {
    for (;;) {
      const waitMs = Math.max(due, pausedUntil) - now();
      if (waitMs <= 0) break;
      await sleep(waitMs);
    }
    due = Math.max(due, now() - CATCH_UP * gapMs) + gapMs;
  };

  return {
    pass: () => (line = line.then(turn)),
    pause: (ms) => {
      pausedUntil = Math.max(pausedUntil, now() + ms);
    },
  };
};

/** Requests that may follow at once after a hold-up: timers fire up to a millisecond late, and that must not add up. */
const CATCH_UP = 2;
