import * as z from 'zod';
import type { Dataset } from '../datasets/dataset.ts';
import { appendField } from '../json-text.ts';
import type { Outcome, Reason } from '../runs/work.ts';
import type { Asker, Query, Tmdb } from '../tmdb/client.ts';
import { TmdbShapeError } from '../tmdb/errors.ts';
import { IMDB_ID } from '../tmdb/imdb-id.ts';
import type { ItemRequest } from '../tmdb/item-request.ts';
import { credits, details, type Found, found } from '../tmdb/responses.ts';

export interface Fetching {
  tmdb: Tmdb;
  asker: Asker;
  /** Called with what is known of an item before all of it is. */
  partly(outcome: Outcome): void;
}

/**
 * Requests one item of a branch's list, as its dataset says.
 *
 * @throws {TmdbUnavailableError | TmdbThrottledError | TmdbTokenError | TmdbRefusedError}
 */
export type FetchItem = (id: number | string, resolved: number | undefined, fetching: Fetching) => Promise<Outcome>;

/**
 * How the items of a branch are requested: details, credits or both in one request; an IMDb id is looked up first.
 *
 * @returns undefined where the dataset wants the list alone.
 */
export const fetcherFor = (ask: Dataset['ask'], { media, ids, language }: ItemRequest): FetchItem | undefined => {
  if (ask.length === 0) return undefined;
  const query: Query = language === undefined ? {} : { language };
  const both = ask.includes('details') && ask.includes('credits');

  /**
   * The answer for one id. Another id in it is an answer of an unknown shape: it is asked for again.
   *
   * @throws {TmdbShapeError}
   */
  const answerOf = async (tmdbId: number, { tmdb, asker }: Fetching) => {
    const path = `/${media}/${tmdbId}`;
    const creditsAlone = () => tmdb.lookUp(`${path}/credits`, query, credits.pipe(withId(tmdbId)), asker);
    if (!ask.includes('details')) return creditsAlone();
    if (!both) return tmdb.lookUp(path, query, details.pipe(withId(tmdbId)), asker);
    try {
      const appended = { ...query, append_to_response: 'credits' };
      return await tmdb.lookUp(path, appended, detailsWithCredits.pipe(withId(tmdbId)), asker);
    } catch (error) {
      // TMDB sometimes leaves the appended credits out, and answers when they are asked for alone.
      const answer = error instanceof TmdbShapeError ? error.answer : undefined;
      if (!answer || !detailsWithoutCredits.pipe(withId(tmdbId)).safeParse(answer.body).success) throw error;
      const people = await creditsAlone();
      if (people === 'gone') throw error;
      return { json: Buffer.from(appendField(String(answer.json), 'credits', String(people.json))) };
    }
  };

  const byTmdbId = async (id: number | string, tmdbId: number, fetching: Fetching): Promise<Outcome> => {
    try {
      const answer = await answerOf(tmdbId, fetching);
      return answer === 'gone' ? { id, outcome: 'gone' } : { id, outcome: 'fetched', tmdbId, json: answer.json };
    } catch (error) {
      if (error instanceof TmdbShapeError) return { id, outcome: 'quarantined', why: error.message, body: error.body };
      throw error;
    }
  };

  if (ids === 'tmdb') return (id, _, fetching) => byTmdbId(id, Number(id), fetching);

  return async (id, resolved, fetching) => {
    if (!IMDB_ID.test(String(id))) return { id, outcome: 'malformed' };
    const tmdbId = resolved ?? (await byImdbId(String(id), media, fetching));
    if (typeof tmdbId === 'object') return { id, ...tmdbId };
    if (resolved === undefined) fetching.partly({ id, outcome: 'resolved', tmdbId });
    return byTmdbId(id, tmdbId, fetching);
  };
};

const detailsWithCredits = details.required({ credits: true });
const detailsWithoutCredits = details.omit({ credits: true });

/**
 * Accepts an answer that has this id, or none: appended credits have none.
 *
 * It follows a schema in a pipe. zod compiles an object schema when it is first used, so a schema with the id in it would
 * be compiled for each movie.
 */
const withId = (tmdbId: number) =>
  z.any().check(({ value, issues }) => {
    const { id } = value as { id?: unknown };
    if (id !== undefined && id !== tmdbId)
      issues.push({ code: 'invalid_value', values: [tmdbId], path: ['id'], input: id });
  });

/** Looks up an IMDb id with `find`. For an unknown id, TMDB sends five empty lists and no 404. */
const byImdbId = async (
  imdbId: string,
  media: ItemRequest['media'],
  { tmdb, asker }: Fetching,
): Promise<number | { outcome: Reason; why?: string; body?: unknown }> => {
  try {
    const { body } = await tmdb.get(`/find/${imdbId}`, { external_source: 'imdb_id' }, found, asker);
    return idIn[media](body);
  } catch (error) {
    if (error instanceof TmdbShapeError) return { outcome: 'quarantined', why: error.message, body: error.body };
    throw error;
  }
};

const movieIn = ({ movie_results, tv_results, ...other }: Found): number | { outcome: Reason } => {
  const [movie, ...more] = movie_results;
  if (movie)
    return more.length || tv_results.length || other.tv_episode_results.length ? { outcome: 'ambiguous' } : movie.id;
  return tv_results.length ? { outcome: 'is_tv' } : neither(other);
};

/** Where an id is a movie and a series, the series counts: the file says that it has series. */
const seriesIn = ({ movie_results, tv_results, ...other }: Found): number | { outcome: Reason } => {
  const [series, ...more] = tv_results;
  if (series) return more.length ? { outcome: 'ambiguous' } : series.id;
  return movie_results.length ? { outcome: 'is_movie' } : neither(other);
};

const idIn = { movie: movieIn, tv: seriesIn };

const neither = ({
  tv_episode_results,
  tv_season_results,
  person_results,
}: Pick<Found, 'tv_episode_results' | 'tv_season_results' | 'person_results'>): { outcome: Reason } => {
  if (tv_episode_results.length || tv_season_results.length) return { outcome: 'is_episode' };
  if (person_results.length) return { outcome: 'is_person' };
  return { outcome: 'not_found' };
};
