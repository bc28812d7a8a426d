import type { Clock } from '../lib/clock.ts';
import type { Emit } from '../lib/events.ts';
import { checkToken } from '../lib/stages/plan-first-pages.ts';
import type { Tmdb } from '../lib/tmdb/client.ts';
import { TmdbThrottledError, TmdbUnavailableError } from '../lib/tmdb/errors.ts';

export interface OutageOptions {
  clock: Clock;
  emit: Emit;
  /** Longest outage that is waited for, in milliseconds. */
  giveUpAfterMs: number;
}

/** Waits between the tries of an outage, in milliseconds. The last one is used again and again. */
const WAITS_MS = [10_000, 20_000, 30_000] as const;
const LONGEST_WAIT_MS = 30_000;

/** How often one question is asked again after an outage. It may be one that never gets an answer, in a bad hour. */
const OUTAGES_OF_A_QUESTION = 3;

/**
 * A TMDB client that waits while TMDB is down, instead of failing branch after branch.
 *
 * After a question without an answer, it asks `/authentication`. If that is answered, the fault is this question's, and
 * its error stands: one movie or one list that fails is no outage. Else all questions of the process wait until it is
 * answered.
 *
 * In AWS, the Retry blocks of the state machine wait instead: a function pays for its time.
 *
 * @returns The client, and a promise that is rejected when an outage took too long. No retry helps then, so a run that
 *   waits for both ends at once.
 */
export const waitOutOutages = (
  tmdb: Tmdb,
  { clock, emit, giveUpAfterMs }: OutageOptions,
): { tmdb: Tmdb; failed: Promise<never> } => {
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => undefined);
  let outage: Promise<boolean> | undefined;

  /** @returns Whether there was an outage, which is over now. */
  const outageIsOver = async (): Promise<boolean> => {
    let down = await downBecause(tmdb, true);
    if (!down) return false;
    const since = clock.now();
    for (let attempt = 0; ; attempt += 1) {
      const waitedMs = clock.now() - since;
      const leftMs = giveUpAfterMs - waitedMs;
      if (leftMs <= 0) {
        const error = gaveUp(down, waitedMs);
        reject(error);
        throw error;
      }
      const waitMs = Math.min(WAITS_MS[attempt] ?? LONGEST_WAIT_MS, leftMs);
      emit({ type: 'tmdbDown', reason: down.reason, waitMs, givesUpInMs: leftMs });
      await clock.sleep(waitMs);
      const still = await downBecause(tmdb, false);
      if (!still) {
        emit({ type: 'tmdbUp', afterMs: clock.now() - since });
        return true;
      }
      down = still;
    }
  };
  const join = () => {
    outage ??= outageIsOver().finally(() => {
      outage = undefined;
    });
    return outage;
  };

  const waiting = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    for (let outages = 0; ; outages += 1) {
      await outage;
      try {
        return await ask();
      } catch (error) {
        if (!isDown(error) || outages === OUTAGES_OF_A_QUESTION || !(await join())) throw error;
      }
    }
  };
  return {
    failed,
    tmdb: {
      name: tmdb.name,
      atOnce: tmdb.atOnce,
      get: (...question) => waiting(() => tmdb.get(...question)),
      lookUp: (...question) => waiting(() => tmdb.lookUp(...question)),
    },
  };
};

type Down = TmdbUnavailableError | TmdbThrottledError;

const isDown = (error: unknown): error is Down =>
  error instanceof TmdbUnavailableError || error instanceof TmdbThrottledError;

/** @returns undefined where TMDB answers, even if it rejects the token: the next question reports that. */
const downBecause = async (tmdb: Tmdb, retries: boolean): Promise<Down | undefined> => {
  try {
    await checkToken(tmdb, retries);
    return undefined;
  } catch (error) {
    return isDown(error) ? error : undefined;
  }
};

const gaveUp = ({ reason }: Down, waitedMs: number) =>
  new TmdbUnavailableError(
    `TMDB gave no usable answer for ${Math.round(waitedMs / 1000)} s (${reason}): continue when TMDB answers again, or wait longer with --give-up-after.`,
    reason,
  );
