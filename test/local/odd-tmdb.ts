import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

// biome-ignore lint/suspicious/noExplicitAny: bodies here have wrong shapes on purpose
type Body = any;

export interface OddTmdb {
  /** Movies of crime in 2017. Their ids start at 1001. */
  movies?: number;
  /** Fields of a movie, in its list item and in its details, instead of the usual ones. */
  fields?: (id: number) => Body;
  /** What `movie/{id}` answers instead of `right`, which has the credits if they were asked for. */
  details?: (right: Body, id: number) => Body;
  /** The credits in the details, and what `movie/{id}/credits` answers. */
  credits?: (right: Body, id: number) => Body;
  /** Only what `movie/{id}/credits` answers. */
  creditsAlone?: (right: Body, id: number) => Body;
  /** The last change of a body: of its text. JSON.stringify can't write 7.0. */
  text?: (text: string) => string;
}

const person = (id: number, name: string) => ({
  adult: false,
  gender: 2,
  id,
  name,
  original_name: name,
  popularity: 1.5,
  profile_path: null,
  credit_id: 'a'.repeat(24),
});

const CREDITS = {
  cast: [{ ...person(5, 'An Actor'), known_for_department: 'Acting', cast_id: 1, character: 'X', order: 0 }],
  crew: [{ ...person(6, 'A Director'), known_for_department: 'Directing', department: 'Directing', job: 'Director' }],
};

const NOT_FOUND = { success: false, status_code: 34, status_message: 'The resource you requested could not be found.' };

/** A small TMDB on 127.0.0.1 with crime movies of 2017. The test defines its responses. It accepts any token. */
export const startOddTmdb = async ({ movies = 100, ...odd }: OddTmdb) => {
  const asked: string[] = [];
  const ids = Array.from({ length: movies }, (_, index) => 1001 + index);
  const same = (right: Body) => right;
  const { fields = () => ({}), details = same, credits = same, creditsAlone = same, text = same } = odd;

  const item = (id: number) => ({
    adult: false,
    backdrop_path: null,
    genre_ids: [80],
    id,
    title: `Film ${id}`,
    original_language: 'en',
    original_title: `Film ${id}`,
    overview: '',
    popularity: 1.5,
    poster_path: null,
    release_date: '2017-05-01',
    softcore: false,
    video: false,
    vote_average: 6.1,
    vote_count: 10,
    ...fields(id),
  });

  const answer = (path: string, query: URLSearchParams): Body => {
    if (path === '/authentication') return { success: true, status_code: 1, status_message: 'Success.' };
    if (path === '/discover/movie') {
      const listed =
        query.get('primary_release_date.gte') === '2017-01-01' && query.get('with_genres') === '80' ? ids : [];
      const page = Number(query.get('page') ?? 1);
      return {
        page,
        results: listed.slice((page - 1) * 20, page * 20).map(item),
        total_pages: Math.max(1, Math.ceil(listed.length / 20)),
        total_results: listed.length,
      };
    }
    const [, key, alone] = /^\/movie\/(\d+)(\/credits)?$/.exec(path) ?? [];
    const id = Number(key);
    if (!ids.includes(id)) return undefined;
    if (alone) return creditsAlone({ id, ...credits(structuredClone(CREDITS), id) }, id);
    const { genre_ids, ...rest } = item(id);
    const right = { ...rest, budget: 1000 * (id - 1000), imdb_id: `tt000${id}`, origin_country: ['US'], ...fields(id) };
    const appended = query.get('append_to_response') === 'credits';
    return details({ ...right, ...(appended && { credits: credits(structuredClone(CREDITS), id) }) }, id);
  };

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://127.0.0.1');
    const path = pathname.replace(/^\/3/, '');
    asked.push(path);
    const body = answer(path, searchParams);
    response.writeHead(body ? 200 : 404, { 'content-type': 'application/json;charset=utf-8' });
    response.end(text(JSON.stringify(body ?? NOT_FOUND)));
  });
  server.keepAliveTimeout = 0; // No timeout: closing an idle connection just when the client reuses it would be an unwanted fault.
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/3`, asked };
};
