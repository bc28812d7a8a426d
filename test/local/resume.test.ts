import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { faultsNamed } from '../../local/simulator/faults.ts';
import { fastClock } from '../doubles/fast-clock.ts';
import { crimeWarOf, quickPipeline, quickSimulator, quickTmdb, rawZone, readJson, temporaryFolder } from './running.ts';

const input = { dataset: 'crime-war', day: '2026-11-20' };

/** Six branches, two more than run at once. One has an empty list, and one has no movie with a budget. */
let DATASETS: string;
beforeAll(async () => {
  DATASETS = await crimeWarOf(2020, 2022);
});

/** A run in which TMDB fails for one of six branches. */
const refusedRun = async () => {
  const simulator = await quickSimulator({ faults: faultsNamed('outage-crime-2021') ?? [] });
  const pipeline = await quickPipeline(simulator, { env: { DATASETS } });
  const execution = await pipeline.start(input).ended;
  return { simulator, pipeline, execution };
};

/** Whether all these requests are for crime in 2021. */
const onlyCrime2021 = (asked: readonly { path: string; query: Record<string, string> }[]) =>
  asked
    .filter(({ path }) => path === '/discover/movie')
    .every(({ query }) => query.with_genres === '80' && query['primary_release_date.gte']?.startsWith('2021'));

describe('a branch for which TMDB fails', () => {
  it('is reported, tried twice by each start, and can be redriven alone, so that a redrive of the run asks nothing', async () => {
    const { simulator, pipeline, execution } = await refusedRun();
    expect(execution.status).toBe('FAILED');
    const { errorType, errorMessage } = JSON.parse(execution.cause ?? '');
    expect(errorType).toBe('BranchesUnfinishedError');
    expect(errorMessage).toMatch(/^1 of 6 branches: crime-2021 \(TmdbUnavailableError: .*status 500/);
    expect(execution.calls.filter(({ state }) => state === 'Audit')).toHaveLength(2);

    const day = await readJson(pipeline.bucket, '_manifests/crime-war/2026-11-20/manifest.json');
    expect(day).toMatchObject({
      complete: false,
      absent: ['crime-2021'],
      unfinished: [{ branch: 'crime-2021', error: 'TmdbUnavailableError' }],
    });
    expect(day.branches).toHaveLength(5);

    const askedBefore = simulator.asked.length;
    expect(await pipeline.redrive(execution)).toMatchObject({ status: 'FAILED' });
    expect(execution.calls.filter(({ state }) => state === 'Audit')).toHaveLength(5);
    const since = simulator.asked.slice(askedBefore);
    expect(since.length).toBeGreaterThan(0);
    expect(since.every(({ path }) => path === '/discover/movie')).toBe(true);
    expect(onlyCrime2021(since)).toBe(true);

    simulator.use([]);
    const ref = { dataset: 'crime-war', day: '2026-11-20', run: execution.name, execution: execution.executionArn };
    expect(await pipeline.startBranch({ ...ref, branch: 'crime-2021' }).ended).toMatchObject({ status: 'SUCCEEDED' });
    const asked = simulator.asked.length;
    expect(await pipeline.redrive(execution)).toMatchObject({ status: 'SUCCEEDED' });
    expect(simulator.asked.length).toBe(asked);
  });

  it('is finished by a redrive or by a resumed run, without other requests, with the bytes of an undisturbed run', async () => {
    const { simulator, pipeline, execution } = await refusedRun();
    simulator.use([]);
    const out = await temporaryFolder();
    await cp(pipeline.bucket, join(out, 'bucket'), { recursive: true });
    const askedBy = async (start: () => Promise<unknown>) => {
      const before = simulator.asked.length;
      expect(await start()).toMatchObject({ status: 'SUCCEEDED' });
      const asked = simulator.asked.slice(before).filter(({ path }) => path !== '/authentication');
      expect(onlyCrime2021(asked)).toBe(true);
      return asked;
    };

    const asked = await askedBy(() => pipeline.redrive(execution));
    const { distinct, expected } = await readJson(
      pipeline.bucket,
      '_manifests/crime-war/2026-11-20/branches/crime-2021.json',
    );
    // Each movie, each page, and page 1 once more; war-2021 has kept the two movies that are in both.
    expect(asked).toHaveLength(distinct - 2 + Math.ceil(expected / 20) + 1);

    const another = await quickPipeline(simulator, { env: { DATASETS }, out });
    await askedBy(() => another.start({ dataset: 'crime-war', resume: execution.name }).ended);

    const quiet = await quickPipeline(await quickSimulator(), { env: { DATASETS } });
    await quiet.start(input).ended;
    const undisturbed = await rawZone(quiet.bucket);
    expect(await rawZone(pipeline.bucket)).toEqual(undisturbed);
    expect(await rawZone(another.bucket)).toEqual(undisturbed);
  });
});

describe('a run of some branches', () => {
  it('runs only these, and the day is not complete', async () => {
    const simulator = await quickSimulator();
    const pipeline = await quickPipeline(simulator);
    expect(await pipeline.start({ ...input, only: ['crime-2021'] }).ended).toMatchObject({ status: 'SUCCEEDED' });
    expect(onlyCrime2021(simulator.asked)).toBe(true);
    expect(Object.keys(await rawZone(pipeline.bucket))).toEqual([
      'TMDB/JSON/Movies/2026/11/20/movie_crime_2021_part_1_20261120.json',
    ]);
    expect(await readJson(pipeline.bucket, '_manifests/crime-war/2026-11-20/manifest.json')).toMatchObject({
      complete: false,
    });
  });
});

describe('two starts of one day', () => {
  it('give one run; the other execution ends with SUCCEEDED and a reason, and writes nothing', async () => {
    const simulator = await quickSimulator();
    const tmdb = quickTmdb(simulator);
    const { promise: walking, resolve: walks } = Promise.withResolvers<void>();
    const { promise: goesOn, resolve: goOn } = Promise.withResolvers<void>();
    let questions = 0;
    const lookUp: typeof tmdb.lookUp = async (...question) => {
      questions += 1;
      if (questions === 1) {
        walks();
        await goesOn;
      }
      return tmdb.lookUp(...question);
    };
    const pipeline = await quickPipeline(simulator, { tmdb: { ...tmdb, lookUp } });
    const first = pipeline.start({ ...input, only: ['crime-2017', 'war-2012'] });
    await walking;
    const second = await pipeline.start(input, 'second').ended;
    const keys = (await pipeline.store.list('_runs/crime-war/2026-11-20/')).filter((key) => key.includes('second'));
    goOn();
    expect(second).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'turnedAway' } });
    expect(JSON.stringify(second.output)).toContain(first.execution.name);
    expect(keys).toEqual([]);
    expect(await first.ended).toMatchObject({ status: 'SUCCEEDED' });
  });
});

describe('a branch that takes longer than one call', () => {
  it('returns before its time is up, and continues in the next call', async () => {
    const simulator = await quickSimulator();
    // Only the request rate advances the clock, so the result is the same on every machine: 10 s are 100 requests.
    const pipeline = await quickPipeline(simulator, {
      clock: fastClock(),
      env: { TMDB_REQUESTS_PER_SECOND: '10' },
    });
    const execution = await pipeline.start({ ...input, only: ['crime-2019'], limits: { walkSeconds: 10 } }).ended;
    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    const branch = [...pipeline.executions.values()].find(({ name }) => name.startsWith('crime-2019-'));
    expect(branch?.calls.filter(({ state }) => state === 'Walk').length).toBeGreaterThan(2);
    const movies = simulator.asked.filter(({ path }) => path.startsWith('/movie/')).map(({ path }) => path);
    expect(new Set(movies).size).toBe(movies.length);
  });
});
