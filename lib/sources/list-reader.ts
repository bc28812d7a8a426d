import type { Query } from '../tmdb/client.ts';
import type { ListedItem } from '../tmdb/responses.ts';
import { collect, readAllPages, rowsOf, type Seen } from './pages.ts';
import type { PagesOf } from './source.ts';

/** A list of TMDB as it was read. */
export interface ReadList {
  items: ListedItem[];
  /** TMDB's own total. */
  expected: number;
  /** Rows of the first pass. */
  listed: number;
  /** Rows of the first pass whose id was there before. */
  doubled: number;
  passes: number;
  /** Whether a pass, or two passes together, show that the list did not change while it was read. */
  isSteady: boolean;
}

/** Passes over one list, at most. A list that still changes then is changed faster than it can be read. */
const MOST_PASSES = 6;

/**
 * Reads a list until it is known to be whole.
 *
 * A list changes while it is read. When a movie leaves it, all later movies move up one place, and the first movie of
 * the next page is in no page that is read. So a pass counts only if nothing shows a change: each page names the same
 * total, no id is there twice, there are as many rows as the total says, page 1 is the same again after the last page,
 * and the pages were read at one go. Else the list is read again, until a pass counts or two passes in a row have the same ids.
 *
 * The second reading of page 1 costs one request for a list of several pages. It finds a movie that leaves page 1 while
 * another enters, which leaves the total as it was. What remains: one movie leaves and another enters, both behind page
 * 1, within the second or two that a pass takes; the next run finds it.
 *
 * @param name Of the list; its pages are kept under it.
 */
export const readList = async (pages: PagesOf, name: string, path: string, query: Query): Promise<ReadList> => {
  const passes: Pass[] = [];
  const result = (items: ListedItem[], isSteady: boolean): ReadList => ({
    items,
    expected: passes.at(-1)?.total ?? 0,
    listed: passes[0]?.rows ?? 0,
    doubled: (passes[0]?.rows ?? 0) - (passes[0]?.seen.size ?? 0),
    passes: passes.length,
    isSteady,
  });
  while (passes.length < MOST_PASSES) {
    const before = passes.at(-1);
    const pass = await readOnce(pages, `${name}-pass-${passes.length + 1}`, path, query);
    passes.push(pass);
    if (pass.isUnchanged || (before && hasSameIds(before, pass))) return result([...pass.seen.values()], true);
  }
  // No pass counts: whatever was seen in any of them is better than the last one alone.
  const all: Seen = new Map();
  for (const { seen } of passes) collect(all, [...seen.values()]);
  return result([...all.values()], false);
};

interface Pass {
  seen: Seen;
  rows: number;
  total: number;
  /** Nothing in it shows that the list changed meanwhile. */
  isUnchanged: boolean;
}

const readOnce = async (pages: PagesOf, name: string, path: string, query: Query): Promise<Pass> => {
  const all = await readAllPages(pages, name, path, query);
  const rows = rowsOf(all);
  const seen: Seen = new Map();
  collect(seen, rows);
  const [first] = all;
  const [firstAgain] = all.length > 1 ? await pages(`${name}-1-again`, path, query, [1]) : all;
  const totals = new Set([...all, ...(firstAgain ? [firstAgain] : [])].map(({ total_results }) => total_results));
  const total = all.at(-1)?.total_results ?? 0;
  const idsOf = (page: typeof first) => page?.results.map(({ id }) => id).join() ?? '';
  const isUnchanged =
    !pages.wasInterrupted?.(`${name}-`) &&
    totals.size === 1 &&
    seen.size === rows.length &&
    rows.length === total &&
    idsOf(first) === idsOf(firstAgain);
  return { seen, rows: rows.length, total, isUnchanged };
};

const hasSameIds = (one: Pass, other: Pass): boolean =>
  one.total === other.total &&
  one.seen.size === other.seen.size &&
  [...one.seen.keys()].every((id) => other.seen.has(id));
