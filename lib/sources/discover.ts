import * as z from 'zod';
import { missingPlaceholders } from '../datasets/dataset.ts';
import { type Day, day } from '../day.ts';
import type { Listing } from '../runs/work.ts';
import type { Query } from '../tmdb/client.ts';
import { MOVIE_GENRES } from '../tmdb/genres.ts';
import { type ReadList, readList } from './list-reader.ts';
import { collect, itemsOf, LAST_PAGE, PAGE_SIZE, type Seen } from './pages.ts';
import { ListIncompleteError, type PagesOf, type SourceBranch, type SourceKind } from './source.ts';
import { years, yearsOn } from './years.ts';

const GENRES = `use a movie genre of TMDB: ${Object.entries(MOVIE_GENRES)
  .map(([name, id]) => `${name} (${id})`)
  .join(', ')}; series have others`;

/** By name, which editors complete, or by id. */
const movieGenre = z
  .union([z.enum(Object.keys(MOVIE_GENRES) as [string, ...string[]]), z.int()], GENRES)
  .refine((genre) => genreNamed(genre) !== undefined, GENRES)
  .describe("A movie genre of TMDB's, by name or id: crime, science-fiction, 80");

/** @returns The genre's name as branches carry it, and TMDB's id; undefined where TMDB has no such genre of movies. */
const genreNamed = (genre: string | number): { name: string; id: number } | undefined => {
  const entry = Object.entries(MOVIE_GENRES).find(([name, id]) => genre === id || genre === name);
  return entry && { name: entry[0], id: entry[1] };
};

/**
 * discover/movie's filters. TMDB ignores a name that it doesn't know and then answers with its whole catalogue, so a
 * misspelt name must be refused. Left out: those that we set ourselves, and `year` and `release_date.*`, which
 * also match re-releases. Source: TMDB's OpenAPI description (read 2026-11-22).
 */
const FILTERS = [
  'certification',
  'certification.gte',
  'certification.lte',
  'certification_country',
  'include_adult',
  'include_video',
  'language',
  'region',
  'vote_average.gte',
  'vote_average.lte',
  'vote_count.gte',
  'vote_count.lte',
  'watch_region',
  'with_cast',
  'with_companies',
  'with_crew',
  'with_keywords',
  'with_origin_country',
  'with_original_language',
  'with_people',
  'with_release_type',
  'with_runtime.gte',
  'with_runtime.lte',
  'with_watch_monetization_types',
  'with_watch_providers',
  'without_companies',
  'without_genres',
  'without_keywords',
  'without_watch_providers',
] as const;

const settings = z.strictObject({
  kind: z.literal('discover'),
  genres: z
    .array(movieGenre)
    .min(1)
    .refine((genres) => new Set(genres.map((genre) => genreNamed(genre)?.id ?? genre)).size === genres.length, {
      error: 'use each genre once, by its name or by its id',
    }),
  years,
  filters: z
    .partialRecord(
      z.enum(FILTERS),
      z.union([z.string(), z.number(), z.boolean()], 'use a text, a number, true or false'),
    )
    .check(({ value, issues }) => {
      // TMDB ignores a value that it can't read, and answers as if there were no filter.
      for (const [name, filter] of Object.entries(value)) {
        const wanted =
          /\.[gl]te$/.test(name) && !name.startsWith('certification')
            ? 'number'
            : name.startsWith('include_')
              ? 'boolean'
              : undefined;
        if (wanted && typeof filter !== wanted)
          issues.push({
            code: 'custom',
            path: [name],
            message: `use ${wanted === 'number' ? 'a number' : 'true or false'}`,
            input: filter,
          });
      }
    })
    .default({}),
});

const listFrom = z.object({ genreId: z.int(), from: day, to: day });
type Selection = z.output<typeof listFrom>;

const PATH = '/discover/movie';
const PLACEHOLDERS = ['genre', 'year'];

/** `discover/movie`: a branch for each genre × year pair. */
export const discover: SourceKind = {
  settings,
  listsItems: true,
  placeholders: PLACEHOLDERS,
  keyProblem: (_, used) => missingPlaceholders(PLACEHOLDERS, used),

  open: ({ source: given, ask, tolerance }) => {
    const source = settings.parse(given);
    const { language } = source.filters;
    return {
      noun: 'movies',
      accepts: ['years'],
      howToSplit: 'give the run "years", such as "2000-2009" and then "2010-2019", or make two datasets of it',
      requestsPerItem: ask.length ? 1 : 0,
      requestsPerList: (items) => Math.max(1, Math.ceil(items / PAGE_SIZE)),

      branches: async ({ day: on, years: instead }) => ({
        ofRun: pairsOf(source, instead ?? yearsOn(source.years, on)),
        wholeDay: pairsOf(source, yearsOn(source.years, on)).map(({ name }) => name),
      }),

      firstPage: (from) => ({
        path: PATH,
        query: queryOf(listFrom.parse(from), source),
        expected: ({ total_results }) => total_results,
      }),

      list: async (from, pages) => {
        const windows = await readWindow(listFrom.parse(from), source, pages);
        return checkComplete(joined(windows), tolerance);
      },

      itemRequest: () => ({
        media: 'movie',
        ids: 'tmdb',
        language: typeof language === 'string' ? language : undefined,
      }),
    };
  },
};

type DiscoverSettings = z.output<typeof settings>;

const pairsOf = ({ genres }: DiscoverSettings, { from, to }: { from: number; to: number }): SourceBranch[] =>
  genres.flatMap((given) => {
    const genre = genreNamed(given);
    if (!genre) return [];
    return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => {
      const year = String(from + index);
      return {
        name: `${genre.name}-${year}`,
        listFrom: { genreId: genre.id, from: `${year}-01-01`, to: `${year}-12-31` },
        placeholders: { genre: genre.name, year },
      };
    });
  });

/**
 * The sort does not change while a list is read: sorted by popularity, movies change places from minute to minute.
 * `primary_release_date`, not `year`, which also matches re-releases.
 */
const queryOf = ({ genreId, from, to }: Selection, { filters }: DiscoverSettings): Query => ({
  ...filters,
  'primary_release_date.gte': from,
  'primary_release_date.lte': to,
  sort_by: 'primary_release_date.asc',
  with_genres: genreId,
});

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
const readWindow = async (selection: Selection, source: DiscoverSettings, pages: PagesOf): Promise<Window[]> => {
  const { genreId, from, to } = selection;
  const query = queryOf(selection, source);
  const [first] = await pages(`${from}-${to}-pass-1-1`, PATH, query, [1]);
  if (first && first.total_pages > LAST_PAGE) {
    const halves = halve(selection);
    const windows = Math.ceil(first.total_pages / LAST_PAGE);
    if (!halves || windows > MOST_WINDOWS)
      throw new ListIncompleteError(
        `TMDB lists ${first.total_results} movies of genre ${genreId} from ${from} to ${to}, on ${first.total_pages} pages, and serves ${LAST_PAGE} pages of a list; a branch is cut into at most ${MOST_WINDOWS} windows of a day or more. Use narrower filters in the dataset.`,
      );
    return (await Promise.all(halves.map((half) => readWindow(half, source, pages)))).flat();
  }
  return [{ from, to, list: await readList(pages, `${from}-${to}`, PATH, query) }];
};

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
          `the list from ${from} to ${to} changed in each of ${list.passes} passes; the movies of all passes are used`,
      ),
  };
};

/** @throws {ListIncompleteError} More is missing than the dataset tolerates. */
const checkComplete = (listing: Listing, tolerance: number): Listing => {
  const missing = listing.expected - listing.items.length;
  if (missing === 0) return listing;
  const what = `TMDB's total is ${listing.expected} movies; its pages list ${listing.items.length} distinct ones in ${listing.passes} passes`;
  if (missing > listing.expected * tolerance)
    throw new ListIncompleteError(`${what}; the dataset tolerates ${tolerance * 100} % missing.`);
  return { ...listing, warnings: [...listing.warnings, what] };
};
