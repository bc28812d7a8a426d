import type { Catalogue } from './catalogue.ts';
import { discovering, discoveringSeries } from './discover.ts';
import { find, movieBy, seriesBy } from './find.ts';
import { MOVIE_GENRES, TV_GENRES } from './genres.ts';
import type { Title } from './invented-movies.ts';
import { listedMovie, listedSeries } from './list-items.ts';

export interface Answer {
  status: number;
  body: unknown;
}

const failure = (status: number, status_code: number, status_message: string): Answer => ({
  status,
  body: { success: false, status_code, status_message },
});

/** TMDB's codes and messages. Source: https://developer.themoviedb.org/docs/errors (read 2026-11-22). */
export const INVALID_KEY = failure(401, 7, 'Invalid API key: You must be granted a valid key.');
export const INVALID_PARAMETERS = failure(422, 5, 'Invalid parameters: Your request parameters are incorrect.');
export const INTERNAL_ERROR = failure(500, 11, 'Internal error: Something went wrong, contact TMDB.');
export const NOT_FOUND = failure(404, 34, 'The resource you requested could not be found.');
const INVALID_PAGE = failure(
  400,
  22,
  'Invalid page: Pages start at 1 and max at 500. They are expected to be an integer.',
);
const TOO_MANY_APPENDED = failure(
  400,
  27,
  'Too many append to response objects: The maximum number of remote calls is 20.',
);

/** TMDB's response above the rate limit. Unlike other errors, it has no `success`. Recorded in Radarr issue 2017. */
export const overLimit = (count: number, limit: number): Answer => ({
  status: 429,
  body: { status_code: 25, status_message: `Your request count (${count}) is over the allowed limit of ${limit}.` },
});

const CONFIGURATION = {
  change_keys: ['adult', 'budget', 'cast', 'crew', 'genres', 'imdb_id', 'overview', 'title'],
  images: {
    base_url: 'http://images.example/t/p/',
    secure_base_url: 'https://images.example/t/p/',
    backdrop_sizes: ['w300', 'w780', 'w1280', 'original'],
    logo_sizes: ['w45', 'w92', 'w154', 'w185', 'w300', 'w500', 'original'],
    poster_sizes: ['w92', 'w154', 'w185', 'w342', 'w500', 'w780', 'original'],
    profile_sizes: ['w45', 'w185', 'h632', 'original'],
    still_sizes: ['w92', 'w185', 'w300', 'original'],
  },
};

const PER_PAGE = 20;
const LAST_PAGE = 500;
const MOST_APPENDED = 20;

/** The faults in TMDB's data for one request (faults.ts). */
export interface Disturbance {
  /** Whether the list moved by one position since the previous page. */
  drifted: boolean;
  /** By the id of a movie or series. */
  gone: (id: number) => boolean;
}

const ok = (body: unknown): Answer => ({ status: 200, body });

/** As recorded, the totals may exceed page 500, and an empty list has one page. */
const page = <T>(all: readonly T[], query: URLSearchParams, drifted: boolean, item: (one: T) => object): Answer => {
  const wanted = query.get('page') ?? '1';
  const number = /^\d{1,3}$/.test(wanted) ? Number(wanted) : 0;
  if (number < 1 || number > LAST_PAGE) return INVALID_PAGE;
  // After drift, the first item is at the end. One item is on two pages, another on none, and the totals are the same.
  const list = drifted ? [...all.slice(1), ...all.slice(0, 1)] : all;
  return ok({
    page: number,
    results: list.slice((number - 1) * PER_PAGE, number * PER_PAGE).map(item),
    total_pages: Math.max(1, Math.ceil(all.length / PER_PAGE)),
    total_results: all.length,
  });
};

const byPopularity = <T extends { id: number; popularity?: number }>(list: readonly T[]): readonly T[] =>
  list.toSorted((a, b) => (b.popularity ?? 0) - (a.popularity ?? 0) || a.id - b.id);

/** Adds the credits for `append_to_response=credits`. Ignores other names, and rejects more than 20 names. */
const withAppended = (details: object, query: URLSearchParams, credits: () => object): Answer => {
  const appended = query.get('append_to_response')?.split(',') ?? [];
  if (appended.length > MOST_APPENDED) return TOO_MANY_APPENDED;
  return ok(appended.includes('credits') ? { ...details, credits: credits() } : details);
};

/** TMDB's responses to GET requests, for one catalogue. Rate limit and token are checked before. */
export const answering = (catalogue: Catalogue) => {
  const discover = { movies: discovering(catalogue), series: discoveringSeries(catalogue) };
  const popularMovies = byPopularity(catalogue.movies.filter(({ adult }) => !adult));
  const popularSeries = byPopularity(catalogue.series);

  const details = (
    kind: 'movie' | 'tv',
    title: Title | undefined,
    more: string | undefined,
    query: URLSearchParams,
    gone: Disturbance['gone'],
  ): Answer => {
    if (!title || gone(title.id)) return NOT_FOUND;
    if (more === undefined) return withAppended(title, query, () => catalogue.creditsOf(kind, title.id));
    return more === 'credits' ? ok({ id: title.id, ...catalogue.creditsOf(kind, title.id) }) : NOT_FOUND;
  };

  return (path: string, query: URLSearchParams, { drifted, gone }: Disturbance): Answer => {
    const [, kind = '', key = '', more, ...rest] = path.split('/');
    if (rest.length > 0) return NOT_FOUND;
    switch (path) {
      case '/authentication':
        return ok({ success: true, status_code: 1, status_message: 'Success.' });
      case '/configuration':
        return ok(CONFIGURATION);
      case '/genre/movie/list':
        return ok({ genres: MOVIE_GENRES });
      case '/genre/tv/list':
        return ok({ genres: TV_GENRES });
      case '/discover/movie':
        return page(discover.movies(query), query, drifted, listedMovie);
      case '/discover/tv':
        return page(discover.series(query), query, drifted, listedSeries);
      case '/movie/popular':
        return page(popularMovies, query, drifted, listedMovie);
      case '/tv/popular':
        return page(popularSeries, query, drifted, listedSeries);
    }
    if (kind === 'movie') return details('movie', movieBy(key, catalogue), more, query, gone);
    if (kind === 'tv') return details('tv', seriesBy(key, catalogue), more, query, gone);
    if (kind === 'find' && more === undefined && query.get('external_source') === 'imdb_id')
      return ok(find(key, catalogue));
    return NOT_FOUND;
  };
};
