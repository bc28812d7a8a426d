import pLimit from 'p-limit';
import type { Clock } from '../clock.ts';
import type { Emit } from '../events.ts';
import { type FetchItem, fetcherFor } from '../movies/fetch.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { forgetFailure } from '../runs/failure.ts';
import { layout } from '../runs/layout.ts';
import type { PlannedBranch } from '../runs/plan.ts';
import type { BranchWork, Kept, Listing, Outcome } from '../runs/work.ts';
import { ListIncompleteError, openSource, type PagesOf, type Source, type SourceKinds } from '../sources/source.ts';
import { newTally, type Tally, type Tmdb } from '../tmdb/client.ts';
import { TmdbShapeError } from '../tmdb/errors.ts';
import { listPage } from '../tmdb/responses.ts';

export interface WalkServices {
  tmdb: Tmdb;
  store: ObjectStore;
  work: BranchWork;
  clock: Clock;
  emit: Emit;
  kinds: SourceKinds;
  /** Milliseconds since 1970 after which nothing new is requested. */
  until: number;
}

/** How far one call came. */
export interface Walked {
  finished: boolean;
  /** Pages, lists and movies that it kept. */
  kept: number;
}

/**
 * Movies that are requested and not kept yet, at most: what the next walker requests again after a kill. They are kept
 * in two halves, so that one is written to S3 while the other is requested.
 */
export const CHUNK = 20;
const HALF = CHUNK / 2;

/** Requests of one walker at once: at 9 a second and 0.15 s each, 2 are enough; the others are for slow answers. */
const AT_ONCE = 6;

/**
 * Milliseconds of a call that are set aside for requests in progress: two questions of an id, each 90 s, 60 s at the
 * gate and a last try of 15 s.
 */
const LAST_REQUESTS_MS = 330_000;

/** When a call of the walker stops requesting, in milliseconds since 1970. */
export const walkUntil = ({ limits }: PlannedBranch, clock: Clock, remainingMs: number): number => {
  const { walkSeconds = Number.POSITIVE_INFINITY } = limits;
  return clock.now() + Math.min(walkSeconds * 1000, remainingMs - LAST_REQUESTS_MS);
};

/** A whole call of the walker kept nothing. Without this error, Walk and Finished? could repeat without end. */
export class WalkStalledError extends Error {
  override readonly name = 'WalkStalledError';
}

/** Ends the reading of a list when the time is up; never leaves this module. */
class TimeUp extends Error {}

/**
 * Walks one branch as far as time allows: first its list, then what the dataset asks for each movie.
 *
 * What was kept before is in `work`: after a kill or a timeout, or called again, it continues from there.
 *
 * @throws {WalkStalledError} The time was up before anything was kept.
 */
export const walk = async (branch: PlannedBranch, services: WalkServices): Promise<Walked> => {
  const { emit, work, kinds } = services;
  const source = openSource(kinds, branch.settings);
  let kept = 0;
  const count = (more: number) => {
    kept += more;
  };
  let finished = false;
  emit({ type: 'branchStarted', branch: branch.branch });
  await forgetFailure(services.store, branch);
  try {
    const { items } = (await work.listing())?.value ?? (await walkList(branch, source, services, count));
    const fetchItem = fetcherFor(branch.settings.ask, source.itemRequest(branch.listFrom));
    finished = fetchItem ? await walkItems(branch, items, fetchItem, services, count) : true;
  } catch (error) {
    if (!(error instanceof TimeUp)) throw error;
  }
  if (!finished && kept === 0)
    throw new WalkStalledError(
      `${branch.branch}: the time of this call was up before anything was kept; give it more than ${branch.limits.walkSeconds ?? "the function's timeout in"} seconds.`,
    );
  return { finished, kept };
};

const walkList = async (
  branch: PlannedBranch,
  source: Source,
  { tmdb, work, clock, emit, until }: WalkServices,
  count: (kept: number) => void,
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
    count(numbers.length);
    spent.add(name, kept);
    return kept.value;
  };

  try {
    const listing = await source.list(branch.listFrom, pages);
    await work.keepListing({ ...spent.total(clock), value: listing });
    count(1);
    emit({ type: 'listed', branch: branch.branch, movies: listing.items.length, expected: listing.expected });
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
  { tmdb, store, work, clock, emit, until }: WalkServices,
  count: (kept: number) => void,
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
            // Not only between halves: ten movies of a slow TMDB take longer than the time set aside for the last requests.
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
      // Not kept: TMDB has changed. Once the code reads the new form, these are requested again.
      stopped ??= {
        because: new TmdbShapeError(
          `${unreadable.length} answers in a row could not be read, the first because ${reasonOf(unreadable[0])}`,
        ),
      };
      return;
    }
    await work.keepChunk(kept);
    count(complete.length);
    left -= complete.length;
    emit({ type: 'moviesKept', branch: branch.branch, kept: items.length - left, of: items.length });
  };

  const halves = Array.from({ length: Math.ceil(todo.length / HALF) }, (_, index) =>
    todo.slice(index * HALF, (index + 1) * HALF),
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

/** Stores an answer that can't be read for a person to look at; the branch continues, and its manifest names the id. */
const quarantined = async (
  branch: PlannedBranch,
  store: ObjectStore,
  outcome: Extract<Outcome, { why?: string }>,
): Promise<Outcome> => {
  const { body, ...rest } = outcome;
  const key = layout.quarantine(branch, outcome.id);
  await store.put(key, JSON.stringify({ ...rest, run: branch.run, body }));
  return { ...rest, key };
};

/** Gets something, and records the requests and the time that it took. */
const keeping = async <Value>(clock: Clock, get: (tally: Tally) => Promise<Value>): Promise<Kept<Value>> => {
  const tally = newTally();
  const from = new Date(clock.now()).toISOString();
  const value = await get(tally);
  return { tally, from, to: new Date(clock.now()).toISOString(), value };
};

/** Adds up requests and times of several kept things, each once, however often a list reads it. */
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
