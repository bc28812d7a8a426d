/**
 * TMDB's 19 genres of movies, by the name that branches and keys carry.
 *
 * Source: https://api.themoviedb.org/3/genre/movie/list, recorded 2022 and 2026 without a difference. Series have
 * genres of their own (`genre/tv/list`): War & Politics is 10768 there, and 10752 is none of them.
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
