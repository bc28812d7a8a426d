/**
 * TMDB's genres, from `genre/movie/list` and `genre/tv/list` in 2026. For series, war is 10768.
 *
 * They are not imported from lib/: a wrong id there must make a run against the simulator fail.
 */
export interface Genre {
  id: number;
  name: string;
}

const named = (names: Record<string, number>): readonly Genre[] =>
  Object.entries(names).map(([name, id]) => ({ id, name }));

export const CRIME = 80;
export const WAR = 10752;
export const MYSTERY = 9648;

export const MOVIE_GENRES = named({
  Action: 28,
  Adventure: 12,
  Animation: 16,
  Comedy: 35,
  Crime: CRIME,
  Documentary: 99,
  Drama: 18,
  Family: 10751,
  Fantasy: 14,
  History: 36,
  Horror: 27,
  Music: 10402,
  Mystery: MYSTERY,
  Romance: 10749,
  'Science Fiction': 878,
  'TV Movie': 10770,
  Thriller: 53,
  War: WAR,
  Western: 37,
});

export const TV_GENRES = named({
  'Action & Adventure': 10759,
  Animation: 16,
  Comedy: 35,
  Crime: CRIME,
  Documentary: 99,
  Drama: 18,
  Family: 10751,
  Kids: 10762,
  Mystery: MYSTERY,
  News: 10763,
  Reality: 10764,
  'Sci-Fi & Fantasy': 10765,
  Soap: 10766,
  Talk: 10767,
  'War & Politics': 10768,
  Western: 37,
});
