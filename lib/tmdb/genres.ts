/**
 * TMDB's genres and their ids. Movies and series have different ones: war is 10752 for movies, and 10768 (with politics)
 * for series. Names of branches and keys use these names.
 *
 * Sources: https://api.themoviedb.org/3/genre/movie/list, recorded in 2022 and 2026, both times the same;
 * https://developer.themoviedb.org/reference/genre-tv-list (read 2026-11-22).
 */
export const GENRES: Readonly<Record<'movies' | 'series', Readonly<Record<string, number>>>> = {
  movies: {
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
  },
  series: {
    'action-adventure': 10759,
    animation: 16,
    comedy: 35,
    crime: 80,
    documentary: 99,
    drama: 18,
    family: 10751,
    kids: 10762,
    mystery: 9648,
    news: 10763,
    reality: 10764,
    'sci-fi-fantasy': 10765,
    soap: 10766,
    talk: 10767,
    'war-politics': 10768,
    western: 37,
  },
};
