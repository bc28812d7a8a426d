import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { credits, details, failure, genreList, listPage } from '../../../lib/tmdb/responses.ts';
import { asking, body, catalogue, simulated, statuses } from './asking.ts';

const NOT_FOUND = { success: false, status_code: 34, status_message: 'The resource you requested could not be found.' };
const someMovie = () => catalogue().movies[0]?.id ?? 0;

describe('the simulated TMDB', () => {
  it('accepts the token in the header or as api_key', async () => {
    const simulator = await simulated({ token: 'right' });
    const withToken = { headers: { authorization: 'Bearer right' } };

    expect(await (await asking(simulator, '/authentication', withToken)).json()).toMatchObject({ success: true });
    expect((await asking(simulator, '/authentication?api_key=right', {})).status).toBe(200);
  });

  it.each([{}, { headers: { authorization: 'Bearer wrong' } }])('answers 401, code 7, to %j', async (init) => {
    const response = await asking(await simulated(), '/authentication', init);

    expect(response.status).toBe(401);
    expect(failure.parse(await response.json())).toMatchObject({ success: false, status_code: 7 });
  });

  it.each([
    '/movie/999999999',
    '/movie/999999999/credits',
    '/movie/abc',
    '/tv/1',
    '/tv/1/credits',
    '/tv/1/keywords',
    '/movie/1/keywords',
    '/nothing',
  ])('answers 404, code 34, to GET %s', async (path) => {
    const response = await asking(await simulated(), path);

    expect([response.status, await response.json()]).toEqual([404, NOT_FOUND]);
  });

  it('answers 404 to a POST, as TMDB does for paths with GET only', async () => {
    const response = await asking(await simulated(), '/movie/popular', {
      method: 'POST',
      headers: { authorization: 'Bearer simulator' },
    });

    expect([response.status, await response.json()]).toEqual([404, NOT_FOUND]);
  });

  it.each(['/discover/movie', '/discover/tv', '/movie/popular', '/tv/popular'])(
    'serves %s with 20 items per page',
    async (path) => {
      const simulator = await simulated();
      const [first, second] = [await body(simulator, path), await body(simulator, `${path}?page=2`)];

      expect(listPage.parse(first)).toMatchObject({ page: 1 });
      expect(Object.keys(first)).toEqual(['page', 'results', 'total_pages', 'total_results']);
      expect(first.results).toHaveLength(20);
      expect(first.total_pages).toBe(Math.ceil(first.total_results / 20));
      expect(second.results[0].id).not.toBe(first.results[0].id);
    },
  );

  it.each(['0', '-1', '501', '1.5', 'two', ''])('rejects page %j with 400, code 22', async (page) => {
    const response = await asking(await simulated(), `/movie/popular?page=${page}`);

    expect([response.status, await response.json()]).toMatchObject([400, { status_code: 22 }]);
  });

  it('serves empty pages after the last one, up to page 500', async () => {
    const past = await body(await simulated(), '/tv/popular?page=500');

    expect(past).toMatchObject({ page: 500, results: [], total_pages: 33, total_results: 653 });
  });

  it('serves both lists of genres', async () => {
    const simulator = await simulated();

    expect(genreList.parse(await body(simulator, '/genre/movie/list')).genres).toHaveLength(19);
    expect(genreList.parse(await body(simulator, '/genre/tv/list')).genres).toContainEqual({
      id: 10768,
      name: 'War & Politics',
    });
    expect(await body(simulator, '/configuration')).toHaveProperty('images.secure_base_url');
  });

  it('has the same credits in the details as in /credits, but without an id', async () => {
    const simulator = await simulated();
    const both = await body(simulator, `/movie/${someMovie()}?append_to_response=credits,nonsense`);
    const { id, ...alone } = await body(simulator, `/movie/${someMovie()}/credits`);

    expect(details.parse(both).credits).toEqual(credits.parse(alone));
    expect(Object.keys(both).at(-1)).toBe('credits');
    expect(id).toBe(someMovie());
  });

  it('finds a movie by its IMDb id, too', async () => {
    const movie = catalogue().movies.find(({ imdb_id }) => imdb_id);

    expect(await body(await simulated(), `/movie/${movie?.imdb_id}`)).toEqual(movie);
  });

  it('serves a series with credits without a cast_id', async () => {
    const series = await body(await simulated(), `/tv/${catalogue().series[0]?.id}?append_to_response=credits`);

    expect(details.parse(series).credits?.cast[0]).not.toHaveProperty('cast_id');
    expect(await body(await simulated(), `/tv/${series.id}/credits`)).toEqual({ id: series.id, ...series.credits });
  });

  it.each([
    { names: 20, status: 200 },
    { names: 21, status: 400 },
  ])('answers $status to $names names in append_to_response', async ({ names, status }) => {
    const appended = Array.from({ length: names }, (_, i) => `name${i}`).join();
    const response = await asking(await simulated(), `/movie/${someMovie()}?append_to_response=${appended}`);

    expect(response.status).toBe(status);
    if (status === 400) expect(await response.json()).toMatchObject({ status_code: 27 });
  });

  it('compresses responses for clients that accept gzip', async () => {
    const simulator = await simulated();
    const headers = { authorization: 'Bearer simulator' };
    const zipped = await asking(simulator, '/movie/popular', { headers });
    const plain = await asking(simulator, '/movie/popular', { headers: { ...headers, 'accept-encoding': 'identity' } });

    expect(zipped.headers.get('content-type')).toBe('application/json;charset=utf-8');
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await zipped.json()).toEqual(await plain.json());
  });

  it('reports when a number of requests has arrived', async () => {
    const simulator = await simulated();
    await simulator.reached(0);
    const two = simulator.reached(2).then(() => simulator.asked.length);
    await statuses(simulator, '/movie/popular', 3);

    expect(await two).toBe(2);
  });

  it('records all requests with their status', async () => {
    const simulator = await simulated({ now: () => 7 });
    await statuses(simulator, '/movie/popular?page=501', 1);
    await statuses(simulator, `/movie/${someMovie()}`, 2);

    expect(simulator.asked[0]).toEqual({
      at: 7,
      method: 'GET',
      path: '/movie/popular',
      query: { page: '501' },
      status: 400,
    });
    expect([simulator.count('/movie/popular'), simulator.count(/^\/movie\//), simulator.count('/movie')]).toEqual([
      1, 3, 0,
    ]);
  });

  it('rejects the 41st request of a second without Retry-After, and serves again in the next second', async () => {
    let time = 1000;
    const simulator = await simulated({ ceiling: 40, now: () => time });
    const path = '/authentication';

    expect(new Set(await statuses(simulator, path, 40))).toEqual(new Set([200]));
    const refused = await asking(simulator, path);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBeNull();
    expect(await refused.json()).toEqual({
      status_code: 25,
      status_message: 'Your request count (41) is over the allowed limit of 40.',
    });
    time += 999;
    expect(await (await asking(simulator, path)).json()).toMatchObject({
      status_message: 'Your request count (42) is over the allowed limit of 40.',
    });
    time += 1;
    expect(await statuses(simulator, path, 1)).toEqual([200]);
  });

  it('resets connections above its limit', async () => {
    const simulator = await simulated({ connections: 2 });
    const open = () => connect(Number(new URL(simulator.url).port), '127.0.0.1');
    const allowed = [open(), open()];
    await Promise.all(allowed.map((socket) => once(socket, 'connect')));

    const [error] = await once(open(), 'error').catch((caught) => [caught]);

    expect(error).toMatchObject({ code: 'ECONNRESET' });
    for (const socket of allowed) socket.destroy();
  });

  it('responds after its latency, and closes without waiting', async () => {
    const simulator = await simulated({ latencyMs: { from: 60_000, to: 60_000 } });
    const never = asking(simulator, '/authentication').catch((error) => error);
    await expect.poll(() => simulator.asked.length).toBe(1);

    await simulator.close();

    expect(await never).toBeInstanceOf(TypeError);
  });

  it('lets other processes replace the faults and read the requests', async () => {
    const simulator = await simulated();
    const control = (name: string) =>
      fetch(new URL('/_simulator/faults', simulator.url), { method: 'POST', body: JSON.stringify({ name }) });

    expect((await control('outage-movie-popular')).status).toBe(200);
    expect(await statuses(simulator, '/movie/popular', 1)).toEqual([500]);
    expect((await control('none')).status).toBe(200);
    expect(await statuses(simulator, '/movie/popular', 1)).toEqual([200]);

    const wrong = await control('outage-crime-19');
    expect([wrong.status, await wrong.json()]).toEqual([400, { error: expect.stringContaining('outage-crime-2017') }]);
    expect(await (await fetch(new URL('/_simulator/asked', simulator.url))).json()).toEqual(simulator.asked);
  });
});
