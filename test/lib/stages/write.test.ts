import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { type BranchManifest, loadManifest } from '../../../lib/runs/manifest.ts';
import type { PlannedBranch } from '../../../lib/runs/plan.ts';
import { branchWork, type Kept, type Listing, type Outcome } from '../../../lib/runs/work.ts';
import { write } from '../../../lib/stages/write.ts';
import { openTables } from '../../../lib/tables/branch-tables.ts';
import { fastClock, NOON } from '../../doubles/fast-clock.ts';
import { memoryStore } from '../../doubles/memory-store.ts';
import { crime2017, crimeWar, detailed, detailsOf, listed } from '../crime-2017.ts';
import { rowsIn } from '../tables/read-back.ts';

const MANIFEST = '_manifests/crime-war/2026-11-20/branches/crime-2017.json';
const LEFT_OUT = '_manifests/crime-war/2026-11-20/left-out/crime-2017.json';
const part = (number: number, day = '20261120', pair = 'crime_2017') =>
  `Raw/TMDB/JSON/Movies/${day.slice(0, 4)}/${day.slice(4, 6)}/${day.slice(6)}/movie_${pair}_part_${number}_${day}.json`;

const at = (seconds: number) => new Date(NOON + seconds * 1000).toISOString();
const kept = <Value>(value: Value, requests: number, [from, to]: [number, number]): Kept<Value> => ({
  tally: { requests, retries: 1, throttles: 2 },
  traffic: [[NOON / 1000 + from, requests, 1, 2]],
  from: at(from),
  to: at(to),
  value,
});
const fetched = (id: number, changes: Record<string, unknown> = {}): Outcome => ({
  id,
  outcome: 'fetched',
  tmdbId: id,
  json: Buffer.from(JSON.stringify(detailed(id, changes))),
});
const numbers = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

/** A branch with a list of this length, whose walker has stored these outcomes in these chunks. */
const walked = async (
  branch: PlannedBranch,
  {
    chunks,
    ids = chunks.flat().map(({ id }) => id),
    store = memoryStore(),
    listing = {},
  }: {
    chunks: Outcome[][];
    ids?: (number | string)[];
    store?: ReturnType<typeof memoryStore>;
    listing?: Partial<Listing>;
  },
) => {
  const work = branchWork(store, branch);
  const items = ids.map((id) => (typeof id === 'number' ? { id, listed: listed(id) } : { id }));
  const list = { items, expected: ids.length, listed: ids.length, doubled: 0, passes: 1, warnings: [], ...listing };
  await work.keepListing(kept(list, 3, [0, 10]));
  for (const [number, chunk] of chunks.entries())
    await work.keepChunk(kept(chunk, chunk.length, [20 + number, 30 + number]));
  const services = { store, work, clock: fastClock(), codeVersion: '1.2.3', scratch: tmpdir(), emit: () => undefined };
  return {
    store,
    work,
    write: () => write(branch, services),
    writeWithTables: () => write(branch, { ...services, openTables }),
  };
};
const records = (store: ReturnType<typeof memoryStore>, key: string) =>
  store.json<{ id: number; budget: number }[]>(key).map(({ id }) => id);

describe('a written branch', () => {
  it('has the movies with a budget in parts, highest budget first', async () => {
    const { store, write } = await walked(crime2017(), {
      chunks: [[fetched(1), fetched(3)], [fetched(2, { budget: 0 })], [fetched(4, { budget: 1_000 })]],
    });
    await write();

    expect(records(store, part(1))).toEqual([3, 1, 4]);
    expect(store.text(part(1)).startsWith('[\n    {\n        "genre_ids": [')).toBe(true);
    expect(store.keys().filter((key) => key.startsWith('Raw/'))).toEqual([part(1)]);
  });

  it('has parts of 100', async () => {
    const { store, write } = await walked(crime2017(), { chunks: [numbers(250).map((id) => fetched(id))] });
    const manifest = await write();

    expect(manifest.parts.map(({ key, records }) => [key, records])).toEqual([
      [part(1), 100],
      [part(2), 100],
      [part(3), 50],
    ]);
    expect(manifest.parts.flatMap(({ key }) => records(store, key))).toEqual(numbers(250).toReversed());
  });

  it.each([
    ['gone', 6, '6 of 11 listed ids are gone: TMDB answers 404'],
    ['is_tv', 6, '6 of 11 ids are series, and the dataset has movies: check the upload'],
    ['is_movie', 6, '6 of 11 ids are movies, and the dataset has series: check the upload'],
    ['is_tv', 5, undefined],
  ] as const)('warns where most ids have no record for one reason: %s %i', async (outcome, count, warning) => {
    const missing = numbers(count).map((id): Outcome => ({ id: 100 + id, outcome }));
    const { write } = await walked(crime2017(), {
      chunks: [numbers(count === 6 ? 5 : 6).map((id) => fetched(id)), missing],
    });

    expect((await write()).warnings).toEqual(warning ? [warning] : []);
  });

  it('has the same bytes for any division into chunks', async () => {
    const outcomes = numbers(120).map((id) => fetched(id, { budget: 1 + (id % 3) }));
    const bytes = async (chunks: Outcome[][]) => {
      const { store, write } = await walked(crime2017(), { chunks, ids: numbers(120) });
      return (await write()).parts.map(({ key }) => store.text(key));
    };

    expect(await bytes([outcomes.slice(0, 7), outcomes.slice(7)])).toEqual(await bytes([outcomes.toReversed()]));
  });

  it('keeps the order of the list when the dataset defines none', async () => {
    const settings = crimeWar({ keep: [], sort: [] });
    const { store, write } = await walked(crime2017({ settings }), {
      chunks: [[fetched(2)], [fetched(1), fetched(3)]],
      ids: [3, 1, 2],
    });
    await write();

    expect(records(store, part(1))).toEqual([3, 1, 2]);
  });

  it('is made from its list when the dataset needs only the list', async () => {
    const settings = crimeWar({ ask: [], keep: [{ field: 'vote_count', atLeast: 5 }], sort: [] });
    settings.record = { from: 'listed', without: [], with: {}, peopleWithout: [] };
    const { store, write } = await walked(crime2017({ settings }), { chunks: [], ids: [2, 1] });

    expect(await write()).toMatchObject({ distinct: 2, kept: 2, written: 2, requests: 3 });
    expect(store.json(part(1))).toEqual([listed(2), listed(1)]);
  });
});

describe('the manifest of a branch', () => {
  const outcomes: Outcome[][] = [
    [fetched(1), fetched(2, { budget: 0 }), { id: 3, outcome: 'gone' }],
    [
      fetched(4),
      { id: 5, outcome: 'quarantined', why: 'shape', key: '_quarantine/5.json' },
      { id: 6, outcome: 'gone' },
    ],
  ];

  it('adds up: distinct = kept + left out + missing, and kept = written', async () => {
    const { store, write } = await walked(crime2017(), {
      chunks: outcomes,
      ids: [6, 5, 4, 3, 2, 1],
      listing: { expected: 7, listed: 8, doubled: 2, passes: 3, warnings: ['TMDB says 7 movies'] },
    });
    const manifest = await write();
    const body = store.text(part(1));

    expect(manifest).toEqual({
      dataset: 'crime-war',
      day: '2026-11-20',
      run: 'friday',
      branch: 'crime-2017',
      plannedAt: '2026-11-21T00:30:00.000Z',
      codeVersion: '1.2.3',
      writtenAt: at(0),
      expected: 7,
      listed: 8,
      distinct: 6,
      doubled: 2,
      passes: 3,
      leftOut: 1,
      kept: 2,
      written: 2,
      bytes: Buffer.byteLength(body),
      requests: 3 + 3 + 3,
      retries: 3,
      throttles: 6,
      role: 'dataset',
      round: 0,
      missing: { gone: [6, 3], quarantined: [5] },
      quarantine: [{ id: 5, why: 'shape', key: '_quarantine/5.json' }],
      unavailable: [],
      output: {
        key: 'Raw/TMDB/JSON/Movies/{yyyy}/{mm}/{dd}/movie_{genre}_{year}_part_{part}_{yyyymmdd}.json',
        format: 'json',
        gzip: false,
      },
      warnings: ['TMDB says 7 movies'],
      fetchedAt: { from: at(0), to: at(31) },
      traffic: {
        from: at(0),
        seconds: 1,
        requests: [3, ...numbers(19).map(() => 0), 3, 3],
        retries: [1, ...numbers(19).map(() => 0), 1, 1],
        throttles: [2, ...numbers(19).map(() => 0), 2, 2],
      },
      parts: [
        {
          key: part(1),
          records: 2,
          bytes: Buffer.byteLength(body),
          sha256: createHash('sha256').update(body).digest('hex'),
        },
      ],
      leftOutFile: {
        key: LEFT_OUT,
        bytes: Buffer.byteLength(store.text(LEFT_OUT)),
        sha256: createHash('sha256').update(store.text(LEFT_OUT)).digest('hex'),
      },
    } satisfies BranchManifest);
    expect(await loadManifest(store, crime2017())).toEqual(manifest);
  });

  it('is written last, after every part that it names', async () => {
    const { store, write } = await walked(crime2017(), { chunks: [numbers(250).map((id) => fetched(id))] });
    const before = store.puts.length;
    await write();

    expect(store.puts.slice(before)).toEqual([part(1), part(2), part(3), MANIFEST]);
  });

  it('names the version of each part in a versioned bucket', async () => {
    const { write } = await walked(crime2017(), { chunks: [[fetched(1)]], store: memoryStore({ versioned: true }) });

    expect((await write()).parts).toMatchObject([{ versionId: expect.stringMatching(/^version-\d+$/) }]);
  });

  it.each([
    { chunks: [], keys: [MANIFEST] },
    { chunks: [[fetched(1, { budget: 0 })]], keys: [MANIFEST, LEFT_OUT] },
  ] as { chunks: Outcome[][]; keys: string[] }[])(
    'is there for an empty branch, without a part',
    async ({ chunks, keys }) => {
      const { store, write } = await walked(crime2017(), { chunks });

      expect(await write()).toMatchObject({ kept: 0, written: 0, bytes: 0, parts: [] });
      expect(store.keys().filter((key) => !key.startsWith('_runs/'))).toEqual(keys);
    },
  );

  it('names a file with the ids that are left out, by the rule that they fail and their value', async () => {
    const keep = [
      { field: 'budget', above: 0 },
      { field: 'vote_count', atLeast: 5 },
      { field: 'genre_ids', oneOf: [18] },
    ];
    const settings = crimeWar({ keep });
    const outcomes = [
      fetched(10, { budget: 0 }),
      fetched(2, { budget: 0 }),
      fetched(3, { budget: null }),
      fetched(5, { budget: 7 }),
    ];
    const { store, write } = await walked(crime2017({ settings }), { chunks: [outcomes] });
    expect(await write()).toMatchObject({ leftOut: 4, leftOutFile: { key: LEFT_OUT } });

    expect(store.json(LEFT_OUT)).toEqual({
      dataset: 'crime-war',
      day: '2026-11-20',
      run: 'friday',
      branch: 'crime-2017',
      leftOut: [
        { rule: keep[0], value: 0, ids: [2, 10] },
        { rule: keep[0], value: null, ids: [3] },
        { rule: keep[2], value: [28, 80], ids: [5] },
      ],
    });
  });

  it('names an empty file if an earlier writer of the day left ids out, and this one does not', async () => {
    const store = memoryStore();
    const first = await walked(crime2017(), { chunks: [[fetched(1, { budget: 0 })]], store });
    await first.write();
    const again = await walked(crime2017({ run: 'again' }), { chunks: [[fetched(1)]], store });

    expect(await again.write()).toMatchObject({ leftOut: 0, leftOutFile: { key: LEFT_OUT } });
    expect(store.json(LEFT_OUT)).toMatchObject({ run: 'again', leftOut: [] });
  });

  it('counts a movie once when two walkers have stored it, and the requests of both', async () => {
    const { store, write } = await walked(crime2017(), {
      chunks: [
        [fetched(1), fetched(2), { id: 4, outcome: 'gone' }],
        [fetched(2), fetched(3), { id: 4, outcome: 'gone' }],
        [{ id: 9, outcome: 'gone' }],
      ],
      ids: [1, 2, 3, 4],
    });

    expect(await write()).toMatchObject({ distinct: 4, kept: 3, requests: 3 + 7, missing: { gone: [4] } });
    expect(records(store, part(1))).toEqual([3, 2, 1]);
  });

  it('lists missing ids in the order of the list', async () => {
    const gone = (id: number): Outcome => ({ id, outcome: 'gone' });
    const { write } = await walked(crime2017(), {
      chunks: [[gone(1), gone(6), gone(3)], [gone(2)]],
      ids: [6, 3, 2, 1],
    });

    expect((await write()).missing.gone).toEqual([6, 3, 2, 1]);
  });

  it('has the reasons for IMDb ids without a record', async () => {
    const ids = ['tt0000001', 'tt0000002', 'x', 'tt0000004'];
    const chunks: Outcome[][] = [
      [
        { id: 'tt0000001', outcome: 'resolved', tmdbId: 1 },
        { ...fetched(1), id: 'tt0000001' },
        { id: 'tt0000002', outcome: 'not_found' },
        { id: 'x', outcome: 'malformed' },
        { id: 'tt0000004', outcome: 'resolved', tmdbId: 4 },
      ],
      [{ id: 'tt0000004', outcome: 'is_tv' }],
    ];
    const { store, write } = await walked(detailsOf(...ids), { chunks, ids });
    const manifest = await write();

    expect(manifest).toMatchObject({ distinct: 4, kept: 1, leftOut: 0 });
    expect(manifest.missing).toEqual({
      gone: [],
      quarantined: [],
      not_found: ['tt0000002'],
      malformed: ['x'],
      is_tv: ['tt0000004'],
    });
    expect(store.json(manifest.parts[0]?.key ?? '')).toMatchObject([{ id: 1, imdb_id: 'tt0000001' }]);
  });

  it('warns about a rule or sort field that no movie has', async () => {
    const settings = crimeWar({
      keep: [{ field: 'budgte', atLeast: 1 }],
      sort: [
        { field: 'runtime', order: 'asc' },
        { field: 'title', order: 'asc' },
      ],
    });
    const { write } = await walked(crime2017({ settings }), { chunks: [[fetched(1), fetched(2)]] });

    expect((await write()).warnings).toEqual([expect.stringContaining('no movie has a field "budgte"')]);
  });

  it("with a field of the dataset's with that no movie has data for has a warning, and no warning where one movie has", async () => {
    const fields = {
      bugdet: { from: 'details', default: 0 },
      directors: { from: 'crew', where: { jobb: 'Director' } },
      editors: { from: 'crew', where: { job: 'Editor of all' }, first: 1 },
      imdb_id: { from: 'details', default: '' },
    } as const;
    const { settings } = crime2017();
    const record = { ...settings.record, with: { ...settings.record.with, ...fields } };
    const { write } = await walked(crime2017({ settings: { ...settings, record } }), {
      chunks: [[fetched(1), fetched(2)]],
    });

    expect((await write()).warnings).toEqual([
      'no movie has anyone in "directors": nobody in the crew where {"jobb":"Director"} matches',
      'no movie has a field "bugdet" in its details, which the dataset\'s with names',
      'no movie has anyone in "editors": nobody in the crew where {"job":"Editor of all"} matches',
    ]);
  });
});

describe('the memory of the writer', () => {
  it('does not hold the records of a branch: 60 MB are written in a heap of 32 MB', async () => {
    const worker = new Worker(new URL('write-with-small-heap.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 32 },
    });
    // Rejected with ERR_WORKER_OUT_OF_MEMORY where the heap is too small.
    const [written] = await once(worker, 'message');

    expect(written.kept).toBe(1_000);
    expect(written.bytes).toBeGreaterThan(60_000_000);
  });
});

describe('parts of an earlier run', () => {
  it('are removed when there are fewer new ones, and parts of other branches are kept', async () => {
    const store = memoryStore();
    const others = [
      part(3, '20261120', 'crime_2018'),
      part(3, '20261113'),
      'Raw/TMDB/JSON/Movies/2026/11/20/notes.txt',
    ];
    for (const key of others) await store.put(key, '[]');
    await (await walked(crime2017(), { chunks: [numbers(250).map((id) => fetched(id))], store })).write();
    const { write } = await walked(crime2017({ run: 'saturday' }), { chunks: [[fetched(1)]], store });
    await write();

    expect(store.keys().filter((key) => key.startsWith('Raw/'))).toEqual([...others, part(1)].toSorted());
  });

  it('are removed when a killed writer left them without a manifest', async () => {
    const store = memoryStore();
    for (const number of [1, 2, 3, 12]) await store.put(part(number), 'left by a killed writer');
    const { write } = await walked(crime2017(), { chunks: [numbers(150).map((id) => fetched(id))], store });
    await write();

    expect(store.keys().filter((key) => key.startsWith('Raw/'))).toEqual([part(1), part(2)]);
    expect(records(store, part(1))).toHaveLength(100);
  });

  it('are removed under an earlier key pattern, because the manifest names them', async () => {
    const store = memoryStore();
    const older = crimeWar();
    older.output = { ...older.output, key: 'Raw/TMDB/JSON/Old/{genre}_{year}_{part}_{yyyymmdd}.json' };
    await (await walked(crime2017({ settings: older }), { chunks: [[fetched(1)]], store })).write();
    expect(store.keys()).toContain('Raw/TMDB/JSON/Old/crime_2017_1_20261120.json');
    await (await walked(crime2017({ run: 'saturday' }), { chunks: [[fetched(1)]], store })).write();

    expect(store.keys().filter((key) => key.startsWith('Raw/'))).toEqual([part(1)]);
  });

  it('are removed after the new ones are written, and before the manifest', async () => {
    const store = memoryStore();
    await store.put(part(2), 'left by a killed writer');
    const order: string[] = [];
    const watched = {
      ...store,
      put: async (key: string, body: string | Uint8Array) => {
        order.push(`put ${key}`);
        return store.put(key, body);
      },
      remove: async (keys: readonly string[]) => {
        order.push(`remove ${keys}`);
        return store.remove(keys);
      },
    };
    const { work } = await walked(crime2017(), { chunks: [[fetched(1)]], store });
    await write(crime2017(), {
      store: watched,
      work,
      clock: fastClock(),
      codeVersion: '1.2.3',
      scratch: tmpdir(),
      emit: () => undefined,
    });

    expect(order).toEqual([`put ${part(1)}`, `remove ${part(2)}`, `put ${MANIFEST}`]);
  });
});

describe('a branch that is not walked yet', () => {
  it('is not written without a walk', async () => {
    const store = memoryStore();
    const work = branchWork(store, crime2017());
    const writing = write(crime2017(), {
      store,
      work,
      clock: fastClock(),
      codeVersion: '1.2.3',
      scratch: tmpdir(),
      emit: () => undefined,
    });

    await expect(writing).rejects.toMatchObject({
      name: 'NotPlannedError',
      message: expect.stringContaining('crime-2017'),
    });
    expect(store.keys()).toEqual([]);
  });

  it('is not written before its walk is finished, and earlier parts are kept', async () => {
    const { store, write } = await walked(crime2017(), { chunks: [[fetched(1)]], ids: [1, 2, 3] });
    await store.put(part(7), 'of before');

    await expect(write()).rejects.toThrow('2 of 3 movies are missing');
    expect(store.keys().filter((key) => !key.startsWith('_runs/'))).toEqual([part(7)]);
  });
});

describe('numbers', () => {
  it('are written as TMDB sent them, and the rules read them as numbers', async () => {
    const text = (id: number, budget: string) =>
      `{"id":${id},"budget":${budget},"vote_average":7.0,"revenue":12345678901234567890,"credits":{"cast":[],"crew":[]}}`;
    const settings = crimeWar({
      record: { from: 'details', without: [], with: {}, peopleWithout: [] },
      keep: [{ field: 'budget', above: 0 }],
    });
    const outcome = (id: number, budget: string): Outcome => ({
      id,
      outcome: 'fetched',
      tmdbId: id,
      json: Buffer.from(text(id, budget)),
    });
    const { store, write } = await walked(crime2017({ settings }), {
      chunks: [[outcome(1, '1e3'), outcome(2, '0.0'), outcome(3, '9007199254740993'), outcome(4, '2000')]],
    });
    await write();

    const lines = store
      .text(part(1))
      .split('\n')
      .map((line) => line.trim());
    expect(lines.filter((line) => line.startsWith('"budget"'))).toEqual([
      '"budget": 9007199254740993,',
      '"budget": 2000,',
      '"budget": 1e3,',
    ]);
    expect(lines).toContain('"vote_average": 7.0,');
    expect(lines).toContain('"revenue": 12345678901234567890');
  });
});

describe('a movie that had no usable answer at first', () => {
  it('is written when a later walker got it, and the newest reason counts where none did', async () => {
    const { write } = await walked(crime2017(), {
      ids: [1, 2, 3],
      chunks: [
        [
          { id: 1, outcome: 'unavailable', why: 'status 500' },
          { id: 2, outcome: 'quarantined', why: 'shape', key: 'q' },
          { id: 3, outcome: 'unavailable', why: 'status 500' },
        ],
        [fetched(1), { id: 2, outcome: 'unavailable', why: 'status 502' }, { id: 3, outcome: 'gone' }],
      ],
    });

    expect(await write()).toMatchObject({
      kept: 1,
      missing: { gone: [3], unavailable: [2] },
      quarantine: [],
      unavailable: [{ id: 2, why: 'status 502' }],
    });
  });
});

describe('a branch that the dataset no longer has', () => {
  const writeRemoved = (removed: ReturnType<typeof crime2017>, store: ReturnType<typeof memoryStore>) =>
    write(removed, {
      store,
      work: branchWork(store, removed),
      clock: fastClock(),
      codeVersion: '1.2.3',
      scratch: tmpdir(),
      emit: () => undefined,
    });

  it('has its parts removed, and a manifest without any', async () => {
    const { store, write: writeFirst } = await walked(crime2017(), { chunks: [[fetched(1)]] });
    await writeFirst();
    const removed = crime2017({ run: 'monday', role: 'removed', listFrom: {}, placeholders: {} });
    await writeRemoved(removed, store);

    expect(store.keys().filter((key) => key.startsWith('Raw/'))).toEqual([]);
    expect(await loadManifest(store, removed)).toMatchObject({
      role: 'removed',
      run: 'monday',
      parts: [],
      distinct: 0,
    });
  });

  it('leaves the keys alone that another branch of the run has, and removes those of an earlier key pattern', async () => {
    const { store, write: writeOther } = await walked(crime2017(), { chunks: [[fetched(1)]] });
    await writeOther();
    const earlierKey = 'Raw/TMDB/JSON/Old/{genre}_{year}_{part}_{yyyymmdd}.json';
    await store.put('Raw/TMDB/JSON/Old/crime_2017_1_20261120.json', '[]');
    const removed = crime2017({
      branch: 'popular-movies',
      role: 'removed',
      keysOfAnother: true,
      earlierKeys: [earlierKey],
    });
    await writeRemoved(removed, store);

    expect(store.keys().filter((key) => key.startsWith('Raw/'))).toEqual([part(1)]);
  });
});

describe('parts that a killed writer left', () => {
  it('are removed under the key pattern of an earlier run of the day, too', async () => {
    const { store, write } = await walked(
      crime2017({ earlierKeys: ['Raw/TMDB/JSON/Movies/{yyyy}/{mm}/{dd}/old_{genre}_{year}_{part}_{yyyymmdd}.jsonl'] }),
      { chunks: [[fetched(1)]] },
    );
    const folder = 'Raw/TMDB/JSON/Movies/2026/11/20';
    await store.put(`${folder}/old_crime_2017_1_20261120.jsonl`, 'left');
    await store.put(`${folder}/old_war_2017_1_20261120.jsonl`, "another branch's");
    await write();

    expect(store.keys().filter((key) => key.startsWith('Raw/'))).toEqual(
      [part(1), `${folder}/old_war_2017_1_20261120.jsonl`].toSorted(),
    );
  });
});

describe('a branch that lists far less than when the day was written before', () => {
  it('has a warning', async () => {
    const store = memoryStore();
    const before = await walked(crime2017(), { store, chunks: [numbers(20).map((id) => fetched(id))] });
    await before.write();
    const { write } = await walked(crime2017({ run: 'monday' }), { store, chunks: [[fetched(1)]] });

    expect((await write()).warnings).toEqual(['the list has 1 items; when run friday wrote this day, it had 20']);
  });
});

describe('the tables of a branch', () => {
  const TRUSTED = 'Trusted/TMDB/PARQUET/crime-war/';
  const file = (table: string, name = 'crime-2017') => `${TRUSTED}${table}/dt=2026-11-20/${name}.parquet`;
  const ALL = ['movie_cast', 'movie_countries', 'movie_directors', 'movie_genres', 'movies'];
  const tableKeys = (store: ReturnType<typeof memoryStore>) => store.keys().filter((key) => key.startsWith('Trusted/'));
  const warMovie = (id: number, changes = {}) => fetched(id, { genres: [{ id: 80 }, { id: 10_752 }], ...changes });
  const asWar = { branch: 'war-2017', placeholders: { genre: 'war', year: '2017' } };

  it('are beside its parts, which stay as they are, and in its manifest', async () => {
    const outcomes = [fetched(1, { revenue: 5, runtime: 100 }), fetched(2, { budget: 0 })];
    const without = await walked(crime2017(), { chunks: [outcomes] });
    const plain = await without.write();
    const { store, writeWithTables } = await walked(crime2017(), { chunks: [outcomes] });
    const { tables, ...manifest } = await writeWithTables();

    expect(manifest).toEqual(plain);
    expect(store.text(part(1))).toBe(without.store.text(part(1)));
    expect(tableKeys(without.store)).toEqual([]);
    expect(tableKeys(store)).toEqual([file('genres', 'genres'), ...ALL.map((table) => file(table))].toSorted());
    expect(tables).toMatchObject({ main: 'movies', ids: [1], elsewhere: [], repeated: 0, drift: [] });
    for (const { key, bytes, sha256 } of tables?.files ?? []) {
      const body = (await store.get(key))?.body ?? Buffer.alloc(0);
      expect([bytes, sha256]).toEqual([body.length, createHash('sha256').update(body).digest('hex')]);
    }
    const [row] = await rowsIn((await store.get(file('movies')))?.body ?? Buffer.alloc(0));
    expect(row).toMatchObject({ id: 1n, revenue: 5n, runtime: 100n, release_date: '2017-03-13' });
  });

  it('have no rows of a movie whose first planned genre is that of another branch', async () => {
    const { store, writeWithTables } = await walked(crime2017(asWar), { chunks: [[warMovie(1), warMovie(2)]] });
    // The items of the list have crime among their genres, too.
    expect((await writeWithTables()).tables).toMatchObject({
      ids: [],
      elsewhere: [{ branch: 'crime-2017', ids: [1, 2] }],
    });
    expect(await rowsIn((await store.get(file('movies', 'war-2017')))?.body ?? Buffer.alloc(0))).toEqual([]);
    expect(records(store, part(1, '20261120', 'war_2017'))).toEqual([2, 1]);
  });

  it('are in one order for any division into chunks', async () => {
    const outcomes = numbers(30).map((id) => fetched(id, { budget: 1 + (id % 3) }));
    const hashes = async (chunks: Outcome[][]) => {
      const { writeWithTables } = await walked(crime2017(), { chunks, ids: numbers(30) });
      return (await writeWithTables()).tables?.files.map(({ sha256 }) => sha256);
    };
    expect(await hashes([outcomes.slice(0, 7), outcomes.slice(7)])).toEqual(await hashes([outcomes.toReversed()]));
  });

  it('are removed where the branch no longer has them; files of other branches are kept', async () => {
    const store = memoryStore();
    await (await walked(crime2017(), { chunks: [[fetched(1)]], store })).writeWithTables();
    const others = [file('movies', 'crime-2018'), file('movies').replace('11-20', '11-13'), file('genres', 'genres')];
    const killed = [file('movie_actors'), file('movies', 'crime-2017_2')];
    for (const key of [...others, ...killed]) await store.put(key, 'x');
    const run = async (changes: Partial<PlannedBranch>) =>
      (await walked(crime2017(changes), { chunks: [[fetched(1)]], store })).writeWithTables();

    await run({ run: 'second' });
    expect(tableKeys(store)).toEqual([...others, ...ALL.map((table) => file(table))].toSorted());
    await run({ run: 'third', role: 'removed' });
    expect(tableKeys(store)).toEqual(others.toSorted());

    await run({ run: 'fourth' });
    const settings = crimeWar({ output: { ...crimeWar().output, tables: false } });
    const off = await run({ run: 'fifth', settings });
    expect(off.tables).toBeUndefined();
    expect(tableKeys(store)).toEqual(others.slice(0, 2).toSorted());
  });
});
