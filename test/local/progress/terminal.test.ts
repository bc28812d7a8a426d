import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startCommand } from '../command-line.ts';
import { rawZone, temporaryFolder } from '../running.ts';
import { noTerminal, onTerminal, type Shown } from '../terminal.ts';

const missing = noTerminal();
if (missing) process.stderr.write(`The tests of progress on a terminal are skipped: this machine ${missing}.\n`);

const DAY = '2026-11-20';
/** One branch of four fails in all attempts of both sweeps: its list claims to be too long. */
const ARGS = [
  '--only',
  'crime-2017,crime-2013,war-2012,war-2013',
  '--day',
  DAY,
  '--ceiling',
  'none',
  '--latency',
  '0-0',
];
const FAILS = [...ARGS, '--faults', 'list-huge'];
const ERROR =
  'crime-2017: ListIncompleteError: TMDB lists 20000000000 movies of genre 80 from 2017-01-01 to 2017-12-31, on 1000000000 pages, and serves 500 pages of a list; a branch is cut into at most 64 windows of a day or more. Use narrower filters in the dataset. (attempt 1 of 3, next try in 1 s)';

/** The part of the output that is about the running run: the sentence of the plan, up to the summary. */
const whileRunning = ({ lines }: Shown): string[] => {
  const from = lines.findIndex((line) => line.startsWith('4 branches'));
  const to = lines.findIndex((line, index) => index > from && /^(Run local|Stopped)/.test(line));
  expect([from, to].every((index) => index > 0)).toBe(true);
  return lines.slice(from, to);
};

const expectWhole = (shown: Shown, columns: number) => {
  const running = whileRunning(shown);
  // At no moment did the terminal have to break a line of these.
  const during = shown.wrapped.filter(
    (line) => !/^(Run local|The day|Files of|Folder:|Unfinished:|To continue|Stopped)/.test(line),
  );
  expect(during).toEqual([]);
  expect(Math.max(...running.map(({ length }) => length))).toBeLessThan(columns);
  // The error is there in full, and once.
  const text = running.map((line) => line.trim()).join(' ');
  expect(text.split(ERROR)).toHaveLength(2);
  expect(text.split('ListIncompleteError: ')).toHaveLength(2);
  // The cursor is back.
  expect(shown.bytes.lastIndexOf('\x1b[?25h')).toBeGreaterThan(shown.bytes.lastIndexOf('\x1b[?25l'));
};

it.skipIf(missing).concurrent(
  'a run with a failing branch is readable at 80 × 24: no line too wide, its error whole and once',
  async () => {
    const out = await temporaryFolder();
    const options = { columns: 80, rows: 24, env: { TMDB_REQUESTS_PER_SECOND: '200' } };
    const shown = await onTerminal('local/main.ts', [...FAILS, '--out', out], options).ended;
    expect(shown.code).toBe(1);
    expectWhole(shown, 80);
    expect(
      whileRunning(shown).filter((line) => line.includes('failed with the same error (attempt 3 of 3)')),
    ).toHaveLength(2);
    expect(shown.bytes).toContain('ListIncompleteError, attempt 2 of 3, next in 1 s');
    // The lines that changed are gone.
    expect(whileRunning(shown).join('')).not.toMatch(/ of \d+ movies {2}|█/);
  },
);

it.skipIf(missing).concurrent(
  'Ctrl-C at 120 × 40 leaves the last state and the command, exits with 130, and the resumed run finishes',
  async () => {
    const out = await temporaryFolder();
    // So slow that the run takes 11 s: the branch is still running when the key arrives, also on a busy machine.
    const options = { columns: 120, rows: 40, env: { TMDB_REQUESTS_PER_SECOND: '20' } };
    const run = onTerminal('local/main.ts', [...FAILS, '--out', out], options);
    await run.shows(/[1-9]\d* of 134/);
    run.type('\x03');
    const shown = await run.ended;
    expect(shown.code).toBe(130);
    expectWhole(shown, 120);
    expect(whileRunning(shown).join('\n')).toMatch(
      /\d+ of 226 movies {2}\d of 4 branches {2}[\d.]+ of 22\.2 requests\/s {2}429s: 0/,
    );
    expect(whileRunning(shown).join('\n')).toMatch(/crime-2013 +█+░+ {2}\d+ of 134/);
    const [, run130 = ''] =
      /^Stopped\. To continue this run: npm start -- --resume (\S+) /m.exec(shown.lines.join('\n')) ?? [];

    const env = { TMDB_REQUESTS_PER_SECOND: '100000' };
    const resumed = await startCommand(['--resume', run130, '--ceiling', 'none', '--latency', '0-0', '--out', out], env)
      .ended;
    expect(resumed).toMatchObject({ code: 0, out: expect.stringContaining(': complete') });
    expect(Object.keys(await rawZone(join(out, 'bucket')))).toHaveLength(5);
  },
);
