import * as z from 'zod';
import { missingPlaceholders } from '../datasets/dataset.ts';
import { type Day, day } from '../day.ts';
import type { Listing } from '../runs/work.ts';
import type { Query } from '../tmdb/client.ts';
import { type DiscoverSettings, discoverSettings, genreNamed } from './discover-settings.ts';
import { type ReadList, readList } from './list-reader.ts';
import { collect, itemsOf, LAST_PAGE, PAGE_SIZE, type Seen } from './pages.ts';
import { ListIncompleteError, type PagesOf, type SourceBranch, type SourceKind } from './source.ts';
import { yearsOn } from './years.ts';

const listFrom = z.object({ genreId: z.int(), from: day, to: day });
type Selection = z.output<typeof listFrom>;

/** How TMDB's two lists differ: the path, the field of the date, and the path of one item. */
const LISTS = {
  movies: { path: '/discover/movie', date: 'primary_release_date', item: 'movie' },
  series: { path: '/discover/tv', date: 'first_air_date', item: 'tv' },
} as const;

const PLACEHOLDERS = ['genre', 'year'];

/** `discover/movie` or `discover/tv`: a branch for each genre × year pair. */
export const discover: SourceKind = {
  settings: discoverSettings,
  listsItems: true,
  branchFields: ['genres', 'years'],
  placeholders: PLACEHOLDERS,
  keyProblem: (_, used) => missingPlaceholders(PLACEHOLDERS, used),

  open: ({ source: given, ask, tolerance }) => {
    const source = discoverSettings.parse(given);
    const { path, item } = LISTS[source.media];
    const { language } = source.filters;
    const genreIds = new Set(source.genres.map((given) => genreNamed(source.media, given)?.id));
    return {
      noun: source.media,
      media: [item],
      accepts: ['years'],
      howToSplit: 'give the run "years", such as "2000-2009" and then "2010-2019", or make two datasets of it',
      requestsPerItem: ask.length ? 1 : 0,
      pagesPerList: pagesOf,
      // Page 1 of several is read again after the last.
      requestsPerList: (items) => (items > PAGE_SIZE ? pagesOf(items) + 1 : 1),

      branches: async ({ day: on, years: instead }) => ({
        ofRun: pairsOf(source, instead ?? yearsOn(source.years, on)),
        wholeDay: pairsOf(source, yearsOn(source.years, on)).map(({ name }) => name),
      }),

      firstPage: (from) => ({
        path,
        query: queryOf(listFrom.parse(from), source),
        expected: ({ total_pages, total_results }) =>
          windowsFor(total_pages) > MOST_WINDOWS ? undefined : total_results,
      }),

      list: async (from, pages) => {
        const windows = await readWindow(listFrom.parse(from), source, pages);
        return checkComplete(joined(windows), source.media, tolerance);
      },

      itemRequest: () => ({
        media: item,
        ids: 'tmdb',
        language: typeof language === 'string' ? language : undefined,
      }),

      // Its year is the same in all of its genres.
      branchesWith: ({ genre_ids: genres }) =>
        Array.isArray(genres) ? genres.filter((id) => genreIds.has(id)).length : 1,
    };
  },
};

/** An empty list has one page. */
const pagesOf = (items: number): number => Math.max(1, Math.ceil(items / PAGE_SIZE));

const pairsOf = (
  { media, genres: given }: DiscoverSettings,
  { from, to }: { from: number; to: number },
): SourceBranch[] => {
  const genres = given.flatMap((one) => genreNamed(media, one) ?? []);
  const years = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => String(from + index));
  const nameOf = (genre: { name: string }, year: string) => `${genre.name}-${year}`;
  return genres.flatMap((genre) =>
    years.map((year) => ({
      name: nameOf(genre, year),
      listFrom: { genreId: genre.id, from: `${year}-01-01`, to: `${year}-12-31` },
      placeholders: { genre: genre.name, year },
      owners: genres.map((one) => ({ genreId: one.id, branch: nameOf(one, year) })),
    })),
  );
};

/**
 * The sort does not change while a list is read: sorted by popularity, movies change places from minute to minute.
 * `primary_release_date`, not `year`, which also matches re-releases.
 */
const queryOf = ({ genreId, from, to }: Selection, { media, filters }: DiscoverSettings): Query => {
  const { date } = LISTS[media];
  return {
    ...filters,
    [`${date}.gte`]: from,
    [`${date}.lte`]: to,
    sort_by: `${date}.asc`,
    with_genres: genreId,
  };
};

/** A window of days that is read as one list. */
interface Window {
  from: Day;
  to: Day;
  list: ReadList;
}

/**
 * Windows that one branch may be cut into: 32,000 pages, 640,000 movies of one genre and year. A larger total is wrong.
 */
const MOST_WINDOWS = 64;

/**
 * Reads one window of days; where TMDB would not serve all its pages, its two halves.
 *
 * @throws {ListIncompleteError} TMDB would not serve all pages of a single day, or names an impossible number of pages.
 */
const readWindow = async (
  selection: Selection,
  source: DiscoverSettings,
  pages: PagesOf,
  cuts = { left: MOST_WINDOWS },
): Promise<Window[]> => {
  const { genreId, from, to } = selection;
  const { path } = LISTS[source.media];
  const query = queryOf(selection, source);
  const [first] = await pages(`${from}-${to}-pass-1-1`, path, query, [1]);
  if (first && first.total_pages > LAST_PAGE) {
    const halves = halve(selection);
    cuts.left -= 1;
    if (!halves || cuts.left < 0 || windowsFor(first.total_pages) > MOST_WINDOWS)
      throw new ListIncompleteError(
        `TMDB lists ${first.total_results} ${source.media} of genre ${genreId} from ${from} to ${to}, on ${first.total_pages} pages, and serves ${LAST_PAGE} pages of a list; a branch is cut into at most ${MOST_WINDOWS} windows of a day or more. Use narrower filters in the dataset.`,
      );
    // One after the other: where one half fails, nothing is read any more.
    return [
      ...(await readWindow(halves[0], source, pages, cuts)),
      ...(await readWindow(halves[1], source, pages, cuts)),
    ];
  }
  return [{ from, to, list: await readList(pages, `${from}-${to}`, path, query) }];
};

const windowsFor = (pages: number): number => Math.ceil(pages / LAST_PAGE);

const halve = ({ from, to, ...rest }: Selection): [Selection, Selection] | undefined => {
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

/** Puts the lists of a branch's windows together. */
const joined = (windows: readonly Window[]): Listing => {
  const lists = windows.map(({ list }) => list);
  const seen: Seen = new Map();
  const rows = lists.flatMap(({ items }) => items);
  collect(seen, rows);
  const sum = (field: 'expected' | 'listed' | 'doubled') => lists.reduce((total, list) => total + list[field], 0);
  return {
    items: itemsOf(seen),
    expected: sum('expected'),
    listed: sum('listed'),
    // Two adjacent windows can both list a movie whose date has changed in between.
    doubled: sum('doubled') + (rows.length - seen.size),
    passes: Math.max(...lists.map(({ passes }) => passes)),
    warnings: windows
      .filter(({ list }) => !list.isSteady)
      .map(
        ({ from, to, list }) =>
          `the list from ${from} to ${to} changed in each of ${list.passes} passes; what any pass lists is used`,
      ),
  };
};

/** @throws {ListIncompleteError} More is missing than the dataset tolerates. */
const checkComplete = (listing: Listing, noun: string, tolerance: number): Listing => {
  const missing = listing.expected - listing.items.length;
  if (missing === 0) return listing;
  const what = `TMDB's total is ${listing.expected} ${noun}; its pages list ${listing.items.length} distinct ones in ${listing.passes} passes`;
  // A steady list with far more items than its total says: the total, and so the number of pages, is wrong.
  const isTotalWrong = listing.warnings.length === 0 && -missing > Math.max(1, listing.expected * tolerance);
  if (missing > listing.expected * tolerance || isTotalWrong)
    throw new ListIncompleteError(`${what}; the dataset tolerates ${tolerance * 100} % missing.`);
  return { ...listing, warnings: [...listing.warnings, what] };
};
