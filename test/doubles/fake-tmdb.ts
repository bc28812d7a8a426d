import type { Query, Tmdb } from '../../lib/tmdb/client.ts';
import { TmdbShapeError } from '../../lib/tmdb/errors.ts';

interface Asked {
  path: string;
  query: Query;
}

export interface FakeTmdb extends Tmdb {
  /** All requests in order. */
  asked: readonly Asked[];
  /** The paths of all requests in order. */
  paths(): string[];
}

/**
 * A TMDB client without a network. The test decides its responses and their time.
 *
 * @param answer Returns the body of a response, as a value or as its JSON text, or 'gone' for a 404. If it throws, the
 *   client throws the same error.
 */
export const fakeTmdb = (answer: (path: string, query: Query) => unknown): FakeTmdb => {
  const asked: Asked[] = [];
  const ask: Tmdb['lookUp'] = async (path, query, schema, { tally, onCount }) => {
    asked.push({ path, query });
    tally.requests += 1;
    onCount?.('requests');
    const given = await answer(path, query);
    if (given === 'gone') return given;
    const text = typeof given === 'string' ? given : JSON.stringify(given);
    const body = JSON.parse(text);
    const json = Buffer.from(text);
    if (!schema.safeParse(body).success)
      throw new TmdbShapeError(`GET ${path}: TMDB's response has an unknown shape`, { body, json });
    return { body, json };
  };
  return {
    name: 'tmdb.test',
    atOnce: 6,
    get: ask as Tmdb['get'],
    lookUp: ask,
    asked,
    paths: () => asked.map(({ path }) => path),
  };
};

/** One page of a list, as TMDB sends it: 20 items per page, totals without a limit, and one page for an empty list. */
export const pageOf = <Item extends object>(items: readonly Item[], page: unknown) => ({
  page: Number(page),
  results: items.slice((Number(page) - 1) * 20, Number(page) * 20),
  total_pages: Math.max(1, Math.ceil(items.length / 20)),
  total_results: items.length,
});
