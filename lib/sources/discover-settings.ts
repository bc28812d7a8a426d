import * as z from 'zod';
import { day } from '../day.ts';
import { GENRES } from '../tmdb/genres.ts';
import { years } from './years.ts';

type Media = keyof typeof GENRES;

/** @returns The genre's name as branches carry it, and TMDB's id; undefined where TMDB has no such genre for the media. */
export const genreNamed = (media: Media, genre: string | number): { name: string; id: number } | undefined => {
  const entry = Object.entries(GENRES[media]).find(([name, id]) => genre === id || genre === name);
  return entry && { name: entry[0], id: entry[1] };
};

const genresOf = (media: Media): string =>
  Object.entries(GENRES[media])
    .map(([name, id]) => `${name} (${id})`)
    .join(', ');

const USE_A_GENRE: Readonly<Record<Media, string>> = {
  movies: `use a movie genre of TMDB: ${genresOf('movies')}; series have others`,
  series: `use a series genre of TMDB: ${genresOf('series')}; movies have others`,
};

const BOTH = [
  'include_adult',
  'language',
  'vote_average.gte',
  'vote_average.lte',
  'vote_count.gte',
  'vote_count.lte',
  'watch_region',
  'with_companies',
  'with_keywords',
  'with_origin_country',
  'with_original_language',
  'with_runtime.gte',
  'with_runtime.lte',
  'with_watch_monetization_types',
  'with_watch_providers',
  'without_companies',
  'without_genres',
  'without_keywords',
  'without_watch_providers',
] as const;

/**
 * The filters of discover/movie and discover/tv. TMDB ignores a name that it doesn't know and then answers with its
 * whole catalogue, so a misspelt name must be refused. Left out: those that we set ourselves; `year` and
 * `release_date.*`, which also match re-releases; `include_null_first_air_dates`, since a branch is a window of dates.
 * Source: TMDB's OpenAPI description (read 2026-11-22).
 */
const FILTERS = {
  movies: [
    ...BOTH,
    'certification',
    'certification.gte',
    'certification.lte',
    'certification_country',
    'include_video',
    'region',
    'with_cast',
    'with_crew',
    'with_people',
    'with_release_type',
  ],
  series: [
    ...BOTH,
    'air_date.gte',
    'air_date.lte',
    'screened_theatrically',
    'timezone',
    'with_networks',
    'with_status',
    'with_type',
  ],
} as const satisfies Record<Media, readonly string[]>;

const PATHS = { movies: 'discover/movie', series: 'discover/tv' } as const;

/** What a filter takes, where TMDB ignores any other value and answers as if there were no filter. */
const wrongValue = (name: string, value: unknown): string | undefined => {
  if (name.startsWith('include_') || name === 'screened_theatrically')
    return typeof value === 'boolean' ? undefined : 'use true or false';
  if (name.startsWith('air_date.')) return day.safeParse(value).success ? undefined : 'use a date such as 2026-11-20';
  if (/\.[gl]te$/.test(name) && !name.startsWith('certification'))
    return typeof value === 'number' ? undefined : 'use a number';
  return undefined;
};

const filters = z
  .partialRecord(
    z.enum([...new Set([...FILTERS.movies, ...FILTERS.series])]),
    z.union([z.string(), z.number(), z.boolean()], 'use a text, a number, true or false'),
  )
  .check(({ value, issues }) => {
    for (const [name, filter] of Object.entries(value)) {
      const message = wrongValue(name, filter);
      if (message) issues.push({ code: 'custom', path: [name], message, input: filter });
    }
  })
  .default({});

/** By name, which editors complete, or by id. Which genres there are depends on the media. */
const genre = z
  .union(
    [z.string().meta({ enum: [...new Set([...Object.keys(GENRES.movies), ...Object.keys(GENRES.series)])] }), z.int()],
    'use the name or the id of a genre',
  )
  .describe("A genre of TMDB's, by name or id: crime, science-fiction, 80. Movies and series have different ones");

export const discoverSettings = z
  .strictObject({
    kind: z.literal('discover'),
    media: z.enum(['movies', 'series']).default('movies'),
    genres: z.array(genre).min(1),
    years,
    filters,
  })
  .check(({ value: { media, genres, filters: given }, issues }) => {
    for (const [index, one] of genres.entries()) {
      if (!genreNamed(media, one))
        issues.push({ code: 'custom', path: ['genres', index], message: USE_A_GENRE[media], input: one });
    }
    if (new Set(genres.map((one) => genreNamed(media, one)?.id ?? one)).size !== genres.length)
      issues.push({
        code: 'custom',
        path: ['genres'],
        message: 'use each genre once, by its name or by its id',
        input: genres,
      });
    const known: readonly string[] = FILTERS[media];
    for (const [name, filter] of Object.entries(given)) {
      if (!known.includes(name))
        issues.push({
          code: 'custom',
          path: ['filters', name],
          message: `leave it out: ${PATHS[media]} has no such filter`,
          input: filter,
        });
    }
  });
export type DiscoverSettings = z.output<typeof discoverSettings>;
