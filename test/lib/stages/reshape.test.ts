import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import shipped from '../../../datasets/crime-war.json' with { type: 'json' };
import { auditor } from '../../../functions/auditor.ts';
import { pageWalker } from '../../../functions/page-walker.ts';
import { planner } from '../../../functions/planner.ts';
import { writer } from '../../../functions/writer.ts';
import type { ObjectStore } from '../../../lib/raw-zone/object-store.ts';
import { verifyDay } from '../../../lib/runs/verify.ts';
import { KINDS } from '../../../lib/sources/kinds.ts';
import type { Query } from '../../../lib/tmdb/client.ts';
import { fakeTmdb, pageOf } from '../../doubles/fake-tmdb.ts';
import { fastClock } from '../../doubles/fast-clock.ts';
import { knownExecutions } from '../../doubles/known-executions.ts';
import { type MemoryStore, memoryStore } from '../../doubles/memory-store.ts';
import { detailed, inCast, listed } from '../crime-2017.ts';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

const DAY = '2026-11-20';
const source = { ...shipped.source, years: { from: 2017, to: 2018 } };
const { actors } = shipped.record.with;
/** The dataset as it was, and as a person has changed it since. */
const BEFORE = { ...shipped, source };
const AFTER = {
  ...BEFORE,
  record: { ...shipped.record, with: { ...shipped.record.with, actors: { ...actors, first: 10 } } },
  keep: [{ field: 'vote_count', atLeast: 10 }],
  sort: [{ field: 'title', order: 'desc' }],
  output: { ...shipped.output, recordsPerFile: 7, key: shipped.output.key.replace('movie_', 'film_') },
};

/** Movies of a genre and year: 12, 13, 14 and 15. Movie 2 is gone. */
const moviesOf = (genre: unknown, year: string) => {
  const first = (genre === 80 ? 0 : 100) + (year === '2017' ? 0 : 50) + 1;
  const count = (genre === 80 ? 12 : 14) + (year === '2017' ? 0 : 1);
  return Array.from({ length: count }, (_, index) =>
    listed(first + index, { release_date: `${year}-03-13`, vote_count: first + index, genre_ids: [genre] }),
  );
};
const answer = (path: string, query: Query): unknown => {
  if (path === '/authentication') return {};
  if (path === '/discover/movie')
    return pageOf(moviesOf(query.with_genres, String(query['primary_release_date.gte']).slice(0, 4)), query.page);
  const id = Number(path.split('/')[2]);
  if (id === 2) return 'gone';
  const cast = Array.from({ length: 12 }, (_, index) => inCast(index + 1));
  const credits = { cast, crew: [] };
  if (path.endsWith('/credits')) return { id, ...credits };
  const { credits: _, ...details } = detailed(id);
  // A number whose text JavaScript would not write.
  return JSON.stringify({ ...details, ...(query.append_to_response && { credits }) }).replace(
    '"runtime":100',
    '"runtime":100.0',
  );
};

/** Everything that runs need: a bucket, a TMDB that counts its requests, and a dataset that can change. */
const world = async (dataset: object, store = memoryStore()) => {
  const datasets = await mkdtemp(join(tmpdir(), 'reshape-'));
  folders.push(datasets);
  const change = (now: object) => writeFile(join(datasets, 'crime-war.json'), JSON.stringify(now));
  await change(dataset);
  const tmdb = fakeTmdb(answer);
  /** What the state machine does: it returns the planner's answer. */
  const run = async (name: string, input: object, into: ObjectStore = store) => {
    const services = {
      store: into,
      tmdb,
      datasets,
      kinds: KINDS,
      executions: knownExecutions(),
      clock: fastClock(),
      emit: () => undefined,
      codeVersion: 'test',
      scratch: tmpdir(),
      walkersAtOnce: 4,
      pace: { perSecond: 36, perWalker: 9, betweenSeconds: 4 },
      publish: () => undefined,
    };
    const context = { getRemainingTimeInMillis: () => 900_000 };
    runs += 1;
    const startTime = new Date(Date.parse(`${DAY}T12:00:00Z`) + runs * 60_000).toISOString();
    const execution = { id: `arn:${name}`, name, startTime, redriveCount: 0 };
    const planned = await planner(services)({ input: { dataset: 'crime-war', ...input }, execution }, context);
    const { outcome: _, says: __, warnings: ___, expected: ____, unfinished, ...ref } = planned;
    for (const branch of unfinished) {
      await pageWalker(services)({ ...ref, branch }, context);
      await writer(services)({ ...ref, branch }, context);
    }
    await auditor(services)({ ...ref, redriveCount: 0 }, context);
    return planned;
  };
  return { store, tmdb, change, run };
};
let runs = 0;

const rawOf = (store: MemoryStore) =>
  Object.fromEntries(store.keys().flatMap((key) => (/^(Raw|Trusted)\//.test(key) ? [[key, store.text(key)]] : [])));
const dayManifest = (store: MemoryStore) => store.json(`_manifests/crime-war/${DAY}/manifest.json`);

/** The same bucket, as the first run left it, for each test. */
const copyOf = async (from: MemoryStore): Promise<MemoryStore> => {
  const copy = memoryStore();
  for (const key of from.keys()) await copy.put(key, (await from.get(key))?.body ?? '');
  return copy;
};
let first: MemoryStore;
let fresh: MemoryStore;
beforeAll(async () => {
  const old = await world(BEFORE);
  await old.run('friday', { day: DAY });
  first = old.store;
  const now = await world(AFTER);
  await now.run('friday', { day: DAY });
  fresh = now.store;
});
const changedTo = async (now: object) => world(now, await copyOf(first));

describe('a run that reshapes', () => {
  it.each(['friday', DAY])(
    'writes the same bytes as a fresh run of the changed dataset, without a request: %s',
    async (reshape) => {
      const { store, tmdb, run } = await changedTo(AFTER);

      expect(await run('monday', { reshape })).toMatchObject({
        outcome: 'planned',
        day: DAY,
        run: 'monday',
        says: `4 branches, 54 movies, from the kept answers of ${reshape}: no request to TMDB.`,
      });
      expect(tmdb.asked).toEqual([]);
      expect(rawOf(store)).toEqual(rawOf(fresh));
      expect(rawOf(store)).not.toEqual(rawOf(first));
      expect(dayManifest(store)).toMatchObject({ complete: true, run: 'monday', missing: { gone: [2] } });
      expect((await verifyDay(store, { dataset: 'crime-war', day: DAY })).differences).toEqual([]);
    },
  );

  it('can be reshaped itself: by its name, by the name of the run that requested, and back', async () => {
    const { store, tmdb, change, run } = await changedTo(AFTER);
    await run('monday', { reshape: 'friday' });
    await change(BEFORE);
    await run('tuesday', { reshape: 'monday' });
    expect(rawOf(store)).toEqual(rawOf(first));
    await change(AFTER);
    await run('wednesday', { reshape: 'friday' });
    expect(rawOf(store)).toEqual(rawOf(fresh));
    expect(tmdb.asked).toEqual([]);
  });

  it('needs less than was kept: only the details, or only the list, and fewer years', async () => {
    const { actors: _, directors: __, ...without } = shipped.record.with;
    const output = { ...shipped.output, tables: false };
    const details = { ...BEFORE, ask: ['details'], record: { ...shipped.record, with: without } };
    const list = { ...BEFORE, output, ask: [], record: { from: 'listed' }, keep: [], sort: [] };
    const people = { ...BEFORE, output, ask: ['credits'], record: { from: 'credits' }, keep: [], sort: [] };
    const fewer = { ...AFTER, source: { ...source, genres: ['crime'], years: { from: 2018, to: 2018 } } };
    for (const now of [details, list, people, fewer]) {
      const { store, tmdb, run } = await changedTo(now);
      await run('monday', { reshape: DAY });
      const other = await world(now);
      await other.run('friday', { day: DAY });
      expect(rawOf(store)).toEqual(rawOf(other.store));
      expect(tmdb.asked).toEqual([]);
      expect(dayManifest(store)).toMatchObject({ complete: true });
    }
  });

  it('is not a run that is resumed for its lost movies, and makes no request then either', async () => {
    const { tmdb, run } = await changedTo(AFTER);
    await run('monday', { reshape: DAY });
    expect(await run('tuesday', { resume: 'monday' })).toMatchObject({ outcome: 'turnedAway' });
    expect(tmdb.asked).toEqual([]);
  });
});

describe('a run that reshapes is refused', () => {
  it.each([
    [
      { ...BEFORE, source: { ...source, filters: { ...source.filters, 'vote_count.gte': 4 } } },
      /^source\.filters: dataset crime-war has .*"vote_count\.gte":4.* now, and run friday made its requests with .*"vote_count\.gte":5.*; start a new run\.$/,
    ],
    [
      { ...BEFORE, source: { ...source, years: { from: 2017, to: 2019 } } },
      /^source: dataset crime-war has branch crime-2019 now, and 2026-11-20 has no answers of it; start a new run\.$/,
    ],
    [
      { ...BEFORE, source: { ...source, genres: ['crime', 'war', 'drama'] } },
      /^source: dataset crime-war has branch drama-2017 now/,
    ],
    [
      {
        ...BEFORE,
        source: { kind: 'popular', media: ['movies'] },
        output: { key: 'Raw/TMDB/JSON/P/{yyyymmdd}/{media}_{part}.json' },
      },
      /^source\.kind: dataset crime-war has "popular" now/,
    ],
    [
      { ...BEFORE, tolerance: 0.001 },
      /^tolerance: dataset crime-war allows 0\.001 now, and run friday read its lists with 0\.005; start a new run\.$/,
    ],
  ])('for a dataset that needs other requests (%#)', async (now, sentence) => {
    const { store, tmdb, run } = await changedTo(now);
    await expect(run('monday', { reshape: DAY })).rejects.toThrow(sentence);
    expect(tmdb.asked).toEqual([]);
    expect(rawOf(store)).toEqual(rawOf(first));
    expect(dayManifest(store)).toMatchObject({ complete: true });
  });

  it('for a dataset that asks for more', async () => {
    const { with: _, ...record } = shipped.record;
    const { store, change, run } = await world({
      ...BEFORE,
      output: { ...shipped.output, tables: false },
      ask: [],
      record,
      keep: [],
      sort: [],
    });
    await run('friday', { day: DAY });
    await change(BEFORE);
    await expect(run('monday', { reshape: 'friday' })).rejects.toThrow(
      /^ask: dataset crime-war needs details now, and run friday kept only the list; start a new run, which requests them\.$/,
    );
    expect(dayManifest(store)).toMatchObject({ complete: true });
  });

  it('without the answers: unknown names, expired work, an unfinished run, a run that was overwritten', async () => {
    const { store, run } = await changedTo(AFTER);
    await expect(run('a', { reshape: 'thursday' })).rejects.toThrow(
      /^reshape: dataset crime-war has no run and no day "thursday"/,
    );
    await expect(run('b', { reshape: '2026-11-19' })).rejects.toThrow(/has no run and no day "2026-11-19"/);
    await expect(run('c', { reshape: DAY, only: ['crime-2017'] })).rejects.toThrow(
      /^only: leave it out; reshape writes all/,
    );
    await run('saturday', { day: DAY, only: ['war-2017'] });
    await expect(run('d', { reshape: 'friday' })).rejects.toThrow(
      /^reshape: war-2017 was requested again since run friday, by run saturday; use the day, 2026-11-20/,
    );
    await store.remove([`_runs/crime-war/${DAY}/saturday/work/war-2017/list.json.zst`]);
    await expect(run('e', { reshape: DAY })).rejects.toThrow(
      /^reshape: dataset crime-war has no answers of war-2017 on 2026-11-20 any more/,
    );
    await store.remove([`_manifests/crime-war/${DAY}/branches/war-2018.json`]);
    await expect(run('f', { reshape: DAY })).rejects.toThrow(
      /^reshape: run friday has not finished war-2018, so not all answers are there; resume that run first\.$/,
    );
  });
});

describe('a run that reshapes and is killed', () => {
  /** The bucket, until so many writes have been made; then the process is gone. */
  const killedAfter = (store: MemoryStore, writes: number): ObjectStore => {
    let left = writes;
    const writing = () => {
      left -= 1;
      if (left < 0) throw new Error('killed');
    };
    return {
      ...store,
      put: async (...all) => {
        writing();
        return store.put(...all);
      },
      putIf: async (...all) => {
        writing();
        return store.putIf(...all);
      },
      remove: async (keys) => {
        if (keys.length === 0) return;
        writing();
        await store.remove(keys);
      },
    };
  };

  it('leaves the old day, or the new one, or a day that verify does not accept; and can be resumed', async () => {
    const ref = { dataset: 'crime-war', day: DAY } as const;
    const seen = new Set<string>();
    for (let writes = 0; !seen.has('finished'); writes += 1) {
      const { store, tmdb, run } = await changedTo(AFTER);
      const ended = await run('monday', { reshape: DAY }, killedAfter(store, writes)).catch((error: Error) => error);
      const { differences } = await verifyDay(store, ref);
      const is = (other: MemoryStore) => JSON.stringify(rawOf(store)) === JSON.stringify(rawOf(other));
      seen.add(is(first) ? 'old' : is(fresh) ? 'new' : 'mixed');
      if (!is(first) && !is(fresh)) expect({ writes, differences }).not.toEqual({ writes, differences: [] });
      if (differences.length) seen.add('refused');
      if (!(ended instanceof Error)) {
        expect(differences).toEqual([]);
        seen.add('finished');
        continue;
      }
      // At a third of the moments, since each takes a run.
      if (writes % 3) continue;
      const isPlanned = store.keys().includes(`_runs/crime-war/${DAY}/monday/run.json`);
      await run('tuesday', isPlanned ? { resume: 'monday' } : { reshape: DAY });
      expect(rawOf(store)).toEqual(rawOf(fresh));
      expect(dayManifest(store)).toMatchObject({ complete: true });
      expect((await verifyDay(store, ref)).differences).toEqual([]);
      expect(tmdb.asked).toEqual([]);
    }
    expect([...seen].toSorted()).toEqual(['finished', 'mixed', 'new', 'old', 'refused']);
  });
});
