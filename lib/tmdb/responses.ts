import * as z from 'zod';

/**
 * What TMDB answers, as far as we read it.
 *
 * Each schema checks the fields that our code leans on and lets every other field through, so a field that TMDB adds
 * tomorrow lands in the bucket without a release of ours. Parse to check, then go on with what TMDB sent: zod rebuilds
 * an object with the fields it knows in front, and the order of fields is part of our output.
 *
 * Shapes: recorded responses of 2022 to 2026, and https://developer.themoviedb.org/reference (read 2026-11-22).
 */

const id = z.int().positive();
const count = z.int().nonnegative();

/** One item of a list: TMDB's id, and whatever else it sent. */
const listedItem = z.looseObject({ id });
export type ListedItem = z.infer<typeof listedItem>;

/** One page of `discover/movie`, `movie/popular` or `tv/popular`: 20 items at most. */
export const listPage = z.looseObject({
  page: count,
  results: z.array(listedItem),
  /** Not capped at 500, though no page past 500 is served. */
  total_pages: count,
  total_results: count,
});
export type ListPage = z.infer<typeof listPage>;

const person = z.looseObject({ id });

export const credits = z.looseObject({ cast: z.array(person), crew: z.array(person) });
export type Credits = z.infer<typeof credits>;

/** `movie/{id}` and `tv/{id}`, with `credits` inside where they were asked for in the same request. */
export const details = z.looseObject({
  id,
  budget: z.number().nullish(),
  imdb_id: z.string().nullish(),
  origin_country: z.array(z.string()).nullish(),
  credits: credits.optional(),
});
export type Details = z.infer<typeof details>;

/** `find/{imdb id}`: five lists, all there and mostly empty. An id that TMDB doesn't know gives five empty ones. */
export const found = z.looseObject({
  movie_results: z.array(listedItem),
  person_results: z.array(listedItem),
  tv_results: z.array(listedItem),
  tv_episode_results: z.array(listedItem),
  tv_season_results: z.array(listedItem),
});
export type Found = z.infer<typeof found>;

export const genreList = z.looseObject({ genres: z.array(z.looseObject({ id, name: z.string() })) });

/** TMDB's envelope for an error; older answers lack `success`. */
export const failure = z.looseObject({ status_code: z.int(), status_message: z.string() });
