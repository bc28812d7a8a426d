import type { Catalogue } from './catalogue.ts';
import { chance, draw, pickByShare } from './chance.ts';
import { MOVIE_GENRES } from './genres.ts';
import { dayIn, inventedMovie, inventedSeries, type Movie, type Series } from './invented-movies.ts';
import { inventedName, inventedOverview, inventedTitle } from './invented-titles.ts';
import { foundMovie, foundSeries } from './list-items.ts';

export type FindSays = 'movie' | 'not_found' | 'is_tv' | 'is_episode' | 'is_person' | 'ambiguous' | 'gone';

/** Shares of the results for IMDb ids. In one real ingestion, 73.9 % of 16,758 distinct ids of the CSV found a movie. */
const RESULTS: readonly { says: FindSays; share: number }[] = [
  { says: 'movie', share: 0.7 },
  { says: 'not_found', share: 0.25 },
  { says: 'is_tv', share: 0.02 },
  { says: 'is_episode', share: 0.015 },
  { says: 'is_person', share: 0.005 },
  { says: 'ambiguous', share: 0.005 },
  { says: 'gone', share: 0.005 },
];

/** The same for ids of a CSV of series. */
const SERIES_RESULTS: typeof RESULTS = [
  { says: 'is_tv', share: 0.7 },
  { says: 'not_found', share: 0.25 },
  { says: 'movie', share: 0.02 },
  { says: 'is_episode', share: 0.015 },
  { says: 'is_person', share: 0.005 },
  { says: 'ambiguous', share: 0.005 },
  { says: 'gone', share: 0.005 },
];

/** IMDb numbers that belong to series, both ends included. In the real IMDb, movies and series share all numbers. */
export const SERIES_NUMBERS = { from: 30_000_000, to: 59_999_999 };
const isOfSeries = (imdbId: string): boolean => {
  const number = Number(imdbId.slice(2));
  return number >= SERIES_NUMBERS.from && number <= SERIES_NUMBERS.to;
};

const WELL_FORMED = /^tt\d{7,8}$/;

/**
 * The result of `find` for an IMDb id. It is always the same for one id. An id of the catalogue finds its movie. For any
 * other id, the result depends on a hash of the id, so 244,000 ids need no table.
 *
 * `ambiguous`: a movie and a series are found (as for tt0463850 in the real TMDB). `gone`: a movie, or
 * a series for an id of a series, is found, but its details are 404.
 */
export const whatFindSays = (imdbId: string, catalogue?: Catalogue): FindSays => {
  if (catalogue?.movieByImdbId(imdbId)) return 'movie';
  if (!WELL_FORMED.test(imdbId)) return 'not_found';
  return pickByShare(draw('find', imdbId), isOfSeries(imdbId) ? SERIES_RESULTS : RESULTS)?.says ?? 'not_found';
};

const FIRST_ID = 10_000_000;
const FIRST_PADDED_ID = 110_000_000;

/** The TMDB id for an IMDb id. Different IMDb ids have different TMDB ids, also `tt0000001` and `tt00000001`. */
const tmdbIdOf = (imdbId: string): number =>
  (imdbId.length === 10 && imdbId[2] === '0' ? FIRST_PADDED_ID : FIRST_ID) + Number(imdbId.slice(2));

const imdbIdOf = (id: number): string =>
  id >= FIRST_PADDED_ID
    ? `tt${String(id - FIRST_PADDED_ID).padStart(8, '0')}`
    : `tt${String(id - FIRST_ID).padStart(7, '0')}`;

const made = (imdbId: string): Movie => {
  const luck = chance('found', imdbId);
  return inventedMovie({
    id: tmdbIdOf(imdbId),
    imdb_id: imdbId,
    genres: [luck.of(MOVIE_GENRES).id, luck.of(MOVIE_GENRES).id],
    release_date: dayIn(luck, luck.whole(1990, 2025)),
    vote_count: luck.whole(0, luck.of([9, 90, 2000])),
    budget: luck.hits(0.3) ? luck.whole(1, 90) * 1_000_000 : 0,
    revenue: luck.hits(0.2) ? luck.whole(1000, 300_000_000) : 0,
  });
};

/** The movie for `movie/{id}`, by TMDB id or IMDb id. */
export const movieBy = (key: string, catalogue: Catalogue): Movie | undefined => {
  if (!/^(tt\d{7,8}|\d{1,9})$/.test(key)) return undefined;
  const byImdbId = key.startsWith('tt');
  const known = byImdbId ? catalogue.movieByImdbId(key) : catalogue.movie(Number(key));
  if (known) return known;
  if (!byImdbId && Number(key) < FIRST_ID) return undefined;
  const imdbId = byImdbId ? key : imdbIdOf(Number(key));
  if (catalogue.movieByImdbId(imdbId)) return undefined; // this movie has another TMDB id
  return ['movie', 'ambiguous'].includes(whatFindSays(imdbId)) ? made(imdbId) : undefined;
};

/** The series for `tv/{id}`. */
export const seriesBy = (key: string, catalogue: Catalogue): Series | undefined => {
  if (!/^\d{1,9}$/.test(key)) return undefined;
  const id = Number(key);
  const known = catalogue.oneSeries(id);
  if (known || id < FIRST_ID) return known;
  return ['is_tv', 'ambiguous'].includes(whatFindSays(imdbIdOf(id), catalogue)) ? inventedSeries(id) : undefined;
};

const episode = (imdbId: string) => {
  const luck = chance('episode', imdbId);
  return {
    id: tmdbIdOf(imdbId),
    name: inventedTitle(luck),
    overview: inventedOverview(luck),
    media_type: 'tv_episode',
    vote_average: 0,
    vote_count: 0,
    air_date: dayIn(luck, luck.whole(1990, 2025)),
    episode_number: luck.whole(1, 12),
    episode_type: 'standard',
    production_code: '',
    runtime: luck.whole(20, 60),
    season_number: luck.whole(1, 8),
    show_id: luck.whole(1, 300_000),
    still_path: null,
  };
};

const person = (imdbId: string) => {
  const name = inventedName(chance('found person', imdbId));
  const id = tmdbIdOf(imdbId);
  const first = { adult: false, id, name, original_name: name, media_type: 'person', popularity: 0.1, gender: 0 };
  return { ...first, known_for_department: 'Acting', profile_path: null, known_for: [foundMovie(made(imdbId))] };
};

/** The response of `find/{imdb id}`: always five lists, some of them empty. */
export const find = (imdbId: string, catalogue: Catalogue) => {
  const says = whatFindSays(imdbId, catalogue);
  const one = <T>(kinds: readonly FindSays[], item: () => T) => (kinds.includes(says) ? [item()] : []);
  const gone: FindSays[] = ['gone'];
  const [goneMovie, goneSeries] = isOfSeries(imdbId) ? [[], gone] : [gone, []];
  return {
    movie_results: one(['movie', 'ambiguous', ...goneMovie], () =>
      foundMovie(catalogue.movieByImdbId(imdbId) ?? made(imdbId)),
    ),
    person_results: one(['is_person'], () => person(imdbId)),
    tv_results: one(['is_tv', 'ambiguous', ...goneSeries], () => foundSeries(inventedSeries(tmdbIdOf(imdbId)))),
    tv_episode_results: one(['is_episode'], () => episode(imdbId)),
    tv_season_results: [],
  };
};
