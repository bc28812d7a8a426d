/**
 * TMDB's genres and their ids. Movies and series have different ones: war is 10752 for movies, and 10768 (with politics)
 * for series.
 *
 * Sources: https://api.themoviedb.org/3/genre/movie/list, recorded in 2022 and 2026, both times the same;
 * https://developer.themoviedb.org/reference/genre-tv-list (read 2026-11-22).
 */
export const TMDB_GENRES = {
  movies: {
    Action: 28,
    Adventure: 12,
    Animation: 16,
    Comedy: 35,
    Crime: 80,
    Documentary: 99,
    Drama: 18,
    Family: 10751,
    Fantasy: 14,
    History: 36,
    Horror: 27,
    Music: 10402,
    Mystery: 9648,
    Romance: 10749,
    'Science Fiction': 878,
    'TV Movie': 10770,
    Thriller: 53,
    War: 10752,
    Western: 37,
  },
  series: {
    'Action & Adventure': 10759,
    Animation: 16,
    Comedy: 35,
    Crime: 80,
    Documentary: 99,
    Drama: 18,
    Family: 10751,
    Kids: 10762,
    Mystery: 9648,
    News: 10763,
    Reality: 10764,
    'Sci-Fi & Fantasy': 10765,
    Soap: 10766,
    Talk: 10767,
    'War & Politics': 10768,
    Western: 37,
  },
} as const;

/** A genre's name as branches and keys have it: Sci-Fi & Fantasy is sci-fi-fantasy. */
export const genreSlug = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');

const bySlug = (genres: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(genres).map(([name, id]) => [genreSlug(name), id]));

/** The ids, by the names that branches and keys have. */
export const GENRES = { movies: bySlug(TMDB_GENRES.movies), series: bySlug(TMDB_GENRES.series) };

/** TMDB's own names of all genres, for the schema that editors read. */
export const GENRE_NAMES: readonly string[] = [
  ...new Set([...Object.keys(TMDB_GENRES.movies), ...Object.keys(TMDB_GENRES.series)]),
];
