import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { unpacked } from '../../lib/tmdb/body.ts';
import { catalogueOf } from '../../local/simulator/catalogue.ts';
import { type Fault, faultsNamed } from '../../local/simulator/faults.ts';
import { inventedMovie } from '../../local/simulator/invented-movies.ts';
import { startSimulator } from '../../local/simulator/simulator.ts';
import { startOddTmdb } from './odd-tmdb.ts';
import { crimeWarOf, filesIn, quickPipeline, rawZone, readJson, temporaryFolder } from './running.ts';
import { keptCredits } from './simulator/asking.ts';
import { startInProcess } from './start-in-process.ts';

/*
 * Situations that people reported, each with a small TMDB: crime in 2017 has 100 movies (1001 to 1100) with different
 * budgets, war in 2017 has none.
 */

const DAY = '2026-11-20';
const IDS = Array.from({ length: 100 }, (_, index) => 1001 + index);
/** 38 of the 100. */
const SOME = IDS.filter((id) => id % 8 < 3);

let DATASETS: string;
beforeAll(async () => {
  DATASETS = await crimeWarOf(2017, 2017);
});

const small = () =>
  catalogueOf(
    IDS.map((id) =>
      inventedMovie({
        id,
        imdb_id: `tt000${id}`,
        genres: [80],
        release_date: '2017-05-01',
        vote_count: 10,
        budget: 1000 * (id - 1000),
      }),
    ),
    [],
    keptCredits,
  );

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.a-secret-for-this-test.abcdefghijklmnopqrstuvwxyz';

const QUICK = { ceiling: false, latencyMs: { from: 0, to: 0 } } as const;

const simulated = async (...faults: Fault[]) => {
  const simulator = await startSimulator({
    catalogue: small(),
    seed: 1,
    faults,
    token: TOKEN,
    ...QUICK,
  });
  onTestFinished(() => simulator.close());
  return simulator;
};

const opened = (tmdb: { url: string }) => quickPipeline(tmdb, { env: { DATASETS, TMDB_TOKEN: TOKEN } });
type Opened = Awaited<ReturnType<typeof opened>>;

const run = async (pipeline: Opened, input: object = {}) => {
  const execution = await pipeline.start({ dataset: 'crime-war', day: DAY, ...input }).ended;
  return execution;
};
const runOf = async (tmdb: { url: string }) => {
  const pipeline = await opened(tmdb);
  return { pipeline, execution: await run(pipeline) };
};

const manifestOf = ({ bucket }: Opened, day = DAY) =>
  readJson(bucket, `_manifests/crime-war/${day}/branches/crime-2017.json`);
const partOf = ({ bucket }: Opened) =>
  readFile(join(bucket, 'Raw/TMDB/JSON/Movies/2026/11/20/movie_crime_2017_part_1_20261120.json'), 'utf8');
const recordsOf = async (pipeline: Opened): Promise<Record<string, unknown>[]> => JSON.parse(await partOf(pipeline));

/** The raw zone of a run without faults. */
let faultless: Record<string, string>;
beforeAll(async () => {
  const simulator = await startSimulator({ catalogue: small(), seed: 1, token: TOKEN, ...QUICK });
  const { pipeline, execution } = await runOf(simulator);
  expect(execution).toMatchObject({ status: 'SUCCEEDED' });
  faultless = await rawZone(pipeline.bucket);
  await simulator.close();
});

describe('credits that are missing in 38 of 100 responses', () => {
  it('are requested separately, and all 100 movies are complete', async () => {
    const { pipeline, execution } = await runOf(await simulated({ kind: 'no-credits', ids: SOME }));

    expect(SOME).toHaveLength(38);
    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(await manifestOf(pipeline)).toMatchObject({ distinct: 100, written: 100 });
    expect(await rawZone(pipeline.bucket)).toEqual(faultless);
  });

  it('and are missing under /credits, too: the branch is unfinished, the error has the number and the reason, and latest.json is unchanged', async () => {
    let missing: number[] = [];
    const tmdb = await startOddTmdb({
      details: ({ credits, ...rest }, id) => (missing.includes(id) ? rest : { ...rest, credits }),
      creditsAlone: (right, id) => (missing.includes(id) ? { id } : right),
    });
    const pipeline = await opened(tmdb);
    expect(await run(pipeline)).toMatchObject({ status: 'SUCCEEDED' });

    missing = SOME;
    const execution = await run(pipeline, { day: '2026-11-27' });

    expect(execution.status).toBe('FAILED');
    const { errorType, errorMessage } = JSON.parse(execution.cause ?? '');
    expect(errorType).toBe('BranchesUnfinishedError');
    expect(errorMessage).toMatch(/^1 of 2 branches: crime-2017 \(/);
    expect(errorMessage).toMatch(/\b38 of 100\b/);
    expect(errorMessage).toMatch(/credits/);
    expect(await readJson(pipeline.bucket, '_manifests/crime-war/latest.json')).toMatchObject({ day: DAY });
    await expect(manifestOf(pipeline, '2026-11-27')).rejects.toThrow('ENOENT');
  });
});

describe('one movie of 100 that always fails', () => {
  const elsewhere = async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(request.url ?? '');
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/3/movie/1042`, seen };
  };

  it.each<{ what: string; kind: 'always-500' | 'always-huge' | 'always-redirect'; reason: RegExp }>([
    { what: '500', kind: 'always-500', reason: /500/ },
    { what: 'a body of more than 8 MB', kind: 'always-huge', reason: /too long|MB|bytes/ },
    { what: 'a redirect', kind: 'always-redirect', reason: /302|redirect/ },
  ])(
    '$what: the other 99 are written, and the manifest names the movie with the reason; after TMDB is fixed, a resumed run requests only this movie, and writes the bytes of a run without faults',
    async ({ kind, reason }) => {
      const { url, seen } = await elsewhere();
      const fault: Fault = kind === 'always-redirect' ? { kind, ids: [1042], to: url } : { kind, ids: [1042] };
      const simulator = await simulated(fault);
      const { pipeline, execution } = await runOf(simulator);

      expect(execution).toMatchObject({ status: 'SUCCEEDED' });
      const manifest = await manifestOf(pipeline);
      expect(manifest).toMatchObject({ distinct: 100, written: 99, missing: { unavailable: [1042] } });
      expect(JSON.stringify(manifest)).toMatch(reason);
      expect((await recordsOf(pipeline)).map(({ id }) => id)).toEqual(IDS.toReversed().filter((id) => id !== 1042));
      expect(seen).toEqual([]);

      simulator.use([]);
      const before = simulator.asked.length;
      const resumed = await pipeline.start({ dataset: 'crime-war', resume: execution.name }).ended;

      expect(resumed).toMatchObject({ status: 'SUCCEEDED' });
      const paths = simulator.asked.slice(before).map(({ path }) => path);
      expect(paths.filter((path) => path !== '/authentication')).toEqual(['/movie/1042']);
      expect((await manifestOf(pipeline)).missing.unavailable ?? []).toEqual([]);
      expect(await rawZone(pipeline.bucket)).toEqual(faultless);
    },
  );
});

it('gzip bodies without Content-Encoding are decompressed without a retry', async () => {
  const simulator = await simulated({ kind: 'mislabelled', as: 'gzip-unlabelled', share: 3 / 8, under: '/movie' });
  const { pipeline, execution } = await runOf(simulator);

  expect(execution).toMatchObject({ status: 'SUCCEEDED' });
  expect(await manifestOf(pipeline)).toMatchObject({ distinct: 100, written: 100, retries: 0 });
  expect(await rawZone(pipeline.bucket)).toEqual(faultless);
});

describe('null', () => {
  it('in any field that the project does not need is written as null', async () => {
    const nulls = { adult: null, popularity: null, vote_average: null, release_date: null, genre_ids: null };
    const tmdb = await startOddTmdb({
      movies: 5,
      fields: () => nulls,
      credits: ({ cast, crew }) => ({
        cast: [{ ...cast[0], gender: null, popularity: null, character: null, order: null, name: null }],
        crew: [
          { ...crew[0], department: null },
          { id: 9, name: 'Without a job' },
        ],
      }),
    });
    const { pipeline, execution } = await runOf(tmdb);

    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    const records = await recordsOf(pipeline);
    const { adult, ...kept } = nulls;
    expect(records).toHaveLength(5);
    for (const record of records) {
      expect(record).toMatchObject(kept);
      expect(record.actors).toEqual([
        { gender: null, id: 5, name: null, popularity: null, character: null, order: null },
      ]);
      expect(record.directors).toEqual([{ gender: 2, id: 6, name: 'A Director', popularity: 1.5, job: 'Director' }]);
    }
  });

  it('is kept, and only a missing field gets its default', async () => {
    const tmdb = await startOddTmdb({
      movies: 3,
      details: (right, id) => {
        const { imdb_id, origin_country, ...rest } = right;
        if (id === 1001) return { ...rest, imdb_id: null, origin_country: null };
        return id === 1002 ? rest : right;
      },
    });
    const { pipeline, execution } = await runOf(tmdb);

    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(await recordsOf(pipeline)).toMatchObject([
      { id: 1003, imdb_id: 'tt0001003', origin_country: ['US'] },
      { id: 1002, imdb_id: '', origin_country: [] },
      { id: 1001, imdb_id: null, origin_country: null },
    ]);
  });
});

describe('numbers', () => {
  /** JSON.stringify can't write these numbers, so the server replaces a text by them. */
  const written = (text: string) => `number ${text}`;
  const asNumbers = (text: string) => text.replaceAll(/"number ([^"]+)"/g, '$1');
  const LISTED = {
    vote_average: '7.0',
    vote_count: '9007199254740993',
    popularity: '10.0',
    new_field: '12345678901234567890',
    tiny: '1e-7',
    thousand: '1e3',
  };
  /** Budgets by id. The rule keeps those above 0. */
  const BUDGETS: Record<number, string> = {
    1001: '7.0',
    1002: '1e3',
    1003: '9007199254740993',
    1004: '0.0',
    1005: '12345678901234567890',
    1006: '1e-7',
    1007: '10.0',
  };

  it("are written with TMDB's digits, and are read by the budget rule and the sort", async () => {
    const tmdb = await startOddTmdb({
      movies: 7,
      fields: () => Object.fromEntries(Object.entries(LISTED).map(([name, text]) => [name, written(text)])),
      details: (right, id) => ({ ...right, budget: written(BUDGETS[id] ?? '') }),
      credits: ({ cast, crew }) => ({ cast: [{ ...cast[0], popularity: written('5.0') }], crew }),
      text: asNumbers,
    });
    const { pipeline, execution } = await runOf(tmdb);

    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    const part = await partOf(pipeline);
    const textsOf = (field: string, indent: number) =>
      [...part.matchAll(new RegExp(`^ {${indent}}"${field}": (.*?),?$`, 'gm'))].map(([, text]) => text);
    const sorted = [1005, 1003, 1002, 1007, 1001, 1006];
    expect(textsOf('id', 8)).toEqual(sorted.map(String));
    expect(textsOf('budget', 8)).toEqual(sorted.map((id) => BUDGETS[id]));
    for (const [field, text] of Object.entries(LISTED))
      expect([field, ...new Set(textsOf(field, 8))]).toEqual([field, text]);
    // In the actors; the directors have 1.5.
    expect(new Set(textsOf('popularity', 16))).toEqual(new Set(['5.0', '1.5']));
    expect(await manifestOf(pipeline)).toMatchObject({ kept: 6, leftOut: 1 });
  });
});

describe('a list that changes while the walker reads it', () => {
  it.each<'list-leaves' | 'list-swaps'>(['list-leaves', 'list-swaps'])(
    '%s: the movies that the list has afterwards are written, all of them and no other',
    async (kind) => {
      const simulator = await simulated({ kind, after: 2 });
      const { pipeline, execution } = await runOf(simulator);

      expect(execution).toMatchObject({ status: 'SUCCEEDED' });
      const query = simulator.asked.find(({ query }) => query.with_genres === '80')?.query;
      const afterwards: number[] = [];
      for (let page = 1; page <= 5; page++) {
        const url = `${simulator.url}/discover/movie?${new URLSearchParams({ ...query, page: String(page) })}`;
        const response = await fetch(url, { headers: { authorization: `Bearer ${TOKEN}` } });
        const { results } = (await response.json()) as { results: { id: number }[] };
        afterwards.push(...results.map(({ id }) => id));
      }
      expect(afterwards).toHaveLength(99);
      expect((await recordsOf(pipeline)).map(({ id }) => id)).toEqual(afterwards.toSorted((a, b) => b - a));
    },
  );
});

describe('the token', () => {
  it('is in no file, no output and no URL, although TMDB puts it into movies, lists and errors, and 10 % of its answers are faults', async () => {
    const simulator = await simulated(
      { kind: 'token-echo' },
      // Without requests that are never answered, and with few pauses: they take seconds, and there is nothing in them.
      ...(faultsNamed('storm-10') ?? []).filter(({ kind }) => kind !== 'stall' && kind !== 'throttle'),
      { kind: 'throttle', share: 0.02, body: 'html', retryAfter: '0' },
      { kind: 'outage', genre: 10752, year: 2017, forGood: true },
      { kind: 'always-wrong-shape', ids: [1042], as: 'envelope' },
    );
    const out = await temporaryFolder();
    const { code, ...output } = await startInProcess(['--day', DAY, '--out', out], {
      DATASETS,
      TMDB_TOKEN: TOKEN,
      TMDB_BASE_URL: simulator.url,
      TMDB_REQUESTS_PER_SECOND: '100000',
    });

    // One of two branches is refused. The other one is written.
    expect(code).toBe(1);
    expect(output.out).toContain('war-2017');
    const isLeaking = (text: string) =>
      [TOKEN, Buffer.from(TOKEN).toString('base64')].some((one) => text.includes(one));
    expect(
      [output.out, output.err, ...simulator.asked.map((asked) => JSON.stringify(asked))].filter(isLeaking),
    ).toEqual([]);
    expect([...new Set(simulator.asked.map(({ status }) => status))]).toEqual(
      expect.arrayContaining([200, 403, 422, 429, 500, 502, 'reset']),
    );
    const files = await filesIn(out);
    expect([...files.keys()].some((path) => path.startsWith('logs/'))).toBe(true);
    expect(Object.keys(await rawZone(join(out, 'bucket')))).toHaveLength(1);
    const plain = (bytes: Buffer) => unpacked(bytes, undefined, 2 ** 30).toString('latin1');
    const leaking = [...files].filter(([path, bytes]) =>
      [path, bytes.toString('latin1'), plain(bytes)].some(isLeaking),
    );
    expect(leaking.map(([path]) => path)).toEqual([]);
    const chunks = [...files].filter(([path]) => path.includes('/chunks/'));
    expect(chunks.some(([, bytes]) => plain(bytes).includes('[token removed]'))).toBe(true);
  });

  it('that is revoked during a run ends the run after a few requests', async () => {
    const simulator = await simulated({ kind: 'token-revoked', after: 40 });
    const { execution } = await runOf(simulator);

    expect(execution.status).toBe('FAILED');
    expect(execution.cause).toContain('TmdbTokenError');
    expect(execution.cause).toContain('code 7');
    expect(simulator.asked.length).toBeGreaterThan(40);
    // 20 are in flight, and each may be sent once more.
    expect(simulator.asked.length - 40).toBeLessThanOrEqual(40);
  });

  it('that is rejected once does not end a run', async () => {
    const simulator = await simulated({ kind: 'token-revoked', after: 40, times: 1 });
    const { pipeline, execution } = await runOf(simulator);

    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(await rawZone(pipeline.bucket)).toEqual(faultless);
  });
});
