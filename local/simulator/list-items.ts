import type { Movie, Series } from './invented-movies.ts';

/** The keys of an item in their order, as recorded in 2026: in lists, and in responses of `find`. */
const KEYS = {
  movie: {
    listed:
      'adult backdrop_path genre_ids id title original_language original_title overview popularity poster_path release_date softcore video vote_average vote_count',
    found:
      'adult backdrop_path id title original_title overview poster_path media_type original_language genre_ids popularity release_date softcore video vote_average vote_count',
  },
  tv: {
    listed:
      'adult backdrop_path genre_ids id origin_country original_language original_name overview popularity poster_path first_air_date softcore name vote_average vote_count',
    found:
      'adult backdrop_path id name original_name overview poster_path media_type original_language genre_ids popularity first_air_date softcore vote_average vote_count origin_country',
  },
};

/** Defaults for movies of a catalogue file that lack these fields. */
const UNKNOWN = {
  adult: false,
  backdrop_path: null,
  original_language: 'en',
  overview: '',
  popularity: 0,
  poster_path: null,
  softcore: false,
  video: false,
  vote_average: 0,
  vote_count: 0,
};

const item = (media_type: 'movie' | 'tv', where: 'listed' | 'found') => {
  const keys = KEYS[media_type][where].split(' ');
  return (details: Movie | Series): object => {
    const genre_ids = details.genres.map(({ id }) => id);
    const fields: Record<string, unknown> = {
      ...UNKNOWN,
      original_title: details.title,
      ...details,
      genre_ids,
      media_type,
    };
    return Object.fromEntries(keys.map((key) => [key, fields[key]]));
  };
};

export const listedMovie = item('movie', 'listed');
export const listedSeries = item('tv', 'listed');
export const foundMovie = item('movie', 'found');
export const foundSeries = item('tv', 'found');
