import { describe, expect, it } from 'vitest';
import { saveManifest } from '../../../lib/runs/manifest.ts';
import { onBranch } from '../../../lib/stages/on-branch.ts';
import { TmdbUnavailableError } from '../../../lib/tmdb/errors.ts';
import { fastClock } from '../../doubles/fast-clock.ts';
import { keptEvents } from '../../doubles/kept-events.ts';
import { memoryStore } from '../../doubles/memory-store.ts';
import { crime2017 } from '../crime-2017.ts';
import { manifested } from '../runs/manifested.ts';

const FAILED = '_runs/crime-war/2026-11-20/friday/failed/crime-2017.json';
const PLAN = '_runs/crime-war/2026-11-20/friday/plan/crime-2017.json';
const { dataset, day, run, branch } = crime2017();
const LOCK = '_runs/crime-war/2026-11-20/lock.json';
const ref = { dataset, day, run, branch, execution: 'arn:friday' };
const lockedBy = (holder: string) => JSON.stringify({ holder, since: '2026-11-20T11:00:00.000Z' });

const planned = async (store = memoryStore()) => {
  await store.put(PLAN, JSON.stringify(crime2017()));
  await store.put(LOCK, lockedBy('arn:friday'));
  const { emit, events } = keptEvents();
  return {
    store,
    events,
    do: <Out>(work: Parameters<typeof onBranch<Out>>[3], event: unknown = ref, on: object = {}) =>
      onBranch(event, 'event of the writer', { store, clock: fastClock(), emit, ...on }, work),
  };
};
const failing = (thrown: unknown) => async () => {
  throw thrown;
};

describe('the work on a branch', () => {
  it('gets the planned branch, and writes nothing else to the bucket', async () => {
    const { do: work, store, events } = await planned();

    expect(await work(async (one) => one.settings.name)).toEqual({ ref, done: 'crime-war' });
    expect([store.keys(), events]).toEqual([[PLAN, LOCK], []]);
  });

  it('is not repeated when the branch is finished', async () => {
    const { do: work, store } = await planned();
    await saveManifest(store, manifested());

    expect(await work(() => expect.unreachable('It was done again.'))).toEqual({ ref, done: undefined });
  });

  it('records its error in the bucket, emits an event, and fails', async () => {
    const { do: work, store, events } = await planned();

    await expect(work(failing(new TmdbUnavailableError('GET /movie/7: status 500')))).rejects.toThrow(
      TmdbUnavailableError,
    );
    expect(store.json(FAILED)).toEqual({
      error: 'TmdbUnavailableError',
      message: 'GET /movie/7: status 500',
      at: '2026-11-20T12:00:00.000Z',
    });
    expect(events).toEqual([
      { type: 'branchFailed', branch, error: 'TmdbUnavailableError', reason: 'GET /movie/7: status 500' },
    ]);
  });

  it('fails with its own error when the bucket fails, too', async () => {
    const { do: work, store } = await planned();
    const broken = { ...store, put: () => Promise.reject(new Error('SlowDown')) };

    await expect(work(failing(new TmdbUnavailableError('status 500')), ref, { store: broken })).rejects.toThrow(
      'status 500',
    );
  });

  it('fails with an error when the thrown value is not an error', async () => {
    const { do: work, store } = await planned();

    await expect(work(failing('no error'))).rejects.toThrow('no error');
    expect(store.json(FAILED)).toMatchObject({ error: 'Error', message: 'no error' });
  });

  it('does not begin when another run has the day, and the reason is recorded', async () => {
    const { do: work, store } = await planned();
    await store.put(LOCK, lockedBy('arn:saturday'));

    await expect(work(() => expect.unreachable('It was done.'))).rejects.toMatchObject({ name: 'DayLostError' });
    expect(store.keys()).toEqual([FAILED, PLAN, LOCK]);
    expect(store.json(FAILED)).toMatchObject({
      error: 'DayLostError',
      message: expect.stringMatching(/^crime-war, 2026-11-20: arn:saturday has taken this day since/),
    });
  });

  it('ends at its next write when another run takes the day meanwhile', async () => {
    const { do: work, store } = await planned();
    const writing = work(async (_, bucket) => {
      await bucket.put('part-1.json', '');
      await store.put(LOCK, lockedBy('arn:saturday'));
      await bucket.put('part-2.json', '');
    });

    await expect(writing).rejects.toMatchObject({ name: 'DayLostError' });
    expect(store.keys()).toEqual([FAILED, PLAN, LOCK, 'part-1.json']);
  });

  it.each([
    [{ ...ref, branch: 'war-2017' }, 'NotPlannedError'],
    [{ ...ref, run: '../x' }, 'BadInputError'],
    ['nonsense', 'BadInputError'],
  ])('is rejected for the event %j, which names no planned branch, and nothing is written', async (event, name) => {
    const { do: work, store } = await planned();

    await expect(work(() => expect.unreachable('It was done.'), event)).rejects.toMatchObject({ name });
    expect(store.keys()).toEqual([PLAN, LOCK]);
  });
});
