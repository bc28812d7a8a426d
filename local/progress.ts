import { SingleBar } from 'cli-progress';
import type { Log } from '../lib/log.ts';

/** What a run's log says, as far as progress goes. */
interface Facts {
  branch?: string;
  kept?: number;
  of?: number;
  movies?: number;
  expected?: number;
  leftOut?: number;
  parts?: number;
  branches?: number;
  error?: string;
  because?: string;
}

/** Shows how far a run is. */
export interface Progress {
  see(message: string, facts: Facts): void;
  stop(): void;
}

/**
 * A bar that moves on a terminal; elsewhere a line for each branch that ends.
 *
 * It reads the functions' own log: they don't know that anybody watches.
 */
export const showProgress = (out: NodeJS.WriteStream): Progress => (out.isTTY ? bar(out) : lines(out));

const lines = (out: NodeJS.WriteStream): Progress => ({
  see: (message, { branch, kept, leftOut, parts, error, because, ...facts }) => {
    if (message === 'branch written')
      out.write(`  ${branch}: ${kept} kept, ${leftOut} left out, ${parts} ${parts === 1 ? 'part' : 'parts'}\n`);
    else if (message === 'branch failed') out.write(`  ${branch}: ${error}: ${because}\n`);
    else if ('outcome' in facts && facts.outcome === 'planned') out.write(`${message}\n`);
  },
  stop: () => undefined,
});

const bar = (out: NodeJS.WriteStream): Progress => {
  const shown = new SingleBar({
    stream: out,
    format: '{bar} {percentage}% | {value}/{total} movies | {branches} of {of} branches | {duration_formatted}',
    barCompleteChar: '\u2588',
    barIncompleteChar: '\u2591',
    hideCursor: true,
    clearOnComplete: true,
  });
  const movies = new Map<string, { kept: number; of: number }>();
  let branches = 0;
  let of = 0;
  let expected: number | undefined;
  const update = () => {
    if (!shown.isActive) shown.start(expected ?? 0, 0, { branches, of });
    const all = [...movies.values()];
    const sum = (field: 'kept' | 'of') => all.reduce((total, one) => total + one[field], 0);
    shown.setTotal(Math.max(expected ?? 0, sum('of')));
    shown.update(sum('kept'), { branches, of });
  };
  return {
    see: (message, { branch = '', kept = 0, of: listed = 0, ...facts }) => {
      // The planner's word; before it nobody knows how much there is.
      if (facts.expected !== undefined && !branch) [expected, of] = [facts.expected, facts.branches ?? 0];
      if (expected === undefined) return;
      if (message === 'movies kept') movies.set(branch, { kept, of: listed });
      if (message === 'branch written') branches += 1;
      // Above the bar, which draws itself anew below it.
      if (message === 'branch failed') out.write(`\r\x1b[K  ${branch}: ${facts.error}: ${facts.because}\n`);
      update();
    },
    stop: () => shown.stop(),
  };
};

/** For those who only want the result. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** A log that goes to a file as JSON lines, and past somebody who watches. */
export const watchedLog = (write: (line: string) => void, see: Progress['see']): Log => {
  const level = (name: string) => (message: string, facts: Record<string, unknown>) => {
    write(`${JSON.stringify({ at: new Date().toISOString(), level: name, message, ...facts })}\n`);
    see(message, facts as Facts);
  };
  return { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') };
};
