import type { Dataset } from '../datasets/dataset.ts';
import type { Outcome, Reason } from '../runs/work.ts';
import type { Query, Tally, Tmdb } from '../tmdb/client.ts';
import { TmdbShapeError } from '../tmdb/errors.ts';
import { IMDB_ID } from '../tmdb/imdb-id.ts';
import type { ItemRequest } from '../tmdb/item-request.ts';
import { credits, details, type Found, found } from '../tmdb/responses.ts';

export interface Fetching {
  tmdb: Tmdb;
  tally: Tally;
  /** Called with an intermediate outcome: the TMDB id of an IMDb id, before the details are requested. */
  partly(outcome: Outcome): void;
}

/** Requests one item of a branch's list, as `ask` in its dataset says. */
export type FetchItem = (id: number | string, resolved: number | undefined, fetching: Fetching) => Promise<Outcome>;

/**
 * Creates the function that requests one item: its details, its credits, or both in one request. For an IMDb id, it
 * looks up the TMDB id first.
 *
 * @returns undefined where the dataset needs only the list.
 */
export const fetcherFor = (ask: Dataset['ask'], { media, ids, language }: ItemRequest): FetchItem | undefined => {
  if (ask.length === 0) return undefined;
  const query: Query = language === undefined ? {} : { language };
  const both = ask.includes('details') && ask.includes('credits');

  const byTmdbId = async (id: number | string, tmdbId: number, { tmdb, tally }: Fetching): Promise<Outcome> => {
    const path = `/${media}/${tmdbId}`;
    try {
      const body = ask.includes('details')
        ? await tmdb.lookUp(
            path,
            { ...query, ...(both && { append_to_response: 'credits' }) },
            both ? details.required({ credits: true }) : details,
            tally,
          )
        : await tmdb.lookUp(`${path}/credits`, query, credits, tally);
      if (body === 'gone') return { id, outcome: 'gone' };
      if (body.id !== tmdbId)
        return { id, outcome: 'quarantined', why: `requested id ${tmdbId}, got id ${String(body.id)}`, body };
      return { id, outcome: 'fetched', tmdbId, body };
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

/** Looks up an IMDb id with `find`. For an unknown id, TMDB sends five empty lists and no 404. */
const byImdbId = async (
  imdbId: string,
  media: ItemRequest['media'],
  { tmdb, tally }: Fetching,
): Promise<number | { outcome: Reason; why?: string; body?: unknown }> => {
  try {
    return idIn[media](await tmdb.get(`/find/${imdbId}`, { external_source: 'imdb_id' }, found, tally));
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
