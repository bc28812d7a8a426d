import { describe, expect, it } from 'vitest';
import { noting } from '../../../lib/stages/on-branch.ts';
import { TmdbUnavailableError } from '../../../lib/tmdb/errors.ts';
import { fastClock } from '../../doubles/fast-clock.ts';
import { keptLog } from '../../doubles/kept-log.ts';
import { memoryStore } from '../../doubles/memory-store.ts';
import { crime2017 } from '../crime-2017.ts';

const FAILED = '_runs/crime-war/2026-11-20/friday/failed/crime-2017.json';
const failing = (thrown: unknown, store = memoryStore()) => {
  const log = keptLog();
  const { dataset, day, run, branch } = crime2017();
  const done = noting({ store, clock: fastClock(), log }, { dataset, day, run, branch }, async () => {
    throw thrown;
  });
  return { done, store, log };
};

describe('a handler', () => {
  it('that succeeds leaves no word', async () => {
    const store = memoryStore();
    const services = { store, clock: fastClock(), log: keptLog() };

    expect(await noting(services, crime2017(), async () => 'done')).toBe('done');
    expect([store.keys(), services.log.lines]).toEqual([[], []]);
  });

  it('that fails leaves word in the bucket and in the log, and fails', async () => {
    const { done, store, log } = failing(new TmdbUnavailableError('GET /movie/7: status 500'));

    await expect(done).rejects.toThrow(TmdbUnavailableError);
    expect(store.json(FAILED)).toEqual({
      error: 'TmdbUnavailableError',
      message: 'GET /movie/7: status 500',
      at: '2026-11-20T12:00:00.000Z',
    });
    expect(log.lines).toMatchObject([
      { level: 'error', facts: { branch: 'crime-2017', error: 'TmdbUnavailableError' } },
    ]);
  });

  it('fails with its own error where the bucket fails, too', async () => {
    const broken = { ...memoryStore(), put: () => Promise.reject(new Error('SlowDown')) };

    await expect(failing(new TmdbUnavailableError('status 500'), broken).done).rejects.toThrow('status 500');
  });

  it('that throws something else than an error fails with one', async () => {
    const { done, store } = failing('no error');

    await expect(done).rejects.toThrow('no error');
    expect(store.json(FAILED)).toMatchObject({ error: 'Error', message: 'no error' });
  });
});
