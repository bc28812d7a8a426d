import type { RequestListener, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { brotliCompressSync, createGzip, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { connectionsFor, type Wait } from '../../../lib/tmdb/client.ts';
import { type Gate, pace } from '../../../lib/tmdb/pace.ts';
import { details, listPage } from '../../../lib/tmdb/responses.ts';
import type { Fault } from '../../../local/simulator/faults.ts';
import { fastClock, NOON } from '../../doubles/fast-clock.ts';
import { catalogue, simulated } from '../../local/simulator/asking.ts';
import { clientAt, saying, serving } from './hostile.ts';

const anything = z.unknown();
const JSON_TYPE = { 'content-type': 'application/json' };
const failure = (status_code: number) => JSON.stringify({ success: false, status_code, status_message: 'Not so.' });

/** Sends these responses in order, then repeats the last one. */
const inTurn = (...answers: RequestListener[]): RequestListener => {
  let next = 0;
  return (request, response) => {
    const answer = answers[Math.min(next, answers.length - 1)];
    next += 1;
    answer?.(request, response);
  };
};
const good = saying(200, '{"id":1}', JSON_TYPE);

/** The error of a request. */
const errorOf = async (question: Promise<unknown>): Promise<Error> =>
  question.then(
    (answer) => Promise.reject(new Error(`There was a response: ${inspect(answer)}`)),
    (error: Error) => error,
  );

describe('a request to TMDB', () => {
  it('has the token in its header, and the given query', async () => {
    const simulator = await simulated();
    const { tmdb, tally } = clientAt(simulator.url);
    const { body: page } = await tmdb.get(
      '/discover/movie',
      { with_genres: 80, 'vote_count.gte': 5, page: 2 },
      listPage,
      { tally },
    );

    expect(page.page).toBe(2);
    expect(simulator.asked).toMatchObject([
      { path: '/discover/movie', query: { with_genres: '80', 'vote_count.gte': '5', page: '2' }, status: 200 },
    ]);
    expect(tally).toEqual({ requests: 1, retries: 0, throttles: 0 });
  });

  it("returns TMDB's own object, with all fields in TMDB's order, including unknown fields", async () => {
    const text = '{"new_in_2027":[1],"id":7,"budget":5,"another":null}';
    const { tmdb, tally } = clientAt((await serving(saying(200, text, JSON_TYPE))).url);

    const answer = await tmdb.get('/movie/7', {}, details, { tally });

    expect([String(answer.json), JSON.stringify(answer.body)]).toEqual([text, text]);
  });

  it('accepts compressed and plain bodies, and a byte order mark', async () => {
    for (const listener of [
      saying(200, gzipSync('{"id":1}'), { ...JSON_TYPE, 'content-encoding': 'gzip' }),
      saying(200, '\uFEFF{"id":1}', JSON_TYPE),
      saying(200, '{"id":1}', { 'content-type': 'text/html' }),
    ]) {
      const { tmdb, tally } = clientAt((await serving(listener)).url);
      expect(await tmdb.get('/movie/1', {}, details, { tally })).toEqual({
        body: { id: 1 },
        json: Buffer.from('{"id":1}'),
      });
    }
  });

  it.each<[string, Uint8Array, Record<string, string>]>([
    ['gzip without a label', gzipSync('{"id":1}'), {}],
    ['plain JSON labelled gzip', Buffer.from('{"id":1}'), { 'content-encoding': 'gzip' }],
    ['gzip twice', gzipSync(gzipSync('{"id":1}')), { 'content-encoding': 'gzip' }],
    ['deflate', deflateSync('{"id":1}'), { 'content-encoding': 'deflate' }],
    ['raw deflate', deflateRawSync('{"id":1}'), { 'content-encoding': 'deflate' }],
    ['br', brotliCompressSync('{"id":1}'), { 'content-encoding': 'br' }],
    ['zstd', zstdCompressSync('{"id":1}'), { 'content-encoding': 'zstd' }],
  ])('accepts a body whose bytes are %s', async (_, body, headers) => {
    const { tmdb, tally } = clientAt((await serving(saying(200, body, headers))).url);

    expect(await tmdb.get('/movie/1', {}, details, { tally })).toEqual({
      body: { id: 1 },
      json: Buffer.from('{"id":1}'),
    });
    expect(tally.requests).toBe(1);
  });

  it('uses few connections for many requests', async () => {
    const server = await serving(good);
    const { tmdb, tally } = clientAt(server.url, { limits: { sockets: 3 } });
    await Promise.all(Array.from({ length: 100 }, () => tmdb.get('/movie/1', {}, details, { tally })));

    expect(server.seen.requests).toBe(100);
    expect(server.seen.sockets).toBeLessThanOrEqual(3);
  });

  it('reads the token each time, so a corrected token is used by the next request', async () => {
    const simulator = await simulated({ token: 'right' });
    let token = 'wrong';
    const { tmdb, tally } = clientAt(simulator.url, { token: () => token });
    await expect(tmdb.get('/authentication', {}, anything, { tally })).rejects.toMatchObject({
      name: 'TmdbTokenError',
    });
    token = 'right';

    expect(await tmdb.get('/authentication', {}, anything, { tally })).toMatchObject({ body: { success: true } });
  });

  it('is not sent without a token', async () => {
    const server = await serving(good);
    const { tmdb, tally } = clientAt(server.url, { token: () => undefined });

    await expect(tmdb.get('/movie/1', {}, details, { tally })).rejects.toMatchObject({
      name: 'TmdbTokenError',
      message: expect.stringContaining('TMDB_TOKEN is not set: set it to an API Read Access Token'),
    });
    expect(server.seen.requests).toBe(0);
  });

  it.each([
    ['{"id":"seven"}', 'field id must be a number, got "seven"'],
    ['{"id":1.5}', 'field id must be an integer, got 1.5'],
    ['{"id":0}', 'field id must be above 0, got 0'],
    ['{}', 'field id is missing'],
    ['[]', 'the body must be an object, got []'],
    ['null', 'the body must be an object, got null'],
    ['7', 'the body must be an object, got 7'],
    ['{"id":7,"credits":{"cast":[{},7],"crew":[]}}', 'field credits.cast.1 must be an object, got 7'],
    ['{"id":7,"credits":{"cast":[]}}', 'field credits.crew is missing'],
    [failure(11), "field id is missing, the body is TMDB's error code 11: Not so."],
    [`{"id":7,"deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'the body nests deeper than 100 levels'],
    [`{"id":7,"deep":${'['.repeat(100)}${']'.repeat(100)}}`, 'the body nests deeper than 100 levels'],
    ['['.repeat(1_000_000), 'the body nests deeper than 100 levels'],
  ])('fails with an error that names the field when the response is %s', async (body, problem) => {
    const { tmdb, tally } = clientAt((await serving(saying(200, body, JSON_TYPE))).url);

    await expect(tmdb.get('/movie/7', {}, details, { tally })).rejects.toMatchObject({
      name: 'TmdbShapeError',
      message: `GET /movie/7: TMDB's response has an unknown shape: ${problem}. If TMDB has changed this field, change lib/tmdb/responses.ts.`,
    });
    expect(tally).toEqual({ requests: 3, retries: 2, throttles: 0 });
  });

  it('accepts a body that nests as deep as the limit', async () => {
    const text = `{"id":7,"deep":${'['.repeat(99)}${']'.repeat(99)}}`;
    const { tmdb, tally } = clientAt((await serving(saying(200, text, JSON_TYPE))).url);

    expect(await tmdb.get('/movie/7', {}, details, { tally })).toMatchObject({ json: Buffer.from(text) });
  });

  it('returns the text with numbers as TMDB wrote them', async () => {
    const text = '{"id":7, "popularity":7.0,"budget":1e3}';
    const { tmdb, tally } = clientAt((await serving(saying(200, text, JSON_TYPE))).url);

    expect(await tmdb.get('/movie/7', {}, details, { tally })).toEqual({
      json: Buffer.from(text),
      body: { id: 7, popularity: 7, budget: 1000 },
    });
  });
});

describe('a response of an unknown shape', () => {
  const whole = details.required({ credits: true });
  const good = '{"id":7,"credits":{"cast":[],"crew":[]}}';

  it.each(['{}', '[]', 'null', failure(11), '{"id":7}', '{"id":8,"credits":null}'])(
    'is retried, because %s may be a transient fault',
    async (text) => {
      const server = await serving(inTurn(saying(200, text), saying(200, text), saying(200, good)));
      const { tmdb, tally, clock } = clientAt(server.url, { random: () => 0.5, limits: { backoffMs: 1_000 } });

      expect(await tmdb.lookUp('/movie/7', {}, whole, { tally })).toMatchObject({ json: Buffer.from(good) });
      expect(tally).toEqual({ requests: 3, retries: 2, throttles: 0 });
      expect(Math.round(clock.now() - NOON)).toBe(1_500);
    },
  );

  it('is an error with the last body as it was sent, if it does not change', async () => {
    const server = await serving(inTurn(saying(200, '{}'), saying(200, '[]'), saying(200, '{"id":7.0}')));
    const { tmdb, tally } = clientAt(server.url);

    await expect(tmdb.lookUp('/movie/7', {}, whole, { tally })).rejects.toMatchObject({
      name: 'TmdbShapeError',
      message: expect.stringContaining('field credits is missing'),
      body: { id: 7 },
      answer: { body: { id: 7 }, json: Buffer.from('{"id":7.0}') },
    });
  });

  it('is not retried after the timeout of a question', async () => {
    const server = await serving(saying(200, '{}'));
    const { tmdb, tally } = clientAt(server.url, {
      random: () => 0.999,
      limits: { backoffMs: 1_000, questionMs: 2_000 },
    });

    await expect(tmdb.get('/movie/7', {}, details, { tally })).rejects.toMatchObject({ name: 'TmdbShapeError' });
    expect(tally).toEqual({ requests: 2, retries: 1, throttles: 0 });
  });

  it('does not use up the retries for other faults, which are four in total', async () => {
    const server = await serving(
      inTurn(saying(200, '{}'), saying(503, ''), saying(200, '{}'), saying(503, ''), saying(200, good)),
    );
    const { tmdb, tally } = clientAt(server.url);

    expect(await tmdb.get('/movie/7', {}, whole, { tally })).toMatchObject({ json: Buffer.from(good) });
    expect(tally).toEqual({ requests: 5, retries: 4, throttles: 0 });
  });
});

describe('a transient fault is retried:', () => {
  const TWICE = { share: 1, times: 2 };
  const FAULTS: Record<string, Fault> = {
    '429 in JSON': { kind: 'throttle', body: 'json', ...TWICE },
    '429 with an empty body': { kind: 'throttle', body: 'empty', ...TWICE },
    '429 in HTML, Retry-After 0': { kind: 'throttle', body: 'html', retryAfter: '0', ...TWICE },
    '429 with a date in Retry-After': { kind: 'throttle', body: 'json', retryAfter: 'date', ...TWICE },
    'an internal error': { kind: 'internal-error', ...TWICE },
    'a 502 in HTML': { kind: 'bad-gateway', ...TWICE },
    'HTML with status 200': { kind: 'html-with-200', ...TWICE },
    'a reset connection': { kind: 'reset', ...TWICE },
    'a connection cut in the middle of a body': { kind: 'cut', what: 'connection', ...TWICE },
    'half a body': { kind: 'cut', what: 'body', ...TWICE },
  };

  it.each(Object.entries(FAULTS))('%s, twice', async (_, fault) => {
    const simulator = await simulated({ faults: [fault] });
    const clock = fastClock(Date.now()); // the simulator sends real dates
    const { tmdb, tally } = clientAt(simulator.url, { clock });
    const id = catalogue().movies[0]?.id ?? 0;

    expect(await tmdb.lookUp(`/movie/${id}`, { append_to_response: 'credits' }, details, { tally })).toMatchObject({
      body: { id },
    });
    expect(tally).toEqual({ requests: 3, retries: 2, throttles: fault.kind === 'throttle' ? 2 : 0 });
    expect(simulator.asked.map(({ status }) => status)).toHaveLength(3);
  });

  it('no response', async () => {
    const simulator = await simulated({ faults: [{ kind: 'stall', share: 1, times: 1 }] });
    const { tmdb, tally } = clientAt(simulator.url, { limits: { tryMs: 1_000 } });

    expect(await tmdb.get('/authentication', {}, anything, { tally })).toMatchObject({ body: { success: true } });
    expect(simulator.asked.at(0)?.status).toBe('stall');
    expect(tally).toMatchObject({ requests: simulator.asked.length, retries: simulator.asked.length - 1 });
  });

  it.each([408, 425, 500, 502, 503, 504, 522])('status %d', async (status) => {
    const { tmdb, tally } = clientAt((await serving(inTurn(saying(status, failure(24)), good))).url);

    expect(await tmdb.get('/movie/1', {}, details, { tally })).toMatchObject({ body: { id: 1 } });
    expect(tally).toEqual({ requests: 2, retries: 1, throttles: 0 });
  });

  it.each<[string, RequestListener]>([
    ['half of a zipped body', saying(200, gzipSync('{"id":1}').subarray(0, 20), { 'content-encoding': 'gzip' })],
    ['half of a zipped body without a label', saying(200, gzipSync('{"id":1}').subarray(0, 20))],
    ['Latin-1', saying(200, Buffer.from('{"id":1,"title":"Ação"}', 'latin1'), JSON_TYPE)],
    ['a zipped body of Latin-1', saying(200, gzipSync(Buffer.from('{"id":1,"title":"Ação"}', 'latin1')))],
    ['a cut character', saying(200, Buffer.from('{"id":1,"title":"🎬"}').subarray(0, -4), JSON_TYPE)],
    ['half of a zipped 404', saying(404, gzipSync(failure(34)).subarray(0, 30), { 'content-encoding': 'gzip' })],
    ['half of the JSON of a 404', saying(404, failure(34).slice(0, 30), JSON_TYPE)],
  ])('%s', async (_, listener) => {
    const { tmdb, tally } = clientAt((await serving(inTurn(listener, good))).url);

    expect(await tmdb.lookUp('/movie/1', {}, details, { tally })).toMatchObject({ body: { id: 1 } });
    expect(tally).toEqual({ requests: 2, retries: 1, throttles: 0 });
  });

  it('a 401 and a 403 whose connection breaks', async () => {
    const half =
      (status: number): RequestListener =>
      (request, response) => {
        response.writeHead(status, { ...JSON_TYPE, 'content-length': '1000' });
        response.write(failure(7), () => request.socket.destroy());
      };
    const { tmdb, tally } = clientAt((await serving(inTurn(half(401), half(403), good))).url);

    expect(await tmdb.get('/movie/1', {}, details, { tally })).toMatchObject({ body: { id: 1 } });
    expect(tally.requests).toBe(3);
  });

  it('a truncated 404, which does not prove that the movie is gone', async () => {
    const half: RequestListener = (request, response) => {
      response.writeHead(404, { ...JSON_TYPE, 'content-length': '1000' });
      response.write('{"success":false,', () => request.socket.destroy());
    };
    const { tmdb, tally } = clientAt((await serving(inTurn(half, saying(404, failure(34), JSON_TYPE)))).url);

    expect(await tmdb.lookUp('/movie/1', {}, details, { tally })).toBe('gone');
    expect(tally).toEqual({ requests: 2, retries: 1, throttles: 0 });
  });
});

describe('after a 429, all requests wait', () => {
  /** The pauses of the gate after one 429 with these headers. */
  const pausesFor = async (headers: Record<string, string>, random = 0) => {
    const clock = fastClock();
    const gate = pace(1_000_000, clock);
    const paused: number[] = [];
    const watched: Gate = {
      pass: gate.pass,
      pause: (ms) => {
        paused.push(ms);
        gate.pause(ms);
      },
    };
    const server = await serving(inTurn(saying(429, '', headers), good));
    const { tmdb, tally } = clientAt(server.url, { clock, gate: watched, random: () => random });
    await tmdb.get('/movie/1', {}, details, { tally });
    expect(tally).toEqual({ requests: 2, retries: 1, throttles: 1 });
    return paused;
  };

  it.each([
    { says: 'nothing', headers: {}, ms: 1_000 },
    { says: '0', headers: { 'retry-after': '0' }, ms: 1_000 },
    { says: '1', headers: { 'retry-after': '1' }, ms: 1_000 },
    { says: '7', headers: { 'retry-after': '7' }, ms: 7_000 },
    { says: 'a date', headers: { 'retry-after': new Date(NOON + 5_000).toUTCString() }, ms: 5_000 },
    { says: 'a date long past', headers: { 'retry-after': new Date(0).toUTCString() }, ms: 1_000 },
    { says: 'a day', headers: { 'retry-after': '86400' }, ms: 60_000 },
    { says: 'more than a timer takes', headers: { 'retry-after': '99999999999' }, ms: 60_000 },
    { says: 'nonsense', headers: { 'retry-after': 'soon' }, ms: 1_000 },
  ])('for $ms ms, when Retry-After is $says', async ({ headers, ms }) => {
    expect((await pausesFor(headers)).map(Math.round)).toEqual([ms]);
  });

  it('also if its body is truncated', async () => {
    const half: RequestListener = (request, response) => {
      response.writeHead(429, { 'retry-after': '7', 'content-length': '1000' });
      response.write('{', () => request.socket.destroy());
    };
    const { tmdb, tally, clock } = clientAt((await serving(inTurn(half, good))).url);
    await tmdb.get('/movie/1', {}, details, { tally });

    expect(tally).toEqual({ requests: 2, retries: 1, throttles: 1 });
    expect(Math.round(clock.now() - NOON)).toBe(7_000);
  });

  it('including requests that start in the meantime', async () => {
    const clock = fastClock();
    const gate = pace(1_000_000, clock);
    const arrivals: number[] = [];
    const refuse = saying(429, '', { 'retry-after': '7' });
    const answer = inTurn(refuse, good);
    const server = await serving((request, response) => {
      arrivals.push(clock.now() - NOON);
      answer(request, response);
    });
    const meanwhile: Promise<unknown>[] = [];
    const watched: Gate = {
      pass: gate.pass,
      pause: (ms) => {
        gate.pause(ms);
        for (let i = 0; i < 3; i += 1) meanwhile.push(tmdb.get('/movie/2', {}, details, { tally }));
      },
    };
    const { tmdb, tally } = clientAt(server.url, { clock, gate: watched });
    await tmdb.get('/movie/1', {}, details, { tally });
    await Promise.all(meanwhile);

    expect(arrivals).toHaveLength(5);
    expect(Math.min(...arrivals.slice(1))).toBeGreaterThanOrEqual(7_000);
  });
});

describe('retries are limited', () => {
  it('in number', async () => {
    const server = await serving(saying(500, failure(11), JSON_TYPE));
    const { tmdb, tally } = clientAt(server.url, { limits: { retries: 3 } });

    await expect(tmdb.get('/movie/1', {}, details, { tally })).rejects.toMatchObject({
      name: 'TmdbUnavailableError',
      message:
        'GET /movie/1: TMDB answers with status 500, after 3 retries. A response with status 200 and complete JSON is needed: run again when TMDB answers.',
    });
    expect([server.seen.requests, tally]).toEqual([4, { requests: 4, retries: 3, throttles: 0 }]);
  });

  it('in time over all tries of a request', async () => {
    const server = await serving(saying(502, '<html>'));
    const { tmdb, tally, clock } = clientAt(server.url, {
      random: () => 0.999,
      limits: { backoffMs: 1_000, questionMs: 4_000, retries: 50 },
    });

    await expect(tmdb.get('/movie/1', {}, details, { tally })).rejects.toMatchObject({ name: 'TmdbUnavailableError' });
    expect(tally).toEqual({ requests: 3, retries: 2, throttles: 0 }); // after 1 s and another 2 s; another 4 s would exceed the limit
    expect(clock.now() - NOON).toBeLessThanOrEqual(4_000);
  });

  it('with waits that double, with full jitter, up to 30 s', async () => {
    const arrivals: number[] = [];
    const clock = fastClock();
    const server = await serving((_, response) => {
      arrivals.push(clock.now());
      response.writeHead(503).end();
    });
    const { tmdb, tally } = clientAt(server.url, {
      clock,
      random: () => 0.5,
      limits: { retries: 9, backoffMs: 1_000, questionMs: 1_000_000 },
    });
    await errorOf(tmdb.get('/movie/1', {}, details, { tally }));
    const waits = arrivals.slice(1).map((at, i) => Math.round((at - (arrivals[i] ?? 0)) / 100) / 10);

    expect(waits).toEqual([0.5, 1, 2, 4, 8, 15, 15, 15, 15]);
  });

  it('for 429, too, which has its own error', async () => {
    const server = await serving(saying(429, failure(25), JSON_TYPE));
    const { tmdb, tally } = clientAt(server.url, { limits: { retries: 2 } });

    await expect(tmdb.get('/movie/1', {}, details, { tally })).rejects.toMatchObject({ name: 'TmdbThrottledError' });
    expect(tally).toEqual({ requests: 3, retries: 2, throttles: 3 });
  });

  it('when the connection is refused', async () => {
    const server = await serving(good);
    await server.close();
    const { tmdb, tally } = clientAt(server.url, { limits: { retries: 2 } });

    await expect(tmdb.get('/movie/1', {}, details, { tally })).rejects.toMatchObject({
      name: 'TmdbUnavailableError',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    expect(tally).toMatchObject({ requests: 3, retries: 2 });
  });
});

describe('a hostile response', () => {
  const limits = { retries: 1, bodyBytes: 1_000_000 };

  it.each([301, 302, 303, 307, 308])(
    '%i to another host is not followed, so that host does not get the token',
    async (status) => {
      const elsewhere = await serving(good);
      const server = await serving(saying(status, '', { location: `${elsewhere.url}/movie/1` }));
      const { tmdb, tally } = clientAt(server.url);

      await expect(tmdb.get('/movie/1', {}, details, { tally })).rejects.toMatchObject({ name: 'TmdbRefusedError' });
      expect([server.seen.requests, elsewhere.seen.requests]).toEqual([1, 0]);
    },
  );

  /** Writes until the connection closes. */
  const forEver = (response: NodeJS.WritableStream, closes: ServerResponse, piece: Buffer) => {
    let over = false;
    closes.on('close', () => {
      over = true;
    });
    const write = () => {
      if (over) return;
      if (response.write(piece)) setImmediate(write);
      else response.once('drain', write);
    };
    write();
  };

  it.each<[string, RequestListener]>([
    [
      'an endless body',
      (_, response) => {
        response.writeHead(200, JSON_TYPE);
        forEver(response, response, Buffer.alloc(65_536, '[1,'));
      },
    ],
    [
      'an endless gzip bomb',
      (_, response) => {
        response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' });
        const zip = createGzip({ level: 1 });
        zip.pipe(response);
        forEver(zip, response, Buffer.alloc(65_536, 0x20));
      },
    ],
    ['a small gzip bomb', saying(200, gzipSync(Buffer.alloc(50_000_000, ' ')), { 'content-encoding': 'gzip' })],
    ['a small gzip bomb without a label', saying(200, gzipSync(gzipSync(Buffer.alloc(50_000_000, ' '))))],
  ])('%s is read only up to the limit', async (_, listener) => {
    const { tmdb, tally } = clientAt((await serving(listener)).url, { limits: { ...limits, tryMs: 600_000 } });

    await expect(tmdb.get('/movie/1', {}, details, { tally })).rejects.toMatchObject({
      name: 'TmdbUnavailableError',
      message: expect.stringContaining('too long'),
    });
    expect(tally.requests).toBe(2);
  });

  it('a slow body is aborted after the timeout of a try', async () => {
    const server = await serving((_, response) => {
      response.writeHead(200, JSON_TYPE);
      const drip = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(drip));
    });
    const { tmdb, tally } = clientAt(server.url, { limits: { ...limits, tryMs: 200 } });

    await expect(tmdb.get('/movie/1', {}, details, { tally })).rejects.toMatchObject({
      name: 'TmdbUnavailableError',
      message: expect.stringContaining('GET /movie/1: no complete answer in time, after 1 retry.'),
    });
    expect(tally.requests).toBe(2);
  });

  it.each([
    ['NaN in JSON', '{"id":NaN}'],
    ['an HTML page with status 200', '<html></html>'],
    ['nothing', ''],
    ['two objects', '{"id":1}{"id":1}'],
  ])('%s is retried and never accepted as a movie', async (_, text) => {
    const server = await serving(saying(200, text, JSON_TYPE));
    const { tmdb, tally } = clientAt(server.url, { limits });

    await expect(tmdb.get('/movie/1', {}, details, { tally })).rejects.toMatchObject({ name: 'TmdbUnavailableError' });
    expect(server.seen.requests).toBe(2);
  });
});

describe('a rejected request is not retried:', () => {
  it.each([
    { status: 400, body: failure(22), name: 'TmdbRefusedError', message: '400, code 22: Not so.' },
    {
      status: 400,
      body: '{"status_code":22,"status_message":"\\u001b]0;x\\u0007Not\\nso."}',
      name: 'TmdbRefusedError',
      // No control character, which could be an escape sequence of a terminal.
      message: '(400, code 22:  ]0;x Not so.)',
    },
    { status: 405, body: failure(42), name: 'TmdbRefusedError', message: '405, code 42: Not so.' },
    { status: 410, body: '<html>', name: 'TmdbRefusedError', message: 'status 410' },
    { status: 404, body: failure(34), name: 'TmdbRefusedError', message: '404, code 34: Not so.' },
    { status: 404, body: '<html>', name: 'TmdbRefusedError', message: 'status 404' },
    { status: 422, body: '{"errors":["page must be less"]}', name: 'TmdbRefusedError', message: 'status 422' },
  ])('$status with $body is a $name', async ({ status, body, name, message }) => {
    const server = await serving(saying(status, body, JSON_TYPE));
    const { tmdb, tally } = clientAt(server.url);

    await expect(tmdb.get('/movie/1', {}, details, { tally })).rejects.toMatchObject({
      name,
      message: expect.stringContaining(message),
    });
    expect([server.seen.requests, tally]).toEqual([1, { requests: 1, retries: 0, throttles: 0 }]);
  });

  it('a 404 from TMDB means that the looked-up id is gone', async () => {
    const { tmdb, tally } = clientAt((await simulated()).url);

    expect(await tmdb.lookUp('/movie/99999', {}, details, { tally })).toBe('gone');
    await expect(tmdb.get('/movie/99999', {}, details, { tally })).rejects.toMatchObject({ name: 'TmdbRefusedError' });
  });

  it.each(['<html>Not found</html>', '{"message":"no Route matched with those values"}'])(
    'a 404 with the body %s does not, because a proxy may have sent it',
    async (body) => {
      const { tmdb, tally } = clientAt((await serving(saying(404, body))).url);

      await expect(tmdb.lookUp('/movie/1', {}, details, { tally })).rejects.toMatchObject({ name: 'TmdbRefusedError' });
    },
  );
});

describe('a token that TMDB rejects', () => {
  it.each([401, 403])('is retried once after %d, and then is an error', async (status) => {
    const server = await serving(saying(status, failure(7), JSON_TYPE));
    const { tmdb, tally, clock } = clientAt(server.url, { random: () => 0.5, limits: { backoffMs: 1_000 } });

    await expect(tmdb.get('/movie/1', {}, details, { tally })).rejects.toMatchObject({
      name: 'TmdbTokenError',
      message: `TMDB rejected the token (${status}, code 7: Not so.): use an API Read Access Token from themoviedb.org (Settings, API).`,
    });
    expect(tally).toEqual({ requests: 2, retries: 1, throttles: 0 });
    expect(Math.round(clock.now() - NOON)).toBe(500);
  });

  it('may be accepted by the retry', async () => {
    const { tmdb, tally } = clientAt((await serving(inTurn(saying(401, failure(7)), good))).url);

    expect(await tmdb.get('/movie/1', {}, details, { tally })).toMatchObject({ body: { id: 1 } });
    expect(await tmdb.get('/movie/1', {}, details, { tally })).toMatchObject({ body: { id: 1 } });
  });

  it.each([
    [401, '<html>'],
    [403, '<html>Request blocked.</html>'],
    [403, ''],
    [403, '{"message":"Forbidden"}'],
    [401, failure(7).slice(0, 20)],
  ])("%d with %s is not TMDB's rejection of the token", async (status, body) => {
    const server = await serving(inTurn(saying(status, body), saying(status, body), good));
    const { tmdb, tally } = clientAt(server.url);
    expect(await tmdb.get('/movie/1', {}, details, { tally })).toMatchObject({ body: { id: 1 } });

    const blocked = clientAt((await serving(saying(status, body))).url, { limits: { retries: 2 } });
    await expect(blocked.tmdb.get('/movie/1', {}, details, blocked)).rejects.toMatchObject({
      name: 'TmdbUnavailableError',
      message: expect.stringContaining(
        `TMDB answers with status ${status}, but not in its error format, after 2 retries.`,
      ),
    });
    expect(blocked.tally.requests).toBe(3);
  });

  it('is a TmdbUnavailableError if no retry is left', async () => {
    const server = await serving(inTurn(saying(503, ''), saying(401, failure(7))));
    const { tmdb, tally } = clientAt(server.url, { limits: { retries: 1 } });

    await expect(tmdb.get('/movie/1', {}, details, { tally })).rejects.toMatchObject({ name: 'TmdbUnavailableError' });
  });

  it('is not sent again: later requests fail at once, until another token is set', async () => {
    const simulator = await simulated({ token: 'right' });
    let token = 'wrong';
    const clock = fastClock();
    const { tmdb, tally } = clientAt(simulator.url, { clock, token: () => token });
    const ask = () => tmdb.get('/authentication', {}, anything, { tally });
    const { message } = await errorOf(ask());
    expect(simulator.asked).toHaveLength(2);

    for (let times = 0; times < 3; times += 1)
      expect(await errorOf(ask())).toMatchObject({ name: 'TmdbTokenError', message });
    expect(simulator.asked).toHaveLength(2);

    token = 'right';
    expect(await ask()).toMatchObject({ body: { success: true } });
    token = 'wrong';
    await errorOf(ask());
    expect(simulator.asked).toHaveLength(3);

    clock.skip(300_000); // the account may have been restored
    await errorOf(ask());
    expect(simulator.asked).toHaveLength(5);
  });

  it('is not sent by requests that already wait at the gate', async () => {
    const server = await serving(saying(401, failure(7), JSON_TYPE));
    const opened = Promise.withResolvers<void>();
    let passing = 0;
    const gate: Gate = {
      pass: async () => {
        passing += 1;
        if (passing > 1 && passing <= 16) await opened.promise;
      },
      pause: () => {},
    };
    const { tmdb, tally } = clientAt(server.url, { gate });
    const ask = () => errorOf(tmdb.get('/movie/1', {}, details, { tally }));
    const first = ask();
    const others = Array.from({ length: 15 }, ask);
    expect((await first).name).toBe('TmdbTokenError');
    opened.resolve();

    expect(new Set((await Promise.all(others)).map(({ name }) => name))).toEqual(new Set(['TmdbTokenError']));
    expect([server.seen.requests, tally]).toEqual([2, { requests: 2, retries: 1, throttles: 0 }]);
  });

  it('is replaced in the retry if another token was set in the meantime', async () => {
    const seen: (string | undefined)[] = [];
    const answer = inTurn(saying(401, failure(7)), good);
    const server = await serving((request, response) => {
      seen.push(request.headers.authorization);
      token = 'second';
      answer(request, response);
    });
    let token = 'first';
    const { tmdb, tally } = clientAt(server.url, { token: () => token });
    await tmdb.get('/movie/1', {}, details, { tally });

    expect(seen).toEqual(['Bearer first', 'Bearer second']);
  });
});

describe('connections', () => {
  it.each([
    { url: 'https://api.themoviedb.org/3', perSecond: 40, connections: 20 },
    { url: 'https://api.themoviedb.org/3', perSecond: 1_000, connections: 20 },
    { url: 'https://api.tmdb.org/3', perSecond: 1_000, connections: 20 },
    { url: 'https://api.themoviedb.org/3', perSecond: 10, connections: 10 },
    { url: 'http://127.0.0.1:8080/3', perSecond: 40, connections: 20 },
    { url: 'http://127.0.0.1:8080/3', perSecond: 1_000, connections: 200 },
    { url: 'https://themoviedb.org.example/3', perSecond: 100, connections: 50 },
  ])('$url at $perSecond requests a second: $connections', ({ url, perSecond, connections }) => {
    expect(connectionsFor(url, perSecond)).toBe(connections);
  });

  it('asks as many questions at once, and further ones wait before the gate, where no timeout runs', async () => {
    const answers: (() => void)[] = [];
    const server = await serving((request, response) => {
      answers.push(() => good(request, response));
    });
    let passed = 0;
    const gate: Gate = { pass: async () => void (passed += 1), pause: () => {} };
    const { tmdb, tally } = clientAt(server.url, { gate, limits: { sockets: 2 } });
    const all = Promise.all(Array.from({ length: 5 }, () => tmdb.get('/movie/1', {}, details, { tally })));
    const most: number[] = [];
    for (let done = 0; done < 5; done++) {
      while (answers.length === 0) await setImmediate();
      most.push(passed - done);
      answers.shift()?.();
    }
    await all;

    expect(Math.max(...most)).toBe(2);
  });
});

describe('waits and retries are reported', () => {
  /** The reports for one request, in order. */
  const heard = async (listener: RequestListener, options: Parameters<typeof clientAt>[1] = {}) => {
    const { tmdb, tally } = clientAt((await serving(listener)).url, {
      random: () => 0.5,
      ...options,
      limits: { backoffMs: 1_000, ...options.limits },
    });
    const events: unknown[] = [];
    const asker = {
      tally,
      onWait: (wait: Wait) => void events.push({ ...wait, waitMs: Math.round(wait.waitMs) }),
      onRetry: (retry: number) => void events.push(retry),
    };
    await tmdb.get('/movie/1', {}, details, asker).catch((error: Error) => events.push(error.name));
    return events;
  };

  it('not if the first response is good', async () => {
    expect(await heard(good)).toEqual([]);
  });

  it('with reason, number and time', async () => {
    const reset: RequestListener = (request) => request.socket.resetAndDestroy();
    const faults = inTurn(saying(503, ''), saying(429, '', { 'retry-after': '7' }), reset, saying(200, '<html>'), good);

    expect(await heard(faults)).toEqual([
      { reason: 'TMDB answers with status 503', retry: 1, retries: 4, waitMs: 500 },
      1,
      { reason: 'TMDB throttles (429)', retry: 2, retries: 4, waitMs: 7_000 },
      2,
      { reason: 'the connection to TMDB failed (ECONNRESET)', retry: 3, retries: 4, waitMs: 2_000 },
      3,
      { reason: 'TMDB answers with status 200: the body is not JSON', retry: 4, retries: 4, waitMs: 4_000 },
      4,
    ]);
  });

  it('with the number of retries for this reason', async () => {
    expect(await heard(inTurn(saying(503, ''), saying(200, '{}')))).toEqual([
      { reason: 'TMDB answers with status 503', retry: 1, retries: 4, waitMs: 500 },
      1,
      { reason: "TMDB's response has an unknown shape: field id is missing", retry: 2, retries: 3, waitMs: 1_000 },
      2,
      { reason: "TMDB's response has an unknown shape: field id is missing", retry: 3, retries: 3, waitMs: 2_000 },
      3,
      'TmdbShapeError',
    ]);
  });

  it('for a rejected token, too', async () => {
    expect(await heard(saying(401, failure(7)))).toEqual([
      { reason: 'TMDB rejected the token (401, code 7: Not so.)', retry: 1, retries: 1, waitMs: 500 },
      1,
      'TmdbTokenError',
    ]);
  });

  it('for a try that timed out', async () => {
    const events = await heard(
      inTurn(() => {}, good),
      { limits: { tryMs: 200 } },
    );

    expect(events).toEqual([{ reason: 'no complete answer in time', retry: 1, retries: 4, waitMs: 500 }, 1]);
  });

  it('not for a wait that would be too long', async () => {
    expect(await heard(saying(503, ''), { limits: { questionMs: 400 } })).toEqual(['TmdbUnavailableError']);
  });
});

describe('no error contains the token:', () => {
  const SECRET = 'eyJhbGciOiJIUzI1NiJ9.a-secret';
  const ESCAPED = Array.from(SECRET, (char, at) =>
    at % 3 ? char : `\\u00${char.charCodeAt(0).toString(16).toUpperCase()}`,
  ).join('');
  const envelopeOf = (status_message: string) => `{"status_code":7,"status_message":"${status_message}"}`;
  /** Everything that a log, a console or a Cause of Step Functions could show of an error. */
  const shown = (error: Error) =>
    [error.message, error.stack, String(error), JSON.stringify(error), JSON.stringify({ ...error }), error.cause]
      .concat(inspect(error, { depth: 20, showHidden: true, getters: true }))
      .join('\n');

  it.each<[string, RequestListener]>([
    ['TmdbTokenError', saying(401, failure(7), JSON_TYPE)],
    ['TmdbRefusedError', saying(422, failure(5), JSON_TYPE)],
    ['TmdbRefusedError', saying(302, '', { location: 'http://127.0.0.1:1/' })],
    ['TmdbThrottledError', saying(429, '')],
    ['TmdbUnavailableError', saying(500, failure(11), JSON_TYPE)],
    ['TmdbUnavailableError', saying(200, '<html>')],
    ['TmdbUnavailableError', (request) => void request.socket.destroy()],
    ['TmdbShapeError', saying(200, '[]', JSON_TYPE)],
    ['TmdbTokenError', saying(401, envelopeOf(`Invalid ${SECRET}`), JSON_TYPE)],
    ['TmdbTokenError', saying(403, envelopeOf(`Invalid ${ESCAPED}`), JSON_TYPE)],
    ['TmdbRefusedError', saying(422, envelopeOf(SECRET), JSON_TYPE)],
    ['TmdbUnavailableError', saying(500, envelopeOf(SECRET), JSON_TYPE)],
    ['TmdbUnavailableError', saying(200, `<html>${SECRET}`)],
    ['TmdbUnavailableError', saying(200, '{', { 'x-echo': SECRET, 'retry-after': SECRET })],
    ['TmdbShapeError', saying(200, `{"id":"${SECRET}"}`, JSON_TYPE)],
    ['TmdbShapeError', saying(200, `{"id":"${ESCAPED}"}`, JSON_TYPE)],
    ['TmdbShapeError', saying(200, gzipSync(`{"${SECRET}":["${ESCAPED}"]}`), JSON_TYPE)],
    ['TmdbShapeError', saying(200, `${'['.repeat(200)}"${SECRET}`, JSON_TYPE)],
    ['TmdbUnavailableError', (_, response) => void response.socket?.end(`HTTP/1.1 200 OK\r\nX Bad ${SECRET}\r\n\r\n`)],
  ])('%s', async (name, listener) => {
    const { tmdb, tally } = clientAt((await serving(listener)).url, { token: () => SECRET, limits: { retries: 1 } });
    const error = await errorOf(tmdb.get('/movie/1', {}, details, { tally }));

    expect(error.name).toBe(name);
    expect(shown(error)).toContain(error.message);
    expect(shown(error)).not.toContain(SECRET);
    expect(shown(error)).not.toContain(ESCAPED);
  });

  it('and no response does', async () => {
    const text = `{"id":1,"echo":"${SECRET}","again":["Bearer ${ESCAPED}"],"budget":7.0}`;
    const { tmdb, tally } = clientAt((await serving(saying(200, text, JSON_TYPE))).url, { token: () => SECRET });

    expect(await tmdb.get('/movie/1', {}, details, { tally })).toEqual({
      json: Buffer.from('{"id":1,"echo":"[token removed]","again":["Bearer [token removed]"],"budget":7.0}'),
      body: { id: 1, echo: '[token removed]', again: ['Bearer [token removed]'], budget: 7 },
    });
  });
});
