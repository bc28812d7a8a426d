/**
 * TMDB's 19 movie genres and their ids. Names of branches and keys use these names.
 *
 * Source: https://api.themoviedb.org/3/genre/movie/list, recorded in 2022 and 2026; both were the same. Series have
 * their own genres (`genre/tv/list`): there, War & Politics is 10768, and 10752 doesn't exist.
 */
export const MOVIE_GENRES: Readonly<Record<string, number>> = {
  action: 28,
  adventure: 12,
  animation: 16,
  comedy: 35,
  crime: 80,
  documentary: 99,
  drama: 18,
  family: 10751,
  fantasy: 14,
  history: 36,
  horror: 27,
  music: 10402,
  mystery: 9648,
  romance: 10749,
  'science-fiction': 878,
  'tv-movie': 10770,
  thriller: 53,
  war: 10752,
  western: 37,
};
