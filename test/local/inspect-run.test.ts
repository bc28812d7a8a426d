import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DayRef } from '../../lib/names.ts';
import { saveDayManifest } from '../../lib/runs/day-manifest.ts';
import { layout } from '../../lib/runs/layout.ts';
import { type BranchManifest, loadManifests, saveManifest } from '../../lib/runs/manifest.ts';
import { sealed } from '../../lib/runs/seal.ts';
import { verifyDay } from '../../lib/runs/verify.ts';
import { type Explanation, explainDay } from '../../lib/stages/why.ts';
import { uploadRows } from '../../local/inspect/csv-rows.ts';
import { whyText } from '../../local/inspect/why-text.ts';
import { type Chance, chance } from '../../local/simulator/chance.ts';
import { writeCsv } from '../../local/simulator/csv.ts';
import { faultsNamed } from '../../local/simulator/faults.ts';
import { type MemoryStore, memoryStore } from '../doubles/memory-store.ts';
import { dayManifested, manifested } from '../lib/runs/manifested.ts';
import { startProgram } from './command-line.ts';
import { crimeWarOf, filesIn, quickPipeline, quickSimulator, temporaryFolder } from './running.ts';

const DAY = '2026-11-20';
const ref = { dataset: 'crime-war', day: DAY } as const;
const PARTS = 'Raw/TMDB/JSON/Movies/2026/11/20/';

/** One run of six branches: one is empty, one has three parts. Some listed movies are gone. */
let out: string;
let files: ReadonlyMap<string, Buffer>;
beforeAll(async () => {
  const simulator = await quickSimulator({ faults: faultsNamed('gone') ?? [] });
  const pipeline = await quickPipeline(simulator, { env: { DATASETS: await crimeWarOf(2018, 2020) } });
  expect(await pipeline.start(ref).ended).toMatchObject({ status: 'SUCCEEDED' });
  // The pipeline stays open: the commands need no lock of its folder.
  out = pipeline.out;
  files = await filesIn(pipeline.bucket);
});

/** The bucket of the run, with or without the work of the walker. */
const copied = async (hasWork = false): Promise<MemoryStore> => {
  const store = memoryStore();
  for (const [key, body] of files) if (hasWork || !key.includes('/work/')) await store.put(key, body);
  return store;
};
const keysOf = (store: MemoryStore, prefix: string) => store.keys().filter((key) => key.startsWith(prefix));
const verified = async (store: MemoryStore) => (await verifyDay(store, ref)).differences.map(({ key }) => key);

/** Damages one object, and says which object verify has to report. */
type Damage = (store: MemoryStore, random: Chance) => Promise<string>;

const flip =
  (folder: string): Damage =>
  async (store, random) => {
    const key = random.of(keysOf(store, folder));
    const body = (await store.get(key))?.body ?? Buffer.alloc(0);
    const at = random.whole(0, body.length - 1);
    body[at] = (body[at] ?? 0) ^ (1 << random.whole(0, 7));
    await store.put(key, body);
    return key;
  };

const remove =
  (folder: string): Damage =>
  async (store, random) => {
    const key = random.of(keysOf(store, folder));
    await store.remove([key]);
    return key;
  };

const cutOff: Damage = async (store, random) => {
  const key = random.of(keysOf(store, PARTS));
  const body = (await store.get(key))?.body ?? Buffer.alloc(0);
  await store.put(key, body.subarray(0, random.whole(0, body.length - 1)));
  return key;
};

const add =
  (folder: string, nameFor: (name: string, random: Chance) => string): Damage =>
  async (store, random) => {
    const from = random.of(keysOf(store, folder));
    const key = `${folder}${nameFor(from.slice(folder.length), random)}`;
    await store.put(key, (await store.get(from))?.body ?? '');
    return key;
  };

type Fields = Record<string, unknown>;
/** Changes one field, at any depth, to another value of its type. */
const changeOne = (value: unknown, random: Chance): unknown => {
  if (Array.isArray(value)) {
    if (value.length === 0 || random.hits(0.3)) return [...value, ...(value.length ? value.slice(-1) : ['x'])];
    const at = random.whole(0, value.length - 1);
    return value.map((one, index) => (index === at ? changeOne(one, random) : one));
  }
  if (typeof value === 'object' && value !== null) {
    const name = random.of(Object.keys(value));
    return { ...value, [name ?? 'more']: changeOne((value as Fields)[name ?? ''], random) };
  }
  if (typeof value === 'number') return value + random.whole(1, 9);
  if (typeof value === 'boolean') return !value;
  return `${value}x`;
};

const edit =
  (folder: string): Damage =>
  async (store, random) => {
    const key = random.of(keysOf(store, folder));
    await store.put(key, JSON.stringify(changeOne(store.json(key), random), null, 2));
    return key;
  };

/** A manifest with a wrong figure, as a fault of the code would write it: its hash is right. */
const wrongFigure =
  (figures: readonly (keyof BranchManifest)[], reported: (key: string) => string): Damage =>
  async (store, random) => {
    const key = random.of(keysOf(store, layout.branchManifests(ref)));
    const { sha256: _, ...manifest } = store.json<BranchManifest & { sha256: string }>(key);
    const figure = random.of(figures);
    await store.put(key, sealed({ ...manifest, [figure]: Number(manifest[figure]) + random.whole(1, 9) }));
    return reported(key);
  };

const MANIFESTS = layout.branchManifests(ref);
const LEFT_OUT = layout.leftOut({ ...ref, branch: '' }).replace(/[^/]*$/, '');
const DAY_MANIFEST = layout.dayManifest(ref);
/** A folder of a table. Each damage chooses a table. */
const tableFolder = (random: Chance) =>
  layout.tableDay(
    ref,
    random.of(['movies', 'movie_genres', 'movie_countries', 'movie_cast', 'movie_directors', 'genres']),
  );
const DAMAGES: Readonly<Record<string, Damage>> = {
  'a bit of a part is flipped': flip(PARTS),
  'a part is cut off': cutOff,
  'a part is removed': remove(PARTS),
  'a part is added': add(PARTS, (name, random) => name.replace(/part_\d+/, `part_${random.whole(4, 99)}`)),
  'another file is added': add(PARTS, (name, random) => random.of([`old/${name}`, `${name}.bak`, 'notes.txt'])),
  'a bit of a table is flipped': (store, random) => flip(tableFolder(random))(store, random),
  'a table is removed': (store, random) => remove(tableFolder(random))(store, random),
  'a file is added to a table': (store, random) =>
    add(tableFolder(random), (name) => name.replace('.parquet', '-2.parquet'))(store, random),
  'a bit of a manifest is flipped': flip(MANIFESTS),
  'a manifest is edited': edit(MANIFESTS),
  'a manifest is removed': remove(MANIFESTS),
  'a manifest is added': add(MANIFESTS, (name, random) => name.replace(/\d+/, `${random.whole(1900, 2000)}`)),
  'another object is added to the manifests': add(MANIFESTS, (name) => `${name}.old`),
  'a figure of a branch is wrong': wrongFigure(['distinct', 'leftOut', 'kept', 'written', 'bytes'], (key) => key),
  'the sum of a figure is wrong': wrongFigure(['expected', 'listed', 'doubled', 'requests'], () => DAY_MANIFEST),
  'a bit of the ids that are left out is flipped': flip(LEFT_OUT),
  'the ids that are left out are edited': edit(LEFT_OUT),
  'the ids that are left out are removed': remove(LEFT_OUT),
  'ids that are left out are added': add(LEFT_OUT, (name, random) =>
    name.replace(/\d+/, `${random.whole(1900, 2000)}`),
  ),
  'a bit of the manifest of the day is flipped': flip(DAY_MANIFEST),
  'the manifest of the day is edited': edit(DAY_MANIFEST),
  'the manifest of the day is removed': remove(DAY_MANIFEST),
  'the newest day is edited': edit(layout.latest(ref.dataset)),
};

describe('npm run verify', () => {
  it('finds a day as its manifests say', async () => {
    const store = await copied();
    const records = keysOf(store, PARTS).flatMap((key) => store.json<object[]>(key));

    expect(await verifyDay(store, ref)).toEqual({
      ...ref,
      complete: true,
      branches: 6,
      parts: keysOf(store, PARTS).length,
      records: records.length,
      bytes: keysOf(store, PARTS).reduce((sum, key) => sum + Buffer.byteLength(store.text(key)), 0),
      // Five tables with a file for each branch, and the genres.
      tables: 5 * 6 + 1,
      differences: [],
    });
    expect(records.length).toBeGreaterThan(200);
  });

  it('reports each of 200 damages, and nothing else', async () => {
    const kinds = Object.entries(DAMAGES);
    const wrong: object[] = [];
    for (let seed = 0; seed < 200; seed += 1) {
      const [kind = '', damage] = kinds[seed % kinds.length] ?? [];
      const store = await copied();
      const damaged = await damage?.(store, chance('verify', seed));
      const reported = await verified(store);
      if (reported.length !== 1 || reported[0] !== damaged) wrong.push({ seed, kind, damaged, reported });
    }
    expect(wrong).toEqual([]);
  });

  it('knows the parts of a branch whose manifest is damaged, and of one that was not finished', async () => {
    const store = await copied();
    const [damaged, unfinished] = ['crime-2018', 'crime-2019'].map((branch) =>
      layout.branchManifest({ ...ref, branch }),
    );
    await store.put(damaged ?? '', '{');
    await store.remove([unfinished ?? '', DAY_MANIFEST, layout.latest(ref.dataset)]);
    const { differences, complete } = await verifyDay(store, ref);
    const parts = keysOf(store, `${PARTS}movie_crime_2019`);
    const tables = keysOf(store, layout.tables(ref.dataset)).filter((key) => key.endsWith('/crime-2019.parquet'));
    const leftOut = layout.leftOut({ ...ref, branch: 'crime-2019' });
    const [{ run }] = [store.json<{ run: string }>(layout.branchManifest({ ...ref, branch: 'war-2020' }))];

    const unnamed = (key: string) =>
      `${key}: expected no such object, because branch crime-2019 has no manifest, found a file of it; resume run ${run}, which writes the branch.`;

    expect(complete).toBe(false);
    expect(differences.map(({ says }) => says)).toEqual([
      ...[...parts, ...tables].map(unnamed),
      `${damaged}: expected a manifest, found text that is not JSON; run branch crime-2018 of the day again.`,
      unnamed(leftOut),
      `${DAY_MANIFEST}: expected a manifest, found no object; run any branch of the day again, which writes this manifest anew.`,
    ]);
  });

  it('accepts manifests of earlier versions, which have no hash', async () => {
    const store = await copied();
    for (const key of [...keysOf(store, MANIFESTS), DAY_MANIFEST]) {
      const { sha256: _, ...manifest } = store.json<Fields>(key);
      await store.put(key, JSON.stringify(manifest));
    }

    expect(await verified(store)).toEqual([]);
  });

  it('leaves the files of other days and other datasets alone', async () => {
    const store = await copied();
    await store.put('Raw/TMDB/JSON/Movies/2026/11/21/movie_crime_2018_part_1_20261121.json', '[]');
    await store.put('Raw/TMDB/JSON/Series/2026/11/20/series_crime_2018_part_1_20261120.json', '[]');
    await store.put(layout.dayManifest({ dataset: 'popular', day: DAY }), '{}');

    expect(await verified(store)).toEqual([]);
  });

  it('ignores the empty objects that the console of S3 creates for folders', async () => {
    const store = await copied();
    for (const folder of [PARTS.slice(0, PARTS.lastIndexOf('/') + 1), MANIFESTS, layout.tableDay(ref, 'movies')])
      await store.put(folder, '');

    expect(await verified(store)).toEqual([]);
  });

  it('prints each difference, and the command that writes the branch again, while a run holds the folder', async () => {
    const key = `${PARTS}movie_crime_2019_part_2_20261120.json`;
    const file = join(out, 'bucket', key);
    await appendFile(file, ' ');
    const { bytes = 0 } = { bytes: files.get(key)?.length };
    const { code, out: text, err } = await startProgram('local/verify.ts', ['--out', out]).ended;
    await writeFile(file, files.get(key) ?? '');

    expect([code, err]).toEqual([1, '']);
    expect(text.split('\n')).toEqual([
      `${key}: expected ${bytes} bytes (manifest of crime-2019), found ${bytes + 1}; run branch crime-2019 of the day again.`,
      expect.stringMatching(
        /^crime-war, 2026-11-20: 6 branches, \d+ parts, \d+ records, \d+ bytes, 31 files of tables: 1 object differs from the manifests\. The day is complete\.$/,
      ),
      `To run these branches again: npm start -- --out ${out} --dataset crime-war --day 2026-11-20 --only crime-2019`,
      '',
    ]);
  });
});

/** How many items of a branch have each outcome, as its manifest says. */
const outcomesIn = ({ written, leftOut, missing }: BranchManifest) =>
  Object.fromEntries(
    Object.entries({
      written,
      leftOut,
      ...Object.fromEntries(Object.entries(missing).map(([name, ids]) => [name, ids.length])),
    })
      .filter(([, count]) => count > 0)
      .toSorted(),
  );
const outcomesOf = (explanations: readonly Explanation[]) =>
  Object.fromEntries(
    [...Map.groupBy(explanations, ({ outcome }) => outcome)]
      .map(([outcome, all]) => [outcome, all.length] as const)
      .toSorted(),
  );

/** Checks that a day's explanations are one for each item, and add up to the manifests. */
const checkSums = async (store: MemoryStore, day: DayRef): Promise<Explanation[]> => {
  const { explanations, unknownLeftOut } = await explainDay(store, day, undefined);
  expect(unknownLeftOut).toBe(0);
  for (const manifest of (await loadManifests(store, day)).values()) {
    const ofBranch = explanations.filter(({ branch }) => branch === manifest.branch);
    expect(outcomesOf(ofBranch), manifest.branch).toEqual(outcomesIn(manifest));
    expect(new Set(ofBranch.map(({ id }) => id)).size, manifest.branch).toBe(manifest.distinct);
  }
  for (const { part, id, tmdbId } of explanations.filter(({ outcome }) => outcome === 'written')) {
    const record = store.json<{ id: number; imdb_id?: string }[]>(part?.key ?? '')[(part?.record ?? 0) - 1];
    expect([record?.id, record?.imdb_id]).toContain(id);
    if (tmdbId !== undefined) expect(record?.id).toBe(tmdbId);
  }
  return explanations;
};

describe('npm run why', () => {
  it('explains every listed movie of a run, and the explanations add up to the manifests', async () => {
    const store = await copied(true);
    const explanations = await checkSums(store, ref);

    expect(outcomesOf(explanations)).toEqual({
      gone: expect.any(Number),
      leftOut: expect.any(Number),
      written: expect.any(Number),
    });
    expect(explanations.filter(({ pages, requested, hasWork }) => !pages[0] || !requested || !hasWork)).toEqual([]);
    expect(explanations.filter(({ outcome, value }) => outcome === 'leftOut' && value !== 0)).toEqual([]);
  });

  it('explains the same from the manifests alone, when the work has expired', async () => {
    const ids = (all: readonly Explanation[]) =>
      all.map(({ branch, id, outcome }) => `${branch} ${id} ${outcome}`).toSorted();
    const explanations = await checkSums(await copied(), ref);

    expect(ids(explanations)).toEqual(ids((await explainDay(await copied(true), ref, undefined)).explanations));
    expect(explanations.some(({ hasWork }) => hasWork)).toBe(false);
  });

  it('finds a movie by its TMDB id and by its IMDb id, also one that is left out', async () => {
    const store = await copied(true);
    const all = (await explainDay(store, ref, undefined)).explanations;
    const written = all.find(({ outcome }) => outcome === 'written');
    const record = store.json<{ imdb_id: string }[]>(written?.part?.key ?? '')[(written?.part?.record ?? 0) - 1];
    const asked = async (id: unknown) => (await explainDay(store, ref, new Set([String(id)]))).explanations;

    expect(await asked(written?.id)).toContainEqual(written);
    expect(await asked(record?.imdb_id)).toContainEqual(written);
    expect(await asked(all.find(({ outcome }) => outcome === 'leftOut')?.id)).toMatchObject([
      { outcome: 'leftOut', rule: { field: 'budget', above: 0 }, value: 0 },
    ]);
    expect(await asked(1)).toEqual([]);
  });

  it('finds each record of two ids of a CSV that are one movie, although both have the imdb_id of TMDB', async () => {
    const store = memoryStore();
    const key = 'Raw/TMDB/JSON/X/1.json';
    const records = [
      { id: 5, imdb_id: 'tt0000002', asked: 'tt0000001' },
      { id: 5, imdb_id: 'tt0000002', asked: 'tt0000002' },
    ];
    await store.put(key, JSON.stringify(records));
    const csv = { key: 'movies.csv', years: null, rows: 2, badRows: 0, badLines: [], ids: 2 };
    await saveDayManifest(store, dayManifested({ csv }));
    const parts = [{ key, records: 2, bytes: 1, sha256: 'ab' }];
    await saveManifest(store, manifested({ distinct: 2, leftOut: 0, kept: 2, written: 2, missing: {}, parts }));
    const { explanations } = await explainDay(store, ref, undefined);

    expect(explanations.map(({ id, part }) => [id, part?.record])).toEqual([
      ['tt0000001', 1],
      ['tt0000002', 2],
    ]);
  });

  it('explains the movies of a branch that is not finished', async () => {
    const store = await copied(true);
    await store.remove([layout.branchManifest({ ...ref, branch: 'crime-2019' })]);
    const { explanations } = await explainDay(store, ref, undefined);
    const ofBranch = explanations.filter(({ branch }) => branch === 'crime-2019');

    expect(outcomesOf(ofBranch)).toEqual({ unfinished: ofBranch.length });
    expect(ofBranch.length).toBeGreaterThan(100);
    expect(ofBranch[0]?.why).toMatch(/^NoErrorRecorded: /);
  });

  it('says that left-out ids of an earlier version are not known', async () => {
    const store = await copied();
    for (const key of keysOf(store, MANIFESTS)) {
      const { sha256: _, leftOutFile, ...manifest } = store.json<Fields>(key);
      await store.put(key, JSON.stringify(manifest));
    }
    const explained = await explainDay(store, ref, new Set(['1']));
    const { leftOut } = store.json<{ leftOut: number }>(DAY_MANIFEST);

    expect(explained).toEqual({ explanations: [], unknownLeftOut: leftOut });
    expect(whyText('1', explained, undefined)).toBe(
      `1\nNo list of the day has it.\n${leftOut} movies of the day are left out by a rule, and an earlier version of the code did not store their ids.\n`,
    );
  });

  it('prints one line for each step', async () => {
    const store = await copied(true);
    const all = (await explainDay(store, ref, undefined)).explanations;
    const [leftOut] = all.filter(({ outcome }) => outcome === 'leftOut');
    const { code, out: text, err } = await startProgram('local/why.ts', [String(leftOut?.id), '--out', out]).ended;

    expect([code, err]).toEqual([0, '']);
    expect(text.split('\n')).toEqual([
      `crime-war, ${DAY}`,
      `${leftOut?.id}: ${leftOut?.title}`,
      '',
      `Branch ${leftOut?.branch}, run ${leftOut?.run}`,
      expect.stringMatching(/^ {2}listed {5}page \d+ of \d{4}-01-01-\d{4}-12-31-pass-1/),
      `  requested  between ${leftOut?.requested?.from} and ${leftOut?.requested?.to}`,
      '  left out   the rule is budget above 0, and its budget is 0',
      '',
    ]);
  });
});

describe('npm run why, for a CSV', () => {
  const day = { dataset: 'csv-details', day: DAY } as const;
  let store: MemoryStore;
  let upload: string[];
  beforeAll(async () => {
    const file = join(await temporaryFolder(), 'movies.csv');
    await writeCsv(file, { kind: 'Movies', rows: 1_500, ids: 600, malformed: 2, seed: 1 });
    const simulator = await quickSimulator();
    const pipeline = await quickPipeline(simulator);
    const body = await readFile(file);
    await pipeline.store.put(layout.upload('Movies', DAY, 'movies.csv'), body);
    expect(await pipeline.start(day).ended).toMatchObject({ status: 'SUCCEEDED' });
    await pipeline.close();
    store = memoryStore();
    for (const [key, bytes] of await filesIn(pipeline.bucket)) await store.put(key, bytes);
    upload = body.toString().trim().split('\n').slice(1);
  });

  it('explains every id of the CSV: what find answered, its rows, and that the dataset does not select it', async () => {
    const explanations = await checkSums(store, day);
    const ids = new Set(upload.map((row) => row.split('|')[0] ?? ''));
    const rows = await uploadRows(store, day, ids);
    const explained = new Map(explanations.map((one) => [one.id, one]));
    const texts = [...ids].map((id) => {
      const one = explained.get(id);
      return whyText(id, { explanations: one ? [one] : [], unknownLeftOut: 0 }, rows);
    });

    expect(Object.keys(outcomesOf(explanations))).toEqual(
      expect.arrayContaining(['written', 'not_found', 'malformed', 'is_tv']),
    );
    expect(ids.size).toBeGreaterThan(explanations.length);
    for (const [at, id] of [...ids].entries()) {
      const text = texts[at] ?? '';
      const count = upload.filter((row) => row.startsWith(`${id}|`)).length;
      expect(rows?.rows?.get(id)?.count, id).toBe(count);
      expect(text).toContain(`${count} row${count === 1 ? '' : 's'} in ${layout.upload('Movies', DAY, 'movies.csv')}`);
      if (!explained.has(id)) expect(text).toContain('It is in no branch of the day: the dataset did not select it.');
    }
    const written = explanations.find(({ outcome }) => outcome === 'written');
    const byTmdbId = whyText(
      String(written?.tmdbId),
      { explanations: written ? [written] : [], unknownLeftOut: 0 },
      rows,
    );
    expect(byTmdbId.split('\n')[0]).toMatch(new RegExp(`^${written?.tmdbId}, ${written?.id}\\b`));
    expect(byTmdbId).toMatch(/^\d+ rows? in Raw\/Local\/CSV\/Movies\//m);
    const malformed = explanations.find(({ outcome }) => outcome === 'malformed');
    expect(texts.find((text) => text.startsWith(`${malformed?.id}\n`))).toContain(
      '  missing    malformed: it is no IMDb id, which has "tt" and 7 or 8 digits',
    );
    expect((await verifyDay(store, day)).differences).toEqual([]);
  });
});
