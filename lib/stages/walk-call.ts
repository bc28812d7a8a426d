import type { Clock } from '../clock.ts';
import type { Emit } from '../events.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import type { PlannedBranch } from '../runs/plan.ts';
import { type Second, trafficCounter } from '../runs/traffic.ts';
import type { BranchWork, Kept } from '../runs/work.ts';
import { type Asker, newTally, type Tally, type Tmdb } from '../tmdb/client.ts';
import { TmdbThrottledError } from '../tmdb/errors.ts';

/** One call of the page-walker: what it works with. */
export interface WalkCall {
  branch: PlannedBranch;
  tmdb: Tmdb;
  store: ObjectStore;
  work: BranchWork;
  clock: Clock;
  emit: Emit;
  /** Milliseconds since 1970 after which nothing new is requested. */
  until: number;
  /** Counts pages, lists and movies that this call kept. */
  count(kept: number): void;
}

/** Ends the reading of a list when the time is up; never leaves the walker. */
export class TimeUp extends Error {
  override readonly name = 'TimeUp';
}

/** Wait before a question is asked again that TMDB has throttled for all its retries, in milliseconds. */
const THROTTLED_MS = 10_000;

/**
 * A client that asks again while TMDB throttles and the call has time. Another process uses the same limit then: a second
 * stage, or a run that a person started. Both get on, slower (lib/tmdb/pace.ts); an error would make each of them begin
 * again.
 */
export const whileTmdbThrottles = ({ tmdb, clock, until }: Pick<WalkCall, 'tmdb' | 'clock' | 'until'>): Tmdb => {
  const patient = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof TmdbThrottledError) || clock.now() + THROTTLED_MS >= until) throw error;
        await clock.sleep(THROTTLED_MS);
      }
    }
  };
  return {
    name: tmdb.name,
    atOnce: tmdb.atOnce,
    get: (...question) => patient(() => tmdb.get(...question)),
    lookUp: (...question) => patient(() => tmdb.lookUp(...question)),
  };
};

/** Gets something from TMDB, and records the requests and the time that it took. */
export const keeping = async <Value>(
  { branch: { branch }, clock, emit }: WalkCall,
  get: (asker: Asker) => Promise<Value>,
): Promise<Kept<Value>> => {
  const tally = newTally();
  const { count, seconds } = trafficCounter(clock);
  const from = new Date(clock.now()).toISOString();
  try {
    const value = await get({
      tally,
      onCount: count,
      onWait: (wait) => emit({ type: 'waiting', branch, ...wait }),
      onRetry: (retry) => emit({ type: 'retried', branch, retry }),
    });
    return { tally, traffic: seconds(), from, to: new Date(clock.now()).toISOString(), value };
  } finally {
    if (tally.requests > 0) emit({ type: 'requested', branch, ...tally });
  }
};

/** Adds up requests and times of several kept things, each once, however often a list reads it. */
export const ledger = () => {
  const entries = new Map<string, Kept<unknown>>();
  return {
    add: (name: string, kept: Kept<unknown>) => entries.set(name, kept),
    has: (name: string) => entries.has(name),
    /** @param prefix Only what is kept under names that begin so. */
    total: (clock: Clock, prefix = '') => {
      const all = [...entries].flatMap(([name, kept]) => (name.startsWith(prefix) ? [kept] : []));
      const sum = (field: keyof Tally) => all.reduce((total, { tally }) => total + tally[field], 0);
      const times = all.flatMap(({ from, to }) => [from, to]).toSorted();
      const now = new Date(clock.now()).toISOString();
      return {
        tally: { requests: sum('requests'), retries: sum('retries'), throttles: sum('throttles') },
        traffic: all.flatMap(({ traffic = [] }): Second[] => traffic),
        from: times.at(0) ?? now,
        to: times.at(-1) ?? now,
      };
    },
  };
};
