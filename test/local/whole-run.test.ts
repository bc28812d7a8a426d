import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { tmdbClient } from '../../lib/tmdb/client.ts';
import { type Gate, pace } from '../../lib/tmdb/pace.ts';
import { faultsNamed } from '../../local/simulator/faults.ts';
import { filesIn, quickPipeline, quickSimulator, quickTmdb, rawZone, readJson } from './running.ts';

const DAY = '2026-11-20';
const MOVIES = `Raw/TMDB/JSON/Movies/2026/11/20`;
const PAIRS = ['crime', 'war'].flatMap((genre) => Array.from({ length: 11 }, (_, at) => `${genre}-${2012 + at}`));
/** Movies in both genres in one year: the sum of `both` in local/simulator/catalogue.ts. TMDB is asked once for each. */
const IN_BOTH = 29;
const input = { dataset: 'crime-war', day: DAY };

/** The timeout of a try is 1 s instead of 15 s, because the fast clock can't shorten it. */
const LIMITS = { tryMs: 1_000 };

const wholeRun = async (options: Parameters<typeof quickSimulator>[0] = {}, only: object = {}) => {
  const simulator = await quickSimulator(options);
  const pipeline = await quickPipeline(simulator, options.faults && { tmdb: quickTmdb(simulator, LIMITS) });
  const execution = await pipeline.start({ ...input, ...only }).ended;
  return { simulator, pipeline, execution };
};

describe('a run of crime and war, 2012 to 2022', () => {
  let quiet: Awaited<ReturnType<typeof wholeRun>>;
  beforeAll(async () => {
    quiet = await wholeRun({ seed: 1 });
  });

  it('accounts for every movie, writes parts of 100, and requests nothing twice', async () => {
    const { simulator, pipeline, execution } = quiet;
    expect(execution).toMatchObject({ status: 'SUCCEEDED' });

    const bucket = pipeline.bucket;
    const manifests = await filesIn(join(bucket, `_manifests/crime-war/${DAY}/branches`));
    expect([...manifests.keys()].toSorted()).toEqual(PAIRS.map((pair) => `${pair}.json`).toSorted());

    const files = await filesIn(join(bucket, MOVIES));
    let pages = 0;
    let distinct = 0;
    for (const [name, body] of manifests) {
      const manifest = JSON.parse(body.toString());
      expect(manifest.distinct, name).toBe(
        manifest.kept + manifest.leftOut + manifest.missing.gone.length + manifest.missing.quarantined.length,
      );
      expect(manifest.written, name).toBe(manifest.kept);
      for (const { key, records, bytes, sha256 } of manifest.parts) {
        const file = files.get(key.slice(MOVIES.length + 1)) ?? Buffer.alloc(0);
        expect(
          {
            records: JSON.parse(file.toString()).length,
            bytes: file.length,
            sha256: createHash('sha256').update(file).digest('hex'),
          },
          key,
        ).toEqual({ records, bytes, sha256 });
        expect(records).toBeLessThanOrEqual(100);
      }
      const numbers = Math.max(1, Math.ceil(manifest.expected / 20));
      // Page 1 of several is read once more after the last.
      pages += numbers > 1 ? numbers + 1 : 1;
      distinct += manifest.distinct;
    }
    expect(manifests.get('crime-2019.json')?.toString()).toContain(`${MOVIES}/movie_crime_2019_part_3_20261120.json`);
    expect(JSON.parse(manifests.get('war-2020.json')?.toString() ?? '')).toMatchObject({ distinct: 0, parts: [] });

    const day = await readJson(bucket, `_manifests/crime-war/${DAY}/manifest.json`);
    const records = [...files.values()].reduce((sum, body) => sum + JSON.parse(body.toString()).length, 0);
    expect(day).toMatchObject({
      complete: true,
      distinct,
      written: records,
      bytes: [...files.values()].reduce((sum, body) => sum + body.length, 0),
      unfinished: [],
    });
    expect(await readJson(bucket, '_manifests/crime-war/latest.json')).toMatchObject({ day: DAY });

    // One request for each movie, one for each page, and one for page 1 of each list for the plan.
    expect(simulator.asked.length).toBe(distinct - IN_BOTH + pages + PAIRS.length);
    expect(day.requests).toBe(distinct - IN_BOTH + pages);
  });

  it('gives the same bytes with 5 % of mixed faults and lists that drift as without faults', async () => {
    // The longest lists, a full last part, and an empty list: more branches have no other cases.
    const only = [
      'crime-2013',
      'crime-2016',
      'crime-2017',
      'crime-2019',
      'crime-2021',
      'war-2013',
      'war-2017',
      'war-2020',
    ];
    const stormy = await wholeRun({ seed: 2, faults: faultsNamed('mixed') ?? [] }, { only });
    expect(stormy.execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(stormy.simulator.asked.filter(({ status }) => status !== 200).length).toBeGreaterThan(20);
    const isOfThese = ([path]: [string, string]) => only.some((branch) => path.includes(branch.replace('-', '_')));
    const expected = Object.entries(await rawZone(quiet.pipeline.bucket)).filter(isOfThese);
    expect(expected.length).toBeGreaterThan(only.length);
    expect(await rawZone(stormy.pipeline.bucket)).toEqual(Object.fromEntries(expected));
  });

  it.concurrent('records ids that TMDB lists but has deleted, and continues', async () => {
    // 1 % of 420 movies are gone.
    const { pipeline, execution } = await wholeRun(
      { faults: faultsNamed('gone') ?? [] },
      { only: ['crime-2013', 'crime-2019'] },
    );
    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    const day = await readJson(pipeline.bucket, `_manifests/crime-war/${DAY}/manifest.json`);
    expect(day.missing.gone.length).toBeGreaterThan(0);
    expect(day.distinct).toBe(day.kept + day.leftOut + day.missing.gone.length);
  });

  it.concurrent('never exceeds 40 requests per second at a rate of 36, with four branches at once', async () => {
    const simulator = await quickSimulator();
    const gate = pace(36, systemClock);
    const sentAt: number[] = [];
    const recording: Gate = {
      ...gate,
      pass: async () => {
        await gate.pass();
        sentAt.push(systemClock.now());
      },
    };
    const tmdb = tmdbClient({ baseUrl: simulator.url, token: () => 'simulator', gate: recording, clock: systemClock });
    const pipeline = await quickPipeline(simulator, { clock: systemClock, tmdb });
    const only = ['war-2012', 'war-2013', 'war-2014', 'war-2015'];
    expect(await pipeline.start({ ...input, only }).ended).toMatchObject({ status: 'SUCCEEDED' });
    expect(simulator.asked.length).toBeGreaterThan(180);
    expect(sentAt).toHaveLength(simulator.asked.length);
    // Not when they arrive: on a busy machine, some arrive together.
    const seconds = sentAt.slice(40).map((at, index) => at - (sentAt[index] ?? 0));
    expect(Math.min(...seconds)).toBeGreaterThanOrEqual(1_000);
  });
});
