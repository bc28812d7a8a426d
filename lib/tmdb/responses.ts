import * as z from 'zod';

/**
 * TMDB's responses, as far as this project reads them.
 *
 * Each schema checks the fields that the code uses and ignores every other field. So a field that TMDB adds is stored
 * without a new release. Use a schema only to check, then use the object that TMDB sent: zod's result has the known
 * fields first, but the output keeps TMDB's order of fields.
 *
 * Sources: responses recorded from 2022 to 2026, and https://developer.themoviedb.org/reference (read 2026-11-22).
 */

const id = z.int().positive();
const count = z.int().nonnegative();

/** One item of a list: TMDB's id and all other fields that TMDB sent. */
const listedItem = z.looseObject({ id });
export type ListedItem = z.infer<typeof listedItem>;

/** One page of `discover/movie`, `movie/popular` or `tv/popular`: at most 20 items. */
export const listPage = z.looseObject({
  page: count,
  results: z.array(listedItem),
  /** May be above 500, although TMDB serves no page after page 500. */
  total_pages: count,
  total_results: count,
});
export type ListPage = z.infer<typeof listPage>;

/** An object with any fields. z.looseObject({}) would copy each person, which takes most of the time of a check. */
const person = z.custom<Record<string, unknown>>().check(({ value, issues }) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    issues.push({ code: 'invalid_type', expected: 'object', input: value });
});

export const credits = z.looseObject({ cast: z.array(person), crew: z.array(person) });
export type Credits = z.infer<typeof credits>;

/** `movie/{id}` and `tv/{id}`. They contain `credits` where the same request asked for them. */
export const details = z.looseObject({
  id,
  budget: z.number().nullish(),
  credits: credits.optional(),
});
export type Details = z.infer<typeof details>;

/**
 * `find/{imdb id}`: always five lists, most of them empty. For an unknown id, all five are empty. Only a movie's id is
 * read; of the other lists, only whether they are empty.
 */
export const found = z.looseObject({
  movie_results: z.array(listedItem),
  person_results: z.array(z.unknown()),
  tv_results: z.array(listedItem),
  tv_episode_results: z.array(z.unknown()),
  tv_season_results: z.array(z.unknown()),
});
export type Found = z.infer<typeof found>;

export const genreList = z.looseObject({ genres: z.array(z.looseObject({ id, name: z.string() })) });

/** TMDB's body for an error. Older responses have no `success`. */
export const failure = z.looseObject({ status_code: z.int(), status_message: z.string() });
