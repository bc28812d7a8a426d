import pLimit from 'p-limit';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { type FetchItem, fetcherFor } from '../movies/fetch.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { places } from '../runs/layout.ts';
import type { PlannedBranch } from '../runs/plan.ts';
import type { BranchWork, Kept, Listing, Outcome } from '../runs/work.ts';
import { ListIncompleteError } from '../sources/discover.ts';
import { type PagesOf, sourceOf } from '../sources/source.ts';
import { newTally, type Tally, type Tmdb } from '../tmdb/client.ts';
import { TmdbShapeError } from '../tmdb/errors.ts';
import { listPage } from '../tmdb/responses.ts';

export interface WalkServices {
  tmdb: Tmdb;
  store: ObjectStore;
  work: BranchWork;
  clock: Clock;
  log: Log;
  /** Milliseconds since 1970 after which nothing new is asked. */
  until: number;
}

/** How far one call came. `asked` counts lists and movies that were kept by it. */
export interface Walked {
  finished: boolean;
  asked: number;
}

/**
 * Movies that are asked for and not kept yet, at most: what a kill makes the next walker ask again. They are kept in
 * two halves, so that one is on its way to S3 while the other comes in.
 */
export const CHUNK = 20;
const HALF = CHUNK / 2;

/** Requests of one walker under way at once: at 9 a second and 0.15 s each, 2 would do; the others ride out slow ones. */
const AT_ONCE = 6;

/** A walker was called and got nothing done. Without this, Walk and Finished? could go round for ever. */
export class WalkStalledError extends Error {
  override readonly name = 'WalkStalledError';
}

/** Thrown to get out of a list when the time is up; never leaves this module. */
class TimeUp extends Error {}

/**
 * Walks one branch as far as time allows: first its list, then what the dataset asks of each movie.
 *
 * Whatever came before is in `work`: killed, timed out or called again, it goes on from there.
 *
 * @throws {WalkStalledError} The time was up before anything was kept.
 */
export const walk = async (branch: PlannedBranch, services: WalkServices): Promise<Walked> => {
  let asked = 0;
  const counted = (kept: number) => {
    asked += kept;
  };
  let finished = false;
  try {
    const { items } = (await services.work.listing())?.value ?? (await walkList(branch, services, counted));
    const fetchItem = fetcherFor(branch);
    finished = fetchItem ? await walkItems(branch, items, fetchItem, services, counted) : true;
  } catch (error) {
    if (!(error instanceof TimeUp)) throw error;
  }
  if (!finished && asked === 0) {
    throw new WalkStalledError(
      `${branch.branch}: the time of this call was up before anything was kept; give it more than ${branch.limits.walkSeconds ?? "the function's timeout in"} seconds.`,
    );
  }
  return { finished, asked };
};

const walkList = async (
  branch: PlannedBranch,
  { tmdb, work, clock, log, until }: WalkServices,
  counted: (kept: number) => void,
): Promise<Listing> => {
  const spent = ledger();
  const atOnce = pLimit(AT_ONCE);
  const pages: PagesOf = async (name, path, query, numbers) => {
    const before = await work.pages<Awaited<ReturnType<PagesOf>>>(name);
    if (before) {
      spent.add(name, before);
      return before.value;
    }
    if (clock.now() >= until) throw new TimeUp();
    const kept = await keeping(clock, async (tally) =>
      Promise.all(
        numbers.map((page) =>
          atOnce(async () => {
            if (clock.now() >= until) throw new TimeUp();
            const answer = await tmdb.get(path, { ...query, page }, listPage, tally);
            if (answer.page === page) return answer;
            throw new TmdbShapeError(`GET ${path}: asked for page ${page}, got page ${answer.page}`);
          }),
        ),
      ),
    );
    await work.keepPages(name, kept);
    counted(numbers.length);
    spent.add(name, kept);
    return kept.value;
  };

  try {
    const listing = await sourceOf(branch.listFrom).list(branch.listFrom, branch.settings, pages);
    await work.keepListing({ ...spent.total(clock), value: listing });
    counted(1);
    log.info('list kept', { branch: branch.branch, movies: listing.items.length, expected: listing.expected });
    return listing;
  } catch (error) {
    if (error instanceof ListIncompleteError) await work.forgetPages();
    throw error;
  }
};

const walkItems = async (
  branch: PlannedBranch,
  items: Listing['items'],
  fetchItem: FetchItem,
  { tmdb, store, work, clock, log, until }: WalkServices,
  counted: (kept: number) => void,
): Promise<boolean> => {
  const { done, resolved } = await keptSoFar(work);
  const todo = items.filter(({ id }) => !done.has(id));
  let left = todo.length;
  let stopped: { because: unknown } | undefined;
  const chunks = pLimit(CHUNK / HALF);
  const requests = pLimit(AT_ONCE);

  const walkHalf = async (half: Listing['items']) => {
    if (stopped || clock.now() >= until) return;
    const kept = await keeping(clock, async (tally) => {
      const outcomes: Outcome[] = [];
      const partly = (outcome: Outcome) => outcomes.push(outcome);
      await Promise.all(
        half.map(({ id }) =>
          requests(async () => {
            // Not only between halves: ten movies of a slow TMDB take longer than what is set aside for the last question.
            if (stopped || clock.now() >= until) return;
            try {
              const outcome = await fetchItem(id, resolved.get(id), { tmdb, tally, partly });
              outcomes.push(outcome.outcome === 'quarantined' ? await quarantined(branch, store, outcome) : outcome);
            } catch (error) {
              stopped ??= { because: error };
            }
          }),
        ),
      );
      return outcomes;
    });
    if (kept.value.length === 0) return;
    const complete = kept.value.filter(({ outcome }) => outcome !== 'resolved');
    const unreadable = complete.filter(({ outcome }) => outcome === 'quarantined');
    if (unreadable.length === complete.length && unreadable.length >= HALF / 2) {
      // Not kept: TMDB has changed, and once the code reads it these are to be asked for again.
      stopped ??= {
        because: new TmdbShapeError(
          `${unreadable.length} answers in a row could not be read, the first because ${reasonOf(unreadable[0])}`,
        ),
      };
      return;
    }
    await work.keepChunk(kept);
    counted(complete.length);
    left -= complete.length;
    log.debug('movies kept', { branch: branch.branch, kept: items.length - left, of: items.length });
  };

  const halves = Array.from({ length: Math.ceil(todo.length / HALF) }, (_, at) =>
    todo.slice(at * HALF, (at + 1) * HALF),
  );
  await Promise.all(halves.map((half) => chunks(() => walkHalf(half))));
  if (stopped) throw stopped.because;
  return left === 0;
};

const reasonOf = (outcome: Outcome | undefined): string => (outcome && 'why' in outcome ? (outcome.why ?? '') : '');

/** What earlier walkers of this branch have kept: finished ids, and IMDb ids whose TMDB id is known. */
const keptSoFar = async (work: BranchWork) => {
  const done = new Set<number | string>();
  const resolved = new Map<number | string, number>();
  for await (const { value } of work.chunks()) {
    for (const outcome of value) {
      if (outcome.outcome === 'resolved') resolved.set(outcome.id, outcome.tmdbId);
      else done.add(outcome.id);
    }
  }
  return { done, resolved };
};

/** Puts aside what TMDB sent and we can't read; the branch goes on, and its manifest names the id. */
const quarantined = async (
  branch: PlannedBranch,
  store: ObjectStore,
  outcome: Extract<Outcome, { why?: string }>,
): Promise<Outcome> => {
  const { body, ...rest } = outcome;
  const key = places.quarantine(branch, outcome.id);
  await store.put(key, JSON.stringify({ ...rest, run: branch.run, body }));
  return { ...rest, key };
};

/** Notes what it took to get something: requests, and from when to when. */
const keeping = async <Value>(clock: Clock, get: (tally: Tally) => Promise<Value>): Promise<Kept<Value>> => {
  const tally = newTally();
  const from = new Date(clock.now()).toISOString();
  const value = await get(tally);
  return { tally, from, to: new Date(clock.now()).toISOString(), value };
};

/** Adds up what several kept things took, each once, however often a list goes back to it. */
const ledger = () => {
  const entries = new Map<string, Kept<unknown>>();
  return {
    add: (name: string, kept: Kept<unknown>) => entries.set(name, kept),
    total: (clock: Clock) => {
      const all = [...entries.values()];
      const sum = (field: keyof Tally) => all.reduce((total, { tally }) => total + tally[field], 0);
      const times = all.flatMap(({ from, to }) => [from, to]).toSorted();
      const now = new Date(clock.now()).toISOString();
      return {
        tally: { requests: sum('requests'), retries: sum('retries'), throttles: sum('throttles') },
        from: times.at(0) ?? now,
        to: times.at(-1) ?? now,
      };
    },
  };
};
