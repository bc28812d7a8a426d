import { describe, expect, it } from 'vitest';
import {
  hasRetriedIds,
  isFinished,
  loadManifest,
  metricsOf,
  saveManifest,
  totals,
} from '../../../lib/runs/manifest.ts';
import { memoryStore } from '../../doubles/memory-store.ts';
import { crime2017 } from '../crime-2017.ts';
import { manifested } from './manifested.ts';

describe('a branch is finished', () => {
  const planned = crime2017();

  it.each([
    ['by its own run', {}, true],
    ['by its own run, though a clock stood still', { plannedAt: '2026-11-20T00:00:00.000Z' }, true],
    [
      'by a run that was planned later for the same day',
      { run: 'saturday', plannedAt: '2026-11-21T09:00:00.000Z' },
      true,
    ],
    ['not by a run that was planned before', { run: 'thursday', plannedAt: '2026-11-20T09:00:00.000Z' }, false],
    ['not by another run of the same moment', { run: 'other' }, false],
  ])('%s', (_, changes, finished) => {
    expect(isFinished(manifested(changes), planned)).toBe(finished);
  });

  it('not without a manifest', () => {
    expect(isFinished(undefined, planned)).toBe(false);
  });
});

describe('a manifest', () => {
  it('is loaded as it was saved', async () => {
    const store = memoryStore();
    await saveManifest(store, manifested());

    expect(await loadManifest(store, crime2017())).toEqual(manifested());
  });

  it('is undefined when this version of the code cannot read it', async () => {
    const store = memoryStore();
    await store.put('_manifests/crime-war/2026-11-20/branches/crime-2017.json', '{"branch":"crime-2017"}');

    expect(await loadManifest(store, crime2017())).toBeUndefined();
  });
});

describe('the figures of a day', () => {
  it('are the sums of its branches, and the ids without a record', () => {
    const one = manifested({ expected: 5, kept: 2, bytes: 100, missing: { gone: [1], is_tv: ['tt0000001'] } });
    const other = manifested({ expected: 7, kept: 3, bytes: 50, missing: { gone: [2], quarantined: [] } });

    expect(totals([one, other])).toMatchObject({
      expected: 12,
      kept: 5,
      bytes: 150,
      requests: 2 * manifested().requests,
      missing: { gone: [1, 2], is_tv: ['tt0000001'] },
    });
    expect(totals([one, other]).missing).not.toHaveProperty('quarantined');
  });

  it('are 0 without branches', () => {
    expect(totals([])).toMatchObject({ expected: 0, written: 0, missing: {} });
  });
});

describe('the metrics of a branch', () => {
  it('are its counts, its bytes and the seconds that fetching took', () => {
    const fetchedAt = { from: '2026-11-20T12:00:00.000Z', to: '2026-11-20T12:01:30.500Z' };

    expect(metricsOf(manifested({ written: 95, bytes: 10, fetchedAt, missing: { gone: [1, 2] } }))).toMatchObject({
      movies: { unit: 'Count', value: 95 },
      gone: { unit: 'Count', value: 2 },
      bytes: { unit: 'Bytes', value: 10 },
      branchSeconds: { unit: 'Seconds', value: 90.5 },
    });
  });

  it('are 0 s and 0 gone when nothing was fetched', () => {
    expect(metricsOf(manifested({ fetchedAt: { from: null, to: null }, missing: {} }))).toMatchObject({
      gone: { value: 0 },
      branchSeconds: { value: 0 },
    });
  });
});

describe('a manifest whose figures do not add up', () => {
  it.each([
    [{ distinct: 11 }, '11 distinct items are not 3 kept + 6 left out + 1 missing'],
    [{ written: 4 }, '3 kept movies are not 4 written ones with 3 records in the parts'],
    [{ parts: [] }, '3 kept movies are not 3 written ones with 0 records in the parts'],
    [{ distinct: 11, missing: { gone: [7], quarantined: [7] } }, 'an id is missing for two reasons'],
  ])('is not saved: %j', (changes, says) => {
    const store = memoryStore();

    expect(() => saveManifest(store, manifested(changes))).toThrow(says);
    expect(store.keys()).toEqual([]);
  });
});

describe('a branch with a round of its own', () => {
  it('is finished by a manifest of that round or a later one', () => {
    const branch = crime2017({ round: 2 });

    expect([1, 2, 3].map((round) => isFinished(manifested({ round }), branch))).toEqual([false, true, true]);
  });

  it('has ids that are requested again when they are quarantined or unavailable', () => {
    const lists = [
      { gone: [1] },
      { malformed: ['x'] },
      { quarantined: [] },
      { quarantined: [1] },
      { unavailable: [1] },
    ];

    expect(lists.map((missing) => hasRetriedIds(manifested({ missing })))).toEqual([false, false, false, true, true]);
  });
});
