import { describe, expect, it } from 'vitest';
import { forgetFailure, loadFailure, recordFailure } from '../../../lib/runs/failure.ts';
import { NOON } from '../../doubles/fast-clock.ts';
import { memoryStore } from '../../doubles/memory-store.ts';
import { crime2017 } from '../crime-2017.ts';

describe('the error of a failed function', () => {
  it('is recorded for the auditor, and truncated if it is long', async () => {
    const store = memoryStore();
    await recordFailure(store, crime2017(), new RangeError('x'.repeat(5_000)), new Date(NOON));

    expect(await loadFailure(store, crime2017())).toEqual({
      error: 'RangeError',
      message: 'x'.repeat(1_000),
      at: '2026-11-20T12:00:00.000Z',
    });
  });

  it('is removed when the branch is walked again, and nothing is removed if there is none', async () => {
    const store = memoryStore();
    await recordFailure(store, crime2017(), new Error('x'), new Date(NOON));
    await forgetFailure(store, crime2017());

    expect(await loadFailure(store, crime2017())).toBeUndefined();
    await forgetFailure({ ...store, remove: () => expect.unreachable('It removed something.') }, crime2017());
  });
});
