import { SingleBar } from 'cli-progress';
import type { Emit, RunEvent } from '../lib/events.ts';

/** Shows the progress of a run. */
export interface Progress {
  see: Emit;
  stop(): void;
}

/** On a terminal, shows a progress bar. Elsewhere, prints one line for each branch that ends. */
export const showProgress = (out: NodeJS.WriteStream, now = () => performance.now()): Progress => {
  const troubleLine = troubleLines(now);
  return out.isTTY ? bar(out, troubleLine) : lines(out, troubleLine);
};

type TroubleLine = (event: RunEvent) => string | undefined;

const lines = (out: NodeJS.WriteStream, troubleLine: TroubleLine): Progress => ({
  see: (event) => {
    if (event.type === 'datasetDoubtful') out.write(warningLine(event));
    if (event.type === 'planned' && event.outcome === 'planned') out.write(`${event.sentence}\n`);
    const trouble = troubleLine(event);
    if (trouble) out.write(`  ${trouble}\n`);
    if (event.type === 'branchWritten') {
      const { branch, kept, leftOut, parts } = event;
      out.write(`  ${branch}: ${kept} kept, ${leftOut} left out, ${parts} ${parts === 1 ? 'part' : 'parts'}\n`);
    }
  },
  stop: () => undefined,
});

const bar = (out: NodeJS.WriteStream, troubleLine: TroubleLine): Progress => {
  const shown = new SingleBar({
    stream: out,
    format: '{bar} {percentage}% | {value}/{total} movies | {branches} of {of} branches | {duration_formatted}',
    barCompleteChar: '\u2588',
    barIncompleteChar: '\u2591',
    hideCursor: true,
    clearOnComplete: true,
  });
  const movies = new Map<string, { kept: number; of: number }>();
  let written = 0;
  let plan: { branches: number; expected: number } | undefined;
  const draw = ({ branches, expected }: NonNullable<typeof plan>) => {
    const counts = { branches: written, of: branches };
    if (!shown.isActive) shown.start(expected, 0, counts);
    const all = [...movies.values()];
    const sum = (field: 'kept' | 'of') => all.reduce((total, one) => total + one[field], 0);
    shown.setTotal(Math.max(expected, sum('of')));
    shown.update(sum('kept'), counts);
  };
  return {
    see: (event) => {
      if (event.type === 'datasetDoubtful') out.write(warningLine(event));
      // Prints above the bar. The bar is then drawn again below.
      const trouble = troubleLine(event);
      if (trouble) out.write(`\r\x1b[K  ${trouble}\n`);
      // The total is unknown until the run is planned.
      if (event.type === 'planned') plan = event;
      if (!plan) return;
      if (event.type === 'moviesKept') movies.set(event.branch, event);
      if (event.type === 'branchWritten') written += 1;
      draw(plan);
    },
    stop: () => shown.stop(),
  };
};

const warningLine = ({ dataset, warning }: Extract<RunEvent, { type: 'datasetDoubtful' }>): string =>
  `Warning for dataset ${dataset}: ${warning}\n`;
/** Shortest wait of a single request that is shown, in milliseconds. Shorter ones are the rule on a busy day. */
const SHOWN_WAIT_MS = 1_000;

/** Least time between two lines about waits of single requests, in milliseconds. */
const WAIT_LINE_MS = 5_000;

/** What a person should know while it happens: a failure, an outage, and from time to time a wait. */
const troubleLines = (now: () => number): TroubleLine => {
  let lastWaitAt = Number.NEGATIVE_INFINITY;
  return (event) => {
    switch (event.type) {
      case 'branchFailed':
        return failureLine(event);
      case 'tmdbDown':
        return `${capital(event.reason)}; waiting, next try in ${seconds(event.waitMs)} (gives up in ${seconds(event.givesUpInMs)}).`;
      case 'tmdbUp':
        return `TMDB answers again after ${seconds(event.afterMs)}.`;
      case 'waiting':
        if (event.waitMs < SHOWN_WAIT_MS || now() - lastWaitAt < WAIT_LINE_MS) return undefined;
        lastWaitAt = now();
        return `${event.branch}: ${event.reason}; waiting ${seconds(event.waitMs)} (retry ${event.retry} of ${event.retries}).`;
      default:
        return undefined;
    }
  };
};

const seconds = (ms: number): string => `${Math.ceil(ms / 1000)} s`;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const failureLine = ({
  branch,
  error,
  reason,
  attempt,
  nextTryInMs,
}: Extract<RunEvent, { type: 'branchFailed' }>): string => {
  const next = nextTryInMs === undefined ? '' : `, next try in ${nextTryInMs / 1000} s`;
  return `${branch}: ${error}: ${reason}${attempt === undefined ? '' : ` (attempt ${attempt}${next})`}`;
};
