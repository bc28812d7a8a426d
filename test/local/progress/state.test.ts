import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../lib/events.ts';
import { newRun, nextState, overview } from '../../../local/progress/state.ts';

type At = readonly [at: number, event: RunEvent];

const stateAfter = (...events: readonly At[]) =>
  events.reduce((state, [at, event]) => nextState(state, event, at), newRun(36));

const planned = (branches: number, expected: number): RunEvent => ({
  type: 'planned',
  dataset: 'crime-war',
  day: '2026-11-20',
  run: 'one',
  outcome: 'planned',
  branches,
  expected,
  sentence: '',
});
const started = (branch: string): RunEvent => ({ type: 'branchStarted', branch });
const kept = (branch: string, count: number, of: number): RunEvent => ({ type: 'moviesKept', branch, kept: count, of });
const requested = (requests: number, throttles = 0): RunEvent => ({
  type: 'requested',
  branch: 'crime-2017',
  requests,
  retries: 0,
  throttles,
});
const waiting = (waitMs: number, retry = 2): RunEvent => ({
  type: 'waiting',
  branch: 'crime-2017',
  reason: 'TMDB answers with status 503',
  retry,
  retries: 4,
  waitMs,
});
const failed = (nextTryInMs?: number): RunEvent => ({
  type: 'branchFailed',
  branch: 'crime-2017',
  error: 'ListIncompleteError',
  reason: 'no list',
  attempt: nextTryInMs === undefined ? 3 : 1,
  attempts: 3,
  ...(nextTryInMs !== undefined && { nextTryInMs }),
});

describe('the state of a run', () => {
  it('has no plan after a dry run or a run that was turned away', () => {
    for (const outcome of ['dryRun', 'turnedAway'] as const)
      expect(stateAfter([0, { ...planned(2, 100), outcome } as RunEvent]).plan).toBeUndefined();
  });

  it('knows which branches run, failed and are written', () => {
    const one = stateAfter([0, planned(3, 100)], [1, started('crime-2017')], [1, started('war-2012')]);
    expect([...one.running.keys()]).toEqual(['crime-2017', 'war-2012']);
    const two = nextState(
      nextState(one, failed(), 2),
      { type: 'branchWritten', branch: 'war-2012', kept: 1, leftOut: 0, parts: 1 },
      2,
    );
    expect([[...two.running.keys()], [...two.failed], [...two.written]]).toEqual([[], ['crime-2017'], ['war-2012']]);
    const second = nextState(two, started('crime-2017'), 3);
    expect([[...second.running.keys()], [...second.failed]]).toEqual([['crime-2017'], []]);
  });

  it('says what a branch waits for, until it keeps something', () => {
    const waits = (...events: readonly At[]) =>
      stateAfter([0, planned(1, 100)], [0, started('crime-2017')], ...events).running.get('crime-2017')?.waits;
    expect(waits([100, waiting(12_000)])).toEqual({
      why: 'TMDB answers with status 503',
      attempt: 'attempt 3 of 5',
      until: 12_100,
    });
    expect(waits([100, waiting(12_000)], [200, waiting(2_000)])?.until).toBe(12_100);
    expect(waits([100, waiting(900)])).toBeUndefined();
    expect(waits([100, waiting(12_000)], [300, kept('crime-2017', 10, 70)])).toBeUndefined();
    expect(waits([100, failed(30_000)])).toEqual({
      why: 'ListIncompleteError',
      attempt: 'attempt 2 of 3',
      until: 30_100,
    });
  });

  it('does not change an earlier state', () => {
    const before = stateAfter([0, planned(1, 100)], [0, started('crime-2017')]);
    const copy = structuredClone(before);
    nextState(before, kept('crime-2017', 5, 10), 5);
    nextState(before, failed(), 5);
    expect(before).toEqual(copy);
  });
});

describe('the figures of a run', () => {
  it('are averages over ten seconds: requests and movies in a second, and the time that is left', () => {
    const chunks = Array.from({ length: 30 }, (_, index): At[] => [
      [index * 1_000, requested(36)],
      [index * 1_000, kept('crime-2017', index * 30, 1_800)],
    ]);
    const state = stateAfter([0, planned(1, 1_800)], ...chunks.flat());
    expect(overview(state, 29_000)).toEqual({ movies: 870, ofMovies: 1_800, perSecond: 36, secondsLeft: 31 });
    expect(overview(state, 45_000)).toMatchObject({ perSecond: 0, secondsLeft: undefined });
    expect(state.requests).toBe(1_080);
    expect(state.recent.length).toBeLessThan(30);
  });

  it('do not count what an earlier run kept as movies of this second', () => {
    const state = stateAfter([0, planned(1, 1_800)], [1_000, kept('crime-2017', 1_000, 1_800)]);
    expect(overview(state, 1_000).secondsLeft).toBeUndefined();
  });

  it('have the total of the lists where it is above the plan, and the 429s', () => {
    const state = stateAfter([0, planned(2, 50)], [1, kept('a', 0, 40)], [1, kept('b', 0, 41)], [2, requested(5, 3)]);
    expect([overview(state, 2).ofMovies, state.throttles]).toEqual([81, 3]);
  });
});
