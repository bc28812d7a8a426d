import pLimit from 'p-limit';
import type { FetchItem } from '../movies/fetch.ts';
import { layout } from '../runs/layout.ts';
import { type BranchWork, isRetried, LOST_REASONS, type Missing, type Outcome } from '../runs/work.ts';
import { TmdbRefusedError, TmdbShapeError, TmdbUnavailableError } from '../tmdb/errors.ts';
import { keeping, type WalkCall } from './walk-call.ts';

/**
 * Movies that are requested and not kept yet, at most: what the next walker requests again after a kill. They are kept
 * in two halves, so that one is written to S3 while the other is requested.
 */
export const CHUNK = 20;
const HALF = CHUNK / 2;

/** So many items in a row without a usable answer are an outage, and not the fault of single items. */
const OUTAGE_ITEMS = 10;

/**
 * More items of a branch than its tolerance allows have no usable answer. They are requested again when the branch is
 * walked again; a person reads the first reasons.
 */
export class TooManyMissingError extends Error {
  override readonly name = 'TooManyMissingError';
}

/** An item of a list, as far as its walk needs it. The other fields of a large list would take most of the memory. */
export interface WalkItem {
  id: number | string;
  /** Whether other branches of the dataset list it, too. TMDB is asked once for all of them. */
  isShared: boolean;
}

/**
 * Requests every item of a list that has no answer yet, and keeps the answers in chunks.
 *
 * An item that TMDB does not answer for (always 500, a body that is too large, a redirect) does not stop the others. It
 * is tried once more after them; then it is recorded as unavailable. If nothing else gets an answer, it is an outage.
 *
 * @returns Whether every item has an outcome. False where the time was up.
 * @throws {TooManyMissingError}
 * @throws {TmdbTokenError | TmdbThrottledError} TMDB rejects all requests.
 * @throws {TmdbUnavailableError | TmdbRefusedError | TmdbShapeError} An outage, or answers of an unknown form.
 */
export const walkItems = async (items: readonly WalkItem[], fetchItem: FetchItem, call: WalkCall): Promise<boolean> => {
  const { branch, tmdb, work, clock, emit, until, count } = call;
  const before = await keptSoFar(work);
  const todo = items.filter(({ id }) => !before.done.has(id));
  const lost = new Map([...before.malformed].map((id) => [id, 'malformed: no IMDb id']));
  const lostReasons: Record<string, number> = { malformed: before.malformed.size };
  const setAside: { item: WalkItem; error: Error }[] = [];
  /** TMDB is not asked for a malformed id, so such an id says nothing about an outage. */
  let answered = before.done.size - before.malformed.size;
  let unansweredInARow = 0;
  let left = todo.length;
  let stopped: { because: unknown } | undefined;
  const isOver = () => stopped !== undefined || clock.now() >= until;

  /** An item that TMDB has answered for: whether it still does tells an outage from bad items. */
  let probe: WalkItem | undefined = items.find(({ id }) => before.done.has(id) && !before.malformed.has(id));
  const isAnswered = (item: WalkItem, fetching: Parameters<FetchItem>[2]): Promise<boolean> =>
    fetchItem(item.id, before.resolved.get(item.id), { ...fetching, partly: () => undefined }).then(
      ({ outcome }) => outcome !== 'quarantined',
      () => false,
    );

  /** After many items in a row without an answer, asks for the probe. If that fails too, the walk stops: an outage. */
  const countUnanswered = async (id: number | string, error: Error, fetching: Parameters<FetchItem>[2]) => {
    // Items that had no answer before are expected to have none now.
    if (before.lost.has(id)) return;
    unansweredInARow += 1;
    if (unansweredInARow < OUTAGE_ITEMS || stopped) return;
    unansweredInARow = 0;
    if (!probe || !(await isAnswered(probe, fetching))) stopped ??= { because: error };
  };

  /** @returns undefined for an item that is set aside. */
  const outcomeOf = async (
    item: WalkItem,
    isLastTry: boolean,
    fetching: Parameters<FetchItem>[2],
  ): Promise<Outcome | undefined> => {
    const { id, isShared } = item;
    const known = isShared ? await work.sharedAnswer(Number(id)) : undefined;
    if (known) {
      answered += 1;
      return known;
    }
    try {
      const outcome = await fetchItem(id, before.resolved.get(id), fetching);
      if (outcome.outcome === 'quarantined') {
        await countUnanswered(
          id,
          new TmdbShapeError(`${OUTAGE_ITEMS} answers in a row could not be read; the last: ${outcome.why ?? ''}`),
          fetching,
        );
      } else if (outcome.outcome !== 'malformed') {
        probe ??= item;
        unansweredInARow = 0;
        answered += 1;
      }
      return isShared && outcome.outcome === 'fetched' ? await work.shareAnswer(outcome) : outcome;
    } catch (error) {
      if (!(error instanceof TmdbUnavailableError || error instanceof TmdbRefusedError)) throw error;
      if (isLastTry && answered > 0) return { id, outcome: 'unavailable', why: error.message };
      if (isLastTry) throw error;
      setAside.push({ item, error });
      await countUnanswered(id, error, fetching);
      return undefined;
    }
  };

  const walkHalf = async (half: readonly WalkItem[], isLastTry: boolean) => {
    if (isOver()) return;
    const kept = await keeping(call, async (asker) => {
      const outcomes: Outcome[] = [];
      const partly = (outcome: Outcome) => {
        outcomes.push(outcome);
        // For the last try, which does not look the id up again.
        if (outcome.outcome === 'resolved') before.resolved.set(outcome.id, outcome.tmdbId);
      };
      await Promise.all(
        half.map((item) =>
          requests(async () => {
            // Not only between halves: ten movies of a slow TMDB take longer than the time set aside for the last requests.
            if (isOver()) return;
            try {
              const outcome = await outcomeOf(item, isLastTry, { tmdb, asker, partly });
              if (outcome)
                outcomes.push(outcome.outcome === 'quarantined' ? await quarantined(outcome, call) : outcome);
            } catch (error) {
              stopped ??= { because: error };
            }
          }),
        ),
      );
      return outcomes;
    });
    if (kept.value.length === 0) return;
    try {
      await work.keepChunk(kept);
    } catch (error) {
      // The halves that have not begun must not: in one process, the retry of this call would ask for the same movies.
      stopped ??= { because: error };
      return;
    }
    const complete = kept.value.filter(({ outcome }) => outcome !== 'resolved');
    for (const outcome of complete) {
      if (!isLost(outcome)) continue;
      lost.set(outcome.id, outcome.why ?? outcome.outcome);
      lostReasons[outcome.outcome] = (lostReasons[outcome.outcome] ?? 0) + 1;
    }
    count(complete.length);
    left -= complete.length;
    emit({ type: 'moviesKept', branch: branch.branch, kept: items.length - left, of: items.length });
  };

  const chunks = pLimit(CHUNK / HALF);
  // What the client can't ask yet waits here, where the time is checked.
  const requests = pLimit(Math.min(CHUNK, tmdb.atOnce));
  const walkAll = (all: readonly WalkItem[], isLastTry: boolean) =>
    Promise.all(halvesOf(all).map((half) => chunks(() => walkHalf(half, isLastTry))));

  await walkAll(todo, false);
  await walkAll(
    setAside.map(({ item }) => item),
    true,
  );
  if (stopped) throw stopped.because;
  if (left > 0) return false;
  checkLost({ items: items.length, settled: answered + (lostReasons.malformed ?? 0) }, lost, lostReasons, call);
  return true;
};

const halvesOf = (items: readonly WalkItem[]): (readonly WalkItem[])[] =>
  Array.from({ length: Math.ceil(items.length / HALF) }, (_, index) => items.slice(index * HALF, (index + 1) * HALF));

const isLost = (outcome: Outcome): outcome is Missing => LOST_REASONS.some((reason) => reason === outcome.outcome);

/** Lost items that are named in an error; the quarantine and the next manifest have all. */
const LOST_SHOWN = 3;

/** One item may be missing in any case: in a list of 100, the default tolerance of 0.5 % allows none. */
const LOST_ALLOWED_LEAST = 1;

const checkLost = (
  { items, settled }: { items: number; settled: number },
  lost: ReadonlyMap<number | string, string>,
  reasons: Readonly<Record<string, number>>,
  { branch: { branch, settings } }: WalkCall,
): void => {
  // Where nothing has an answer, nothing may be missing. A malformed id needs none.
  const allowed = settled > 0 ? Math.max(LOST_ALLOWED_LEAST, Math.floor(items * settings.tolerance)) : 0;
  if (lost.size <= allowed) return;
  const counts = LOST_REASONS.filter((reason) => reasons[reason]).map((reason) => `${reasons[reason]} ${reason}`);
  const first = [...lost].slice(0, LOST_SHOWN).map(([id, why]) => `${id} (${why})`);
  throw new TooManyMissingError(
    `${branch}: ${lost.size} of ${items} movies have no usable answer: ${counts.join(', ')}; the dataset's tolerance of ${settings.tolerance * 100} % allows ${allowed}. The first: ${first.join('; ')}. ${whatToDo(reasons)}`,
  );
};

const whatToDo = (reasons: Readonly<Record<string, number>>): string =>
  LOST_REASONS.some((reason) => isRetried(reason) && reasons[reason])
    ? 'Resume the run to request them again.'
    : 'Correct the ids in the uploaded file, or raise the tolerance in the dataset; then start a new run.';

/** What earlier calls have kept. */
const keptSoFar = async (work: BranchWork) => {
  /** Ids that need no further request. */
  const done = new Set<number | string>();
  /** IMDb ids whose TMDB id is known. */
  const resolved = new Map<number | string, number>();
  const lost = new Set<number | string>();
  const malformed = new Set<number | string>();
  for await (const { value } of work.chunks(JSON.parse)) {
    for (const outcome of value) {
      if (outcome.outcome === 'resolved') resolved.set(outcome.id, outcome.tmdbId);
      else if (isRetried(outcome.outcome)) lost.add(outcome.id);
      else {
        if (outcome.outcome === 'malformed') malformed.add(outcome.id);
        done.add(outcome.id);
      }
    }
  }
  return { done, resolved, lost, malformed };
};

/** Stores an answer that can't be read for a person to look at; the branch continues, and its manifest names the id. */
const quarantined = async (outcome: Missing, { branch, store }: WalkCall): Promise<Outcome> => {
  const { body, ...rest } = outcome;
  const key = layout.quarantine(branch, outcome.id);
  await store.put(key, JSON.stringify({ ...rest, run: branch.run, body }));
  return { ...rest, key };
};
