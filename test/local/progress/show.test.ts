import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../lib/events.ts';
import { showProgress } from '../../../local/progress/show.ts';

/** What is written for some events, and for the ticks of the timer between them (a number is a time at which it ticks). */
const shown = (
  events: readonly ((RunEvent & { at?: number }) | number)[],
  {
    terminal,
    end = 'stop',
    ...env
  }: { terminal?: { columns: number; rows: number }; end?: 'stop' | 'leave' } & Record<string, unknown> = {},
) => {
  let text = '';
  let now = 0;
  const out = Object.assign(
    new Writable({
      write: (chunk, _, done) => {
        text += chunk;
        done();
      },
    }),
    terminal && { isTTY: true, ...terminal },
  ) as unknown as NodeJS.WriteStream;
  const ticks = new Set<() => void>();
  const progress = showProgress(out, {
    pace: 36,
    env: env as Record<string, string>,
    now: () => now,
    every: (_, tick) => {
      ticks.add(tick);
      return () => ticks.delete(tick);
    },
  });
  for (const one of events) {
    if (typeof one === 'number') {
      now = one;
      for (const tick of ticks) tick();
      continue;
    }
    const { at = now, ...event } = one;
    now = at;
    progress.see(event);
  }
  progress[end]();
  expect(ticks.size).toBe(0);
  return text;
};
const waiting = (at: number, waitMs: number): RunEvent & { at: number } => ({
  type: 'waiting',
  at,
  branch: 'crime-2017',
  reason: 'TMDB throttles (429)',
  retry: 1,
  retries: 4,
  waitMs,
});

const planned: RunEvent = {
  type: 'planned',
  dataset: 'crime-war',
  day: '2026-11-20',
  run: 'one',
  outcome: 'planned',
  branches: 2,
  expected: 120,
  sentence: '2 branches.',
};
const failed = (attempt: number, nextTryInMs?: number): RunEvent => ({
  type: 'branchFailed',
  branch: 'crime-2017',
  error: 'TmdbUnavailableError',
  reason: 'GET /discover/movie: TMDB answers with status 503, after 4 retries.',
  attempt,
  attempts: 3,
  ...(nextTryInMs !== undefined && { nextTryInMs }),
});

describe('progress without a terminal', () => {
  it('has a line for each reason of an outage, and for its end', () => {
    expect(
      shown([
        { type: 'tmdbDown', reason: 'TMDB answers with status 503', waitMs: 20_000, givesUpInMs: 540_000 },
        { type: 'tmdbDown', reason: 'TMDB answers with status 503', waitMs: 20_000, givesUpInMs: 530_000 },
        { type: 'tmdbDown', reason: 'the connection to TMDB failed (ENOTFOUND)', waitMs: 30_000, givesUpInMs: 519_100 },
        { type: 'tmdbUp', afterMs: 110_250 },
      ]),
    ).toBe(
      `  TMDB answers with status 503; waiting, next try in 20 s (gives up in 540 s).
  The connection to TMDB failed (ENOTFOUND); waiting, next try in 30 s (gives up in 520 s).
  TMDB answers again after 111 s.
`,
    );
  });

  it('shows a wait of a single request if it is long, and not each of them', () => {
    const line = '  crime-2017: TMDB throttles (429); waiting 2 s (retry 1 of 4).\n';
    expect(shown([waiting(0, 999)])).toBe('');
    expect(shown([waiting(0, 2_000), waiting(100, 2_000), waiting(4_999, 2_000)])).toBe(line);
    expect(shown([waiting(0, 2_000), waiting(5_000, 2_000)])).toBe(`${line}${line}`);
  });

  it('has a line about the run for each tick, one for each branch, and an error in full once', () => {
    const events = [
      planned,
      { type: 'branchStarted', branch: 'crime-2017' } as const,
      failed(1, 1_000),
      failed(2, 1_000),
      failed(3),
      { type: 'moviesKept', branch: 'war-2012', kept: 47, of: 47, at: 4_000 } as const,
      { type: 'requested', branch: 'war-2012', requests: 90, retries: 2, throttles: 2 } as const,
      { type: 'branchWritten', branch: 'war-2012', kept: 30, leftOut: 17, parts: 1 } as const,
      5_000,
    ];
    expect(shown(events)).toBe(`2 branches.
  crime-2017: TmdbUnavailableError: GET /discover/movie: TMDB answers with status 503, after 4 retries. (attempt 1 of 3, next try in 1 s)
  crime-2017 failed with the same error (attempt 3 of 3)
  war-2012: 30 kept, 17 left out, 1 part
  47 of 120 movies, 1 of 2 branches, 1 failed, 18.0 of 36 requests/s, 429s: 2
`);
  });
});

describe('progress on a terminal', () => {
  const terminal = { columns: 80, rows: 24 };
  const colours = new RegExp(`${String.fromCharCode(27)}\\[[0-9]+m`);
  const moves = new RegExp(`${String.fromCharCode(27)}\\[[0-9]*[AGK]`);
  const events = [planned, { type: 'branchStarted', branch: 'crime-2017' } as const, 100, failed(1, 1_000), 200];

  it('draws lines that change, in colours', () => {
    const text = shown(events, { terminal });
    expect(text).toMatch(colours);
    expect(text).toMatch(moves);
  });

  it.each([{ NO_COLOR: '1' }])('has no colours with %o', (env) => {
    const text = shown(events, { terminal, ...env });
    expect(text).not.toMatch(colours);
    expect(text).toMatch(moves);
  });

  it.each([{ TERM: 'dumb' }, { CI: 'true' }])('is plain lines with %o', (env) => {
    expect(shown(events, { terminal, ...env })).toBe(shown(events));
  });

  it('leaves the last lines at Ctrl-C, and removes them at the end of a run', () => {
    const last = (end: 'stop' | 'leave') => shown([...events, 300], { terminal, end, NO_COLOR: '1' });
    expect(last('leave').trimEnd()).toMatch(/attempt 2 of 3, next in 1 s\n(?:[^\n]*)$/);
    expect(last('stop').split('\n').at(-1)).toContain('\x1b[1A\x1b[2K\x1b[G');
  });
});
