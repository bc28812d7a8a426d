import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../lib/events.ts';
import { showProgress } from '../../local/progress.ts';

const shown = (...events: (RunEvent & { at?: number })[]) => {
  let text = '';
  let now = 0;
  const out = new Writable({
    write: (chunk, _, done) => {
      text += chunk;
      done();
    },
  }) as unknown as NodeJS.WriteStream;
  const progress = showProgress(out, () => now);
  for (const { at = now, ...event } of events) {
    now = at;
    progress.see(event);
  }
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

describe('progress', () => {
  it('has a line for each try of an outage, and for its end', () => {
    expect(
      shown(
        { type: 'tmdbDown', reason: 'TMDB answers with status 503', waitMs: 20_000, givesUpInMs: 540_000 },
        { type: 'tmdbDown', reason: 'the connection to TMDB failed (ENOTFOUND)', waitMs: 30_000, givesUpInMs: 519_100 },
        { type: 'tmdbUp', afterMs: 110_250 },
      ),
    ).toBe(
      `  TMDB answers with status 503; waiting, next try in 20 s (gives up in 540 s).
  The connection to TMDB failed (ENOTFOUND); waiting, next try in 30 s (gives up in 520 s).
  TMDB answers again after 111 s.
`,
    );
  });

  it('shows a wait of a single request if it is long, and not each of them', () => {
    const line = '  crime-2017: TMDB throttles (429); waiting 2 s (retry 1 of 4).\n';
    expect(shown(waiting(0, 999))).toBe('');
    expect(shown(waiting(0, 2_000), waiting(100, 2_000), waiting(4_999, 2_000))).toBe(line);
    expect(shown(waiting(0, 2_000), waiting(5_000, 2_000))).toBe(`${line}${line}`);
  });
});
