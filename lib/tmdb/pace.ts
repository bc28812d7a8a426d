import type { Clock } from '../clock.ts';

/** Limits the request rate of one process. */
export interface Gate {
  /** Resolves when the caller may send its request. Callers are served in the order in which they called. */
  pass(): Promise<void>;
  /**
   * TMDB has answered with 429: blocks all callers for `ms` milliseconds from now, and lowers the rate. A current pause
   * that ends later stays in effect.
   */
  pause(ms: number): void;
}

/** The configured rate is this share of the highest rate that the gate tries. */
const START = 0.9;

/**
 * The highest rate of a gate, in requests per second. Where nobody else asks, TMDB allows a tenth more than the
 * configured rate: 40 instead of 36, or 4 × 10 instead of 4 × 9.
 */
export const highestRate = (perSecond: number): number => perSecond / START;

/** After a 429, the rate falls by this share. */
const DROP = 0.1;
/** The limit has become much lower if the last 429 was so few requests ago. Then the rate falls by the large share. */
const SOON = 100;
const LARGE_DROP = 0.3;
/** The rate never falls below this share of the highest one: TMDB may answer everything with 429 for a while. */
const LOWEST = 0.1;
/** After a 429, the gate returns to this share of the rate. The 429 comes some requests late, so the rate was above the limit. */
const BELOW = 0.96;
/** The return takes so many requests or milliseconds. So a limit that does not change gives at most one 429 in 1,000 requests. */
const RECOVERY = { requests: 1_000, ms: 100_000 };
/** A new gate reaches the highest rate sooner: TMDB has not answered with 429 yet. */
const APPROACH = { requests: 250, ms: 25_000 };

/** How far a gate has come after so many requests and milliseconds: 1 is the goal. */
const progress = (of: typeof RECOVERY, requests: number, ms: number): number =>
  Math.max(requests / of.requests, ms / of.ms);

/** The rate as a share of the goal, `recovered` from 0 to 1 and beyond after a drop. */
const grownTo = (recovered: number, drop: number): number =>
  recovered < 1 ? 1 - drop * (1 - recovered) ** 3 : 1 + (2 * (recovered - 1)) ** 3;

/**
 * Seconds that a new gate takes for so many requests, where TMDB allows the highest rate and the gate never waits for a
 * caller.
 *
 * @param perSecond The configured rate, as in `pace`.
 */
export const secondsFor = (requests: number, perSecond: number): number => {
  const highest = highestRate(perSecond);
  let seconds = 0;
  let passed = 0;
  for (; passed < requests; passed++) {
    const recovered = progress(APPROACH, passed, seconds * 1000);
    if (recovered >= 1) break;
    seconds += Math.min(1, requests - passed) / (highest * grownTo(recovered, DROP));
  }
  return seconds + Math.max(0, requests - passed) / highest;
};

/** Requests that may follow at once after a delay. Timers fire up to a millisecond late, and these delays must not add up. */
const CATCH_UP = 2;

/** Milliseconds by which two requests may come closer together on their way to TMDB. */
const JITTER_MS = 15;

/**
 * A gate that spaces requests evenly, and finds the rate that TMDB allows.
 *
 * TMDB's limit is "somewhere in the 40 requests per second range" and may change without notice. Source:
 * https://developer.themoviedb.org/docs/rate-limiting (read 2026-11-22). The gate begins at the configured rate and
 * approaches the highest one, or later the one that TMDB last answered with 429: fast at first and slowly at the end, as
 * CUBIC does for TCP (RFC 9438). If TMDB allows that, it then continues in the same way: slowly at first, and then faster.
 *
 * Where other processes use the same limit, each of them finds a rate that TMDB answers.
 *
 * No second has more requests than the rate allows. After a delay, a process catches up by at most two requests.
 *
 * @param perSecond Requests per second at the beginning, above 0.
 * @throws {RangeError} `perSecond` is not above 0.
 */
export const pace = (perSecond: number, { now, sleep }: Clock): Gate => {
  if (!(perSecond > 0)) throw new RangeError(`perSecond must be above 0, got ${perSecond}`);
  const highest = highestRate(perSecond);
  /** The rate that the gate returns to. */
  let goal = highest;
  let drop = DROP;
  let recovery = APPROACH;
  /** Requests since the last drop, and its time. */
  let since = 0;
  let droppedAt = now();
  const rate = (): number => {
    const recovered = progress(recovery, since, now() - droppedAt);
    return Math.min(highest, goal * grownTo(recovered, drop));
  };

  /** When the last requests passed. A window of the limit holds as many. */
  const passedAt = new Float64Array(Math.ceil(highest) + CATCH_UP).fill(Number.NEGATIVE_INFINITY);
  let passed = 0;
  /** When the window has room for one more request. */
  const roomAt = (): number => {
    const limit = Math.max(goal, rate());
    const most = Math.max(1, Math.min(Math.floor(limit), Math.ceil(rate()) + CATCH_UP));
    const before = passedAt[(passed + passedAt.length - most) % passedAt.length] ?? 0;
    return before + (1000 * most) / limit + JITTER_MS;
  };

  let nextAt = now();
  let pausedUntil = 0;
  let queue: Promise<void> = Promise.resolve();

  const turn = async () => {
    for (;;) {
      const waitMs = Math.max(nextAt, pausedUntil, roomAt()) - now();
      if (waitMs <= 0) break;
      await sleep(waitMs);
    }
    const gapMs = 1000 / rate();
    // A pause is no delay to catch up with.
    nextAt = Math.max(nextAt, pausedUntil, now() - CATCH_UP * gapMs) + gapMs;
    passedAt[passed % passedAt.length] = now();
    passed += 1;
    since += 1;
  };

  return {
    pass: () => (queue = queue.then(turn)),
    pause: (ms) => {
      // Further answers 429 during a pause belong to requests that were sent before it: one signal, one drop.
      if (now() > pausedUntil) {
        goal = Math.max(rate() * BELOW, highest * LOWEST);
        drop = since < SOON ? LARGE_DROP : DROP;
        recovery = RECOVERY;
        since = 0;
        droppedAt = now();
      }
      pausedUntil = Math.max(pausedUntil, now() + ms);
    },
  };
};
