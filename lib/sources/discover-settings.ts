import * as z from 'zod';
import { day } from '../day.ts';
import { didYouMean } from '../did-you-mean.ts';
import { GENRE_NAMES, GENRES, genreSlug } from '../tmdb/genres.ts';
import { years } from './years.ts';

type Media = keyof typeof GENRES;

/**
 * @param genre An id; or a name, as branches carry it or as TMDB has it: sci-fi-fantasy, Sci-Fi & Fantasy.
 * @returns The genre's name as branches carry it, and TMDB's id; undefined where TMDB has no such genre for the media.
 */
export const genreNamed = (media: Media, genre: string | number): { name: string; id: number } | undefined => {
  const slug = typeof genre === 'string' ? genreSlug(genre) : undefined;
  const entry = Object.entries(GENRES[media]).find(([name, id]) => genre === id || slug === name);
  return entry && { name: entry[0], id: entry[1] };
};

const genresOf = (media: Media): string =>
  Object.entries(GENRES[media])
    .map(([name, id]) => `${name} (${id})`)
    .join(', ');

const useAGenre = (media: Media, genre: string | number): string => {
  const [one, others] = media === 'movies' ? ['movie', 'series'] : ['series', 'movies'];
  const meant = typeof genre === 'string' ? didYouMean(genreSlug(genre), Object.keys(GENRES[media])) : '';
  return `use a ${one} genre of TMDB: ${genresOf(media)}; ${others} have others${meant}`;
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
 * whole catalogue, so a misspelt name must be refused. Those of REFUSED are left out.
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

/** Filters that TMDB has and a dataset can't use, with the reason. */
const REFUSED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['year', 'release_date.gte', 'release_date.lte'].map((name) => [
      name,
      'it also matches re-releases; source.years selects the years of the first release',
    ]),
  ),
  ...Object.fromEntries(
    [
      'primary_release_year',
      'primary_release_date.gte',
      'primary_release_date.lte',
      'first_air_date_year',
      'first_air_date.gte',
      'first_air_date.lte',
    ].map((name) => [name, 'each branch sets it; use source.years']),
  ),
  include_null_first_air_dates: 'a branch is a year, so a series without a first date is in none',
  with_genres: 'each branch sets it; use source.genres',
  page: 'all pages are read',
  sort_by: "a list is read by date, so that it doesn't change while it is read; use the dataset's sort for the records",
};

/**
 * Filters that TMDB ignores without a partner, and the partners: one of them is enough. TMDB's description says "use in
 * conjunction with"; of certification it names `region`, and certification_country names the three of certification.
 */
const PARTNERS: Readonly<Record<string, readonly string[]>> = {
  with_watch_providers: ['watch_region'],
  without_watch_providers: ['watch_region'],
  with_watch_monetization_types: ['watch_region'],
  watch_region: ['with_watch_providers', 'without_watch_providers', 'with_watch_monetization_types'],
  certification: ['certification_country'],
  'certification.gte': ['certification_country'],
  'certification.lte': ['certification_country'],
  certification_country: ['certification', 'certification.gte', 'certification.lte'],
};

const PATHS = { movies: 'discover/movie', series: 'discover/tv' } as const;

/** What a filter takes, where TMDB ignores any other value and answers as if there were no filter. */
const wrongValue = (name: string, value: unknown): string | undefined => {
  if (name.startsWith('include_') || name === 'screened_theatrically')
    return typeof value === 'boolean' ? undefined : 'use true or false';
  if (name.startsWith('air_date.')) return day.safeParse(value).success ? undefined : 'use a date such as 2026-11-20';
  if (/\.[gl]te$/.test(name) && !name.startsWith('certification'))
    return typeof value === 'number' ? undefined : 'use a number';
  if (/^(language|region|timezone)$|_(region|country|language)$/.test(name) && typeof value !== 'string')
    return 'use a text';
  if (typeof value === 'boolean') return 'use a text or a number';
  return typeof value === 'string' && value.trim() === '' ? 'use a value that is not empty' : undefined;
};

/** The names are checked with the media. Editors read them here. */
const filters = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()], 'use a text, a number, true or false'))
  .meta({ propertyNames: { enum: [...new Set([...FILTERS.movies, ...FILTERS.series])] } })
  .default({});

/** Why a dataset can't have a filter. */
const filterProblem = (media: Media, name: string, given: Readonly<Record<string, unknown>>): string | undefined => {
  const known: readonly string[] = FILTERS[media];
  if (Object.hasOwn(REFUSED, name)) return `leave it out: ${REFUSED[name]}`;
  const isOther = Object.values(FILTERS).some((names: readonly string[]) => names.includes(name));
  if (!known.includes(name))
    return `leave it out: ${PATHS[media]} has no such filter${isOther ? '' : didYouMean(name, known)}`;
  const partners = PARTNERS[name] ?? [];
  if (partners.length > 0 && !partners.some((partner) => Object.hasOwn(given, partner)))
    return `add ${partners.join(' or ')} too: without it, TMDB ignores this filter`;
  return wrongValue(name, given[name]);
};

/** By name, which editors complete, or by id. Which genres there are depends on the media. */
const genre = z
  .union(
    [
      z
        .string()
        .meta({ enum: [...new Set([...Object.keys(GENRES.movies), ...Object.keys(GENRES.series), ...GENRE_NAMES])] }),
      z.int(),
    ],
    'use the name or the id of a genre',
  )
  .describe("A genre of TMDB's, by name or id: crime, Science Fiction, 80. Movies and series have different ones");

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
        issues.push({ code: 'custom', path: ['genres', index], message: useAGenre(media, one), input: one });
    }
    if (new Set(genres.map((one) => genreNamed(media, one)?.id ?? one)).size !== genres.length)
      issues.push({
        code: 'custom',
        path: ['genres'],
        message: 'use each genre once, by its name or by its id',
        input: genres,
      });
    for (const [name, filter] of Object.entries(given)) {
      const message = filterProblem(media, name, given);
      if (message) issues.push({ code: 'custom', path: ['filters', name], message, input: filter });
    }
  });
export type DiscoverSettings = z.output<typeof discoverSettings>;
