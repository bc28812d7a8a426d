import pLimit from 'p-limit';
import { parseKeepingNumbers } from '../json-text.ts';
import type { PlannedBranch } from '../runs/plan.ts';
import type { Listing } from '../runs/work.ts';
import { ListIncompleteError, type PagesOf, type Source } from '../sources/source.ts';
import type { Answer } from '../tmdb/client.ts';
import { TmdbShapeError } from '../tmdb/errors.ts';
import { type ListPage, listPage } from '../tmdb/responses.ts';
import { keeping, ledger, TimeUp, type WalkCall } from './walk-call.ts';

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
    const listing = await comparedWithPlan(branch, (prefix) => source.list(branch.listFrom, prefixed(pages, prefix)));
    await work.keepListing({ ...spent.total(clock), value: listing });
    count(1);
    emit({ type: 'listed', branch: branch.branch, movies: listing.items.length, expected: listing.expected });
    return listing;
  } catch (error) {
    if (error instanceof ListIncompleteError) await work.forgetPages();
    throw error;
  }
};

const prefixed = (pages: PagesOf, prefix: string): PagesOf =>
  Object.assign(((name, ...query) => pages(`${prefix}${name}`, ...query)) satisfies PagesOf, {
    wasInterrupted: (pass: string) => pages.wasInterrupted?.(`${prefix}${pass}`) ?? false,
  });

/** Milliseconds that a pass over a list may take: so long, and so many more for each request. */
const PASS_MS = 15_000;
const PASS_MS_PER_REQUEST = 1_000;

const pagesOf = (call: WalkCall, spent: ReturnType<typeof ledger>): PagesOf => {
  const { tmdb, work, clock, until, count } = call;
  const atOnce = pLimit(tmdb.atOnce);
  /** Pages that an earlier call kept. */
  const continued = new Set<string>();
  const read: PagesOf = async (name, path, query, numbers) => {
    const before = await work.pages<ListPage[]>(name);
    if (before) {
      if (!spent.has(name)) continued.add(name);
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
            return pageOf(answer);
          }),
        ),
      ),
    );
    await work.keepPages(name, kept);
    count(numbers.length);
    spent.add(name, kept);
    return kept.value;
  };
  const wasInterrupted = (pass: string): boolean => {
    if ([...continued].some((name) => name.startsWith(pass))) return true;
    const { tally, from, to } = spent.total(clock, pass);
    return Date.parse(to) - Date.parse(from) > PASS_MS + tally.requests * PASS_MS_PER_REQUEST;
  };
  return Object.assign(read, { wasInterrupted });
};

/**
 * One page as it is kept. Items become records, so their numbers keep the text that TMDB sent; ids and totals are read as
 * numbers, and stay plain ones.
 */
const pageOf = ({ body, json }: Answer<ListPage>): ListPage => {
  const { results } = parseKeepingNumbers(String(json)) as ListPage;
  return { ...body, results: body.results.map(({ id }, index) => ({ ...results[index], id })) };
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
  // Without a planned number, one empty answer still is not an empty list.
  if (planned === null) return first.items.length > 0 ? first : read('again-');
  if (planned - first.expected <= planned * tolerance) return first;
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
