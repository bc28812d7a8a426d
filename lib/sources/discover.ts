import { type Dataset, genreNamed, type SourceOf } from '../datasets/dataset.ts';
import type { Day } from '../day.ts';
import type { ListFrom } from '../runs/plan.ts';
import type { Listing } from '../runs/work.ts';
import type { Query } from '../tmdb/client.ts';
import type { ListedItem } from '../tmdb/responses.ts';
import { collect, itemsOf, LAST_PAGE, passOver, rowsOf, type Seen } from './pages.ts';
import type { PagesOf, PlanFor, Source, SourceBranch } from './source.ts';

type Pair = Extract<ListFrom, { kind: 'discover' }>;

/** The list of a branch is not what TMDB says it holds, beyond the dataset's tolerance. The next walker asks for it anew. */
export class ListIncompleteError extends Error {
  override readonly name = 'ListIncompleteError';
}

/** A list that still grows after this many passes is not going to hold still. */
const MOST_PASSES = 6;

/** `discover/movie`, a branch for each genre × year pair. */
export const discover: Source<'discover'> = {
  firstPage: (pair, settings) => ({
    path: PATH,
    query: queryOf(pair, settings),
    expected: ({ total_results }) => total_results,
  }),
  list: async (pair, settings, pages) => {
    const windows = await walkWindow(pair, settings, pages);
    const seen: Seen = new Map();
    const rows = windows.flatMap(({ items }) => items);
    collect(seen, rows);
    const listing: Listing = {
      items: itemsOf(seen),
      expected: sum(windows, 'expected'),
      listed: sum(windows, 'listed'),
      // Lists of neighboring windows may share a movie whose date has changed in between.
      doubled: sum(windows, 'doubled') + (rows.length - seen.size),
      passes: Math.max(...windows.map(({ passes }) => passes)),
      warnings: [],
    };
    return judged(listing, settings.tolerance);
  },
};

const PATH = '/discover/movie';

/** The dataset's pairs: each genre in each year. */
export const pairsOf = (source: SourceOf<'discover'>, { day, years }: PlanFor): SourceBranch[] => {
  const { from, to } = years ?? source.years;
  const last = to === 'current' ? Number(day.slice(0, 4)) : to;
  return source.genres.flatMap((given) => {
    const genre = genreNamed(given);
    if (!genre) return [];
    return Array.from({ length: Math.max(0, last - from + 1) }, (_, at) => {
      const year = String(from + at);
      return {
        name: `${genre.name}-${year}`,
        listFrom: { kind: 'discover', genreId: genre.id, from: `${year}-01-01` as Day, to: `${year}-12-31` as Day },
        placeholders: { genre: genre.name, year },
      } satisfies SourceBranch;
    });
  });
};

/**
 * The sort is the one that holds still while a list is walked: by popularity, movies change places from minute to
 * minute. `primary_release_date`, not `year`: that also matches re-releases.
 */
const queryOf = ({ genreId, from, to }: Pair, { source }: Dataset): Query => ({
  ...(source.kind === 'discover' ? source.filters : {}),
  'primary_release_date.gte': from,
  'primary_release_date.lte': to,
  sort_by: 'primary_release_date.asc',
  with_genres: genreId,
});

interface Window {
  items: ListedItem[];
  expected: number;
  listed: number;
  doubled: number;
  passes: number;
}

/** A stretch of days, or, where TMDB would not serve all its pages, its two halves. */
const walkWindow = async (pair: Pair, settings: Dataset, pages: PagesOf): Promise<Window[]> => {
  const name = `${pair.from}-${pair.to}`;
  const query = queryOf(pair, settings);
  const [first] = await pages(`${name}-pass-1-1`, PATH, query, [1]);
  if (first && first.total_pages > LAST_PAGE) {
    const halves = halve(pair);
    if (!halves) {
      throw new ListIncompleteError(
        `TMDB lists ${first.total_results} movies of genre ${pair.genreId} on ${pair.from} alone and serves ${LAST_PAGE} pages of 20 at most: narrow the dataset's filters.`,
      );
    }
    return (await Promise.all(halves.map((half) => walkWindow(half, settings, pages)))).flat();
  }
  return [await walkPasses(name, query, pages)];
};

/**
 * Passes over one window until nothing new turns up.
 *
 * A list shifts while it is walked: what moves from page 3 to page 2 in between is missed, what moves the other way is
 * seen twice. So where the distinct ids are not as many as TMDB's total, the list is walked again, and is complete when
 * a pass adds no new id.
 */
const walkPasses = async (name: string, query: Query, pages: PagesOf): Promise<Window> => {
  const seen: Seen = new Map();
  let [expected, listed, doubled, passes] = [0, 0, 0, 0];
  while (passes < MOST_PASSES) {
    passes += 1;
    const pass = await passOver(pages, `${name}-pass-${passes}`, PATH, query);
    const rows = rowsOf(pass);
    const added = collect(seen, rows);
    expected = pass.at(-1)?.total_results ?? 0;
    if (passes === 1) [listed, doubled] = [rows.length, rows.length - added];
    if (seen.size === expected || (passes > 1 && added === 0)) break;
  }
  return { items: [...seen.values()], expected, listed, doubled, passes };
};

const halve = ({ from, to, ...rest }: Pair): [Pair, Pair] | undefined => {
  const [first, last] = [dayNumber(from), dayNumber(to)];
  if (first === last) return undefined;
  const middle = Math.floor((first + last) / 2);
  return [
    { ...rest, from, to: dayAt(middle) },
    { ...rest, from: dayAt(middle + 1), to },
  ];
};

const DAY_MS = 86_400_000;
const dayNumber = (day: Day): number => Date.parse(day) / DAY_MS;
const dayAt = (number: number): Day => new Date(number * DAY_MS).toISOString().slice(0, 10) as Day;

const sum = (windows: readonly Window[], field: 'expected' | 'listed' | 'doubled'): number =>
  windows.reduce((total, window) => total + window[field], 0);

/** @throws {ListIncompleteError} More is missing than the dataset tolerates. */
const judged = (listing: Listing, tolerance: number): Listing => {
  const missing = listing.expected - listing.items.length;
  if (missing === 0) return listing;
  const what = `TMDB says ${listing.expected} movies, its pages list ${listing.items.length} distinct ones in ${listing.passes} passes`;
  if (missing > listing.expected * tolerance)
    throw new ListIncompleteError(`${what}; the dataset tolerates ${tolerance * 100} % missing.`);
  return { ...listing, warnings: [what] };
};
