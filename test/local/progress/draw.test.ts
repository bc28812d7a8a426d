import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { draw } from '../../../local/progress/draw.ts';
import { wrapped } from '../../../local/progress/said.ts';
import { newRun, type RunState } from '../../../local/progress/state.ts';

const NOW = 100_000;
const LONG = 'the connection to TMDB failed (ECONNRESET), which says nothing about why, at great length';

const state = (branches: number): RunState => {
  const names = Array.from({ length: branches }, (_, index) => `science-fiction-${1990 + index}`);
  return {
    ...newRun(36),
    plan: { dataset: 'crime-war', day: '2026-11-20', branches: 40, expected: 1_531, at: NOW - 60_000 },
    running: new Map(
      names.map((name, index) => [
        name,
        { waits: index % 3 === 1 ? { why: LONG, attempt: 'attempt 3 of 5', until: NOW + 12_000 } : undefined },
      ]),
    ),
    movies: new Map(names.flatMap((name, index) => (index % 3 === 0 ? [[name, { kept: 45, of: 74 }] as const] : []))),
    written: new Set(['war-2012', 'war-2013']),
    throttles: 3,
    recent: [{ at: NOW - 1, requests: 358, movies: 340 }],
  };
};
const drawn = (branches: number, columns: number, rows: number) =>
  draw(state(branches), { columns, rows, colours: false }, NOW);

describe('the lines of a run', () => {
  it('are one for the run and one for each branch that runs', () => {
    expect(drawn(3, 80, 24)).toEqual([
      '45 of 1531 movies  2 of 40 branches  35.8 of 36 requests/s  429s: 3  44 s left',
      `  science-fiction-1990  ${'█'.repeat(14)}${'░'.repeat(10)}  45 of 74`,
      '  science-fiction-1991  the connection to TMDB f…, attempt 3 of 5, next in 12 s',
      '  science-fiction-1992  reads its list',
    ]);
  });

  it('say that a wait is over, and that all requests wait in an outage', () => {
    expect(draw(state(3), { columns: 80, rows: 24, colours: false }, NOW + 12_500)[2]).toMatch(
      /…, attempt 3 of 5, sent again$/,
    );
    const outage = { why: 'TMDB answers with status 503', until: NOW + 9_000 };
    expect(draw({ ...state(0), outage }, { columns: 80, rows: 24, colours: false }, NOW)).toEqual([
      '0 of 1531 movies  TMDB answers with status 503, next in 9 s',
    ]);
  });

  it('are never wider than the terminal, and fewer than its rows', () => {
    for (let columns = 1; columns <= 130; columns += 1)
      for (const rows of [1, 2, 5, 6, 8, 24])
        for (const branches of [0, 1, 3, 4, 40]) {
          const lines = drawn(branches, columns, rows);
          expect([columns, Math.max(...lines.map(({ length }) => length)) < Math.max(2, columns)]).toEqual([
            columns,
            true,
          ]);
          expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
        }
  });

  it('name the number of branches that have no room', () => {
    expect(drawn(40, 80, 24).at(-1)).toBe('  and 22 more branches');
    expect(drawn(40, 80, 24)).toHaveLength(20);
  });

  it('hold no character that moves the cursor', () => {
    const running = new Map([['crime-2017', { waits: { why: '\x1b[2J\r\nTMDB', until: NOW } }]]);
    const lines = draw({ ...state(0), running }, { columns: 80, rows: 24, colours: false }, NOW);
    expect(lines.join('')).not.toMatch(/\p{Cc}/u);
  });

  it('have the same text in colours', () => {
    const coloured = draw(state(3), { columns: 80, rows: 24, colours: true }, NOW);
    expect(coloured.join('')).toContain('\x1b[');
    expect(coloured.map(stripVTControlCharacters)).toEqual(drawn(3, 80, 24));
  });
});

describe('a text that is wider than the terminal', () => {
  const text = `  crime-2017: ListIncompleteError: ${'word '.repeat(40)}${'x'.repeat(200)} end`;

  it.each([20, 40, 80, 120])('is broken between words at %i columns, and nothing is cut', (columns) => {
    const lines = wrapped(text, columns);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(columns);
    expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
    expect(lines[0]).toMatch(/^ {2}\S/);
    expect(lines[1]).toMatch(/^ {4}\S/);
  });

  it('stays as it is where it fits', () => {
    expect(wrapped('  short', 80)).toEqual(['  short']);
  });
});
