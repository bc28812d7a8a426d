import pLimit from 'p-limit';
import { parseKeepingNumbers } from '../json-text.ts';
import type { PlannedBranch } from '../runs/plan.ts';
import type { Listing } from '../runs/work.ts';
import { ListIncompleteError, type PagesOf, type Source } from '../sources/source.ts';
import { TmdbShapeError } from '../tmdb/errors.ts';
import { type ListPage, listPage } from '../tmdb/responses.ts';
import { keeping, ledger, REQUESTS_AT_ONCE, TimeUp, type WalkCall } from './walk-call.ts';

/**
 * Reads the list of a branch, and keeps it.
 *
 * @throws {ListIncompleteError} The list is not what TMDB or the plan says. The next call reads it again.
 */
export const walkList = async (source: Source, call: WalkCall): Promise<Listing> => {
  const { branch, work, clock, emit, count } = call;
  const spent = ledger();
  const pages = pagesOf(call, spent);
  try {
    const listing = await comparedWithPlan(branch, (prefix) =>
      source.list(branch.listFrom, (name, ...query) => pages(`${prefix}${name}`, ...query)),
    );
    await work.keepListing({ ...spent.total(clock), value: listing });
    count(1);
    emit({ type: 'listed', branch: branch.branch, movies: listing.items.length, expected: listing.expected });
    return listing;
  } catch (error) {
    if (error instanceof ListIncompleteError) await work.forgetPages();
    throw error;
  }
};

const pagesOf = (call: WalkCall, spent: ReturnType<typeof ledger>): PagesOf => {
  const { tmdb, work, clock, until, count } = call;
  const atOnce = pLimit(REQUESTS_AT_ONCE);
  return async (name, path, query, numbers) => {
    const before = await work.pages<ListPage[]>(name);
    if (before) {
      spent.add(name, before);
      return before.value;
    }
    if (clock.now() >= until) throw new TimeUp();
    const kept = await keeping(call, async (asker) =>
      Promise.all(
        numbers.map((page) =>
          atOnce(async () => {
            if (clock.now() >= until) throw new TimeUp();
            const answer = await tmdb.get(path, { ...query, page }, listPage, asker);
            if (answer.body.page !== page)
              throw new TmdbShapeError(`GET ${path}: asked for page ${page}, got page ${answer.body.page}`, answer);
            // Items of the list become records, so their numbers keep the text that TMDB sent.
            return parseKeepingNumbers(answer.text) as ListPage;
          }),
        ),
      ),
    );
    await work.keepPages(name, kept);
    count(numbers.length);
    spent.add(name, kept);
    return kept.value;
  };
};

/** Share of the planned items that may have left a list since the plan; a list loses a few in days, not a tenth. */
const LEFT_SINCE_PLAN = 0.1;
/** And so many in any case: one movie of five is a fifth. */
const LEFT_SINCE_PLAN_LEAST = 2;

/**
 * Reads a list and compares it with what the plan found on its page 1. One wrong answer (no results, total 0) must not
 * pass for a list that has become empty: the branch's files would be removed.
 *
 * A list that is shorter than the tolerance allows is read again. It fails if it is then empty, or a tenth shorter.
 */
const comparedWithPlan = async (
  { branch, expected: planned, settings: { tolerance } }: PlannedBranch,
  read: (prefix: string) => Promise<Listing>,
): Promise<Listing> => {
  const first = await read('');
  if (planned === null || planned - first.expected <= planned * tolerance) return first;
  const listing = await read('again-');
  const left = planned - listing.expected;
  if (left <= planned * tolerance) return listing;
  const what = `the plan found ${planned} items in the list, and now TMDB's total is ${listing.expected}`;
  if (listing.items.length === 0 || left > Math.max(planned * LEFT_SINCE_PLAN, LEFT_SINCE_PLAN_LEAST))
    throw new ListIncompleteError(
      `${branch}: ${what}, read twice. If that is right, start a new run; else resume this one later.`,
    );
  return { ...listing, warnings: [...listing.warnings, what] };
};
