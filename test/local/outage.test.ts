import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { newTally, type Tmdb } from '../../lib/tmdb/client.ts';
import { TmdbRefusedError, TmdbTokenError, TmdbUnavailableError } from '../../lib/tmdb/errors.ts';
import { waitOutOutages } from '../../local/outage.ts';
import { type Fault, faultsNamed } from '../../local/simulator/faults.ts';
import { fakeTmdb } from '../doubles/fake-tmdb.ts';
import { fastClock } from '../doubles/fast-clock.ts';
import { keptEvents } from '../doubles/kept-events.ts';
import { crimeWarOf, quickPipeline, quickSimulator, quickTmdb, rawZone, readJson } from './running.ts';

const DOWN: Fault = { kind: 'outage', path: '' };
const input = { dataset: 'crime-war', day: '2026-11-20' };

/** A TMDB that the test takes down and brings back, without a network. */
const unsteady = (giveUpAfterMs = 600_000) => {
  const clock = fastClock();
  const { emit, events } = keptEvents();
  const state: { down: boolean; error: Error | undefined; upAt: number; failing: string[] } = {
    down: false,
    error: undefined,
    upAt: Number.POSITIVE_INFINITY,
    failing: [],
  };
  const inner = fakeTmdb((path) => {
    if (state.error) throw state.error;
    const isDown = state.down && clock.now() < state.upAt;
    if (isDown || state.failing.includes(path))
      throw new TmdbUnavailableError(`GET ${path}: down`, 'TMDB answers with status 503');
    return {};
  });
  const { tmdb, failed } = waitOutOutages(inner, { clock, emit, giveUpAfterMs });
  const ask = (path: string, from: Tmdb = tmdb) => from.get(path, {}, z.unknown(), { tally: newTally() });
  return { clock, events, state, inner, failed, ask, start: clock.now() };
};

describe('an outage of TMDB', () => {
  it('is waited out, in waits of 10, 20 and 30 seconds, and the question gets its answer', async () => {
    const { ask, state, clock, events, start } = unsteady();
    Object.assign(state, { down: true, upAt: start + 120_000 });

    expect(await ask('/movie/1')).toMatchObject({ body: {} });
    expect(clock.now() - start).toBe(120_000);
    expect(events).toEqual([
      ...[
        [10_000, 600_000],
        [20_000, 590_000],
        [30_000, 570_000],
        [30_000, 540_000],
        [30_000, 510_000],
      ].map(([waitMs, givesUpInMs]) => ({
        type: 'tmdbDown',
        reason: 'TMDB answers with status 503',
        waitMs,
        givesUpInMs,
      })),
      { type: 'tmdbUp', afterMs: 120_000 },
    ]);
  });

  it('is waited out once for all questions, also for those that come meanwhile', async () => {
    const { ask, state, events, inner, start } = unsteady();
    Object.assign(state, { down: true, upAt: start + 25_000 });

    const first = Array.from({ length: 50 }, (_, id) => ask(`/movie/${id}`));
    await Promise.all([...first, first[0]?.then(() => ask('/movie/50'))]);

    expect(events.map(({ type }) => type)).toEqual(['tmdbDown', 'tmdbDown', 'tmdbUp']);
    expect(inner.paths().filter((path) => path === '/authentication')).toHaveLength(3);
    expect(inner.paths().filter((path) => path === '/movie/7')).toHaveLength(2);
  });

  it('ends the run when it takes longer than the limit', async () => {
    const { ask, state, failed, clock, start } = unsteady(45_000);
    state.down = true;
    const message =
      'TMDB gave no usable answer for 45 s (TMDB answers with status 503): continue when TMDB answers again, or wait longer with --give-up-after.';

    await expect(ask('/movie/1')).rejects.toThrow(message);
    await expect(failed).rejects.toThrow(message);
    expect(clock.now() - start).toBe(45_000);
  });
});

describe('no outage', () => {
  it('is one question without an answer, while others are answered', async () => {
    const { ask, state, clock, events, start, inner } = unsteady();
    state.failing = ['/movie/1042'];

    await expect(ask('/movie/1042')).rejects.toThrow('GET /movie/1042: down');
    expect(await ask('/movie/1043')).toMatchObject({ body: {} });
    expect(events).toEqual([]);
    expect(clock.now()).toBe(start);
    expect(inner.paths()).toEqual(['/movie/1042', '/authentication', '/movie/1043']);
  });

  it.each([new TmdbTokenError('rejected'), new TmdbRefusedError('422'), new TypeError('a bug')])(
    'is any other error: %s',
    async (error) => {
      const { ask, state, events, inner } = unsteady();
      state.error = error;
      await expect(ask('/movie/1')).rejects.toBe(error);
      expect(events).toEqual([]);
      expect(inner.asked).toHaveLength(1);
    },
  );

  it('is a token that TMDB rejects after the outage: the question then says so', async () => {
    const { ask, state, clock } = unsteady();
    state.down = true;
    const asking = ask('/movie/1');
    await clock.sleep(1);
    state.error = new TmdbTokenError('rejected');
    await expect(asking).rejects.toThrow('rejected');
  });
});

describe('a run', () => {
  const patientRun = async (faults: readonly Fault[], onDown: (times: number) => readonly Fault[] | undefined) => {
    const simulator = await quickSimulator({ faults });
    const { emit, events } = keptEvents();
    const clock = fastClock(Date.now());
    let times = 0;
    const pipeline = await quickPipeline(simulator, {
      env: { DATASETS: await crimeWarOf(2021, 2022) },
      clock,
      tmdb: quickTmdb(simulator, {}, clock),
      giveUpAfterSeconds: 600,
      emit: (event) => {
        emit(event);
        const next = event.type === 'tmdbDown' ? onDown(++times) : undefined;
        if (next) simulator.use(next);
      },
    });
    const ended = pipeline.start(input).ended;
    return { simulator, pipeline, events, execution: await Promise.race([ended, pipeline.failed]) };
  };

  it('survives two minutes of TMDB without any answer, with the same bytes and without a failed branch', async () => {
    // The outage starts with the first movie of the first branch.
    let began = false;
    const simulator = await quickSimulator();
    const clock = fastClock(Date.now());
    const tmdb = quickTmdb(simulator, {}, clock);
    const { emit, events } = keptEvents();
    let times = 0;
    const DATASETS = await crimeWarOf(2021, 2022);
    const pipeline = await quickPipeline(simulator, {
      env: { DATASETS },
      clock,
      tmdb: {
        ...tmdb,
        lookUp: (...question) => {
          if (!began) simulator.use([DOWN]);
          began = true;
          return tmdb.lookUp(...question);
        },
      },
      giveUpAfterSeconds: 600,
      emit: (event) => {
        emit(event);
        if (event.type === 'tmdbDown' && ++times === 5) simulator.use([]);
      },
    });
    expect(await pipeline.start(input).ended).toMatchObject({ status: 'SUCCEEDED' });
    expect(events.filter(({ type }) => type === 'tmdbDown')).toHaveLength(5);
    expect(events.filter(({ type }) => type === 'branchFailed')).toEqual([]);
    const undisturbed = await quickPipeline(await quickSimulator(), { env: { DATASETS } });
    await undisturbed.start(input).ended;
    expect(await rawZone(pipeline.bucket)).toEqual(await rawZone(undisturbed.bucket));
    const { missing } = await readJson(pipeline.bucket, '_manifests/crime-war/2026-11-20/manifest.json');
    expect(missing.unavailable).toBeUndefined();
  });

  it('waits in the planner, too', async () => {
    const { execution, events } = await patientRun([DOWN], (times) => (times === 2 ? [] : undefined));
    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(events.filter(({ type }) => type === 'listUnavailable')).toEqual([]);
  });

  it('ends when the outage is too long', async () => {
    await expect(patientRun([DOWN], () => undefined)).rejects.toThrow(
      /^TMDB gave no usable answer for 600 s \(TMDB answers with status 500\)/,
    );
  });

  it('does not take an outage of one branch for one of TMDB', async () => {
    const { execution, events } = await patientRun(faultsNamed('outage-crime-2021') ?? [], () => undefined);
    expect(execution.status).toBe('FAILED');
    expect(events.filter(({ type }) => type === 'tmdbDown')).toEqual([]);
    expect(events.filter(({ type }) => type === 'branchWritten')).toHaveLength(3);
  });

  it('does not take movies that always fail for an outage, also in a storm', async () => {
    const faults = [...(faultsNamed('storm') ?? []), { kind: 'always-500', share: 0.01 } as const];
    const { events } = await patientRun(faults, () => undefined);
    expect(events.filter(({ type }) => type === 'tmdbDown')).toEqual([]);
  });
});
