import { SingleBar } from 'cli-progress';
import type { Emit, RunEvent } from '../lib/events.ts';

/** Shows the progress of a run. */
export interface Progress {
  see: Emit;
  stop(): void;
}

/** On a terminal, shows a progress bar. Elsewhere, prints one line for each branch that ends. */
export const showProgress = (out: NodeJS.WriteStream): Progress => (out.isTTY ? bar(out) : lines(out));

const lines = (out: NodeJS.WriteStream): Progress => ({
  see: (event) => {
    if (event.type === 'datasetDoubtful') out.write(warningLine(event));
    if (event.type === 'planned' && event.outcome === 'planned') out.write(`${event.sentence}\n`);
    if (event.type === 'branchFailed') out.write(`  ${failureLine(event)}\n`);
    if (event.type === 'branchWritten') {
      const { branch, kept, leftOut, parts } = event;
      out.write(`  ${branch}: ${kept} kept, ${leftOut} left out, ${parts} ${parts === 1 ? 'part' : 'parts'}\n`);
    }
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
      // The total is unknown until the run is planned.
      if (event.type === 'planned') plan = event;
      if (!plan) return;
      if (event.type === 'moviesKept') movies.set(event.branch, event);
      if (event.type === 'branchWritten') written += 1;
      // Prints above the bar. The bar is then drawn again below.
      if (event.type === 'branchFailed') out.write(`\r\x1b[K  ${failureLine(event)}\n`);
      draw(plan);
    },
    stop: () => shown.stop(),
  };
};

const warningLine = ({ dataset, warning }: Extract<RunEvent, { type: 'datasetDoubtful' }>): string =>
  `Warning for dataset ${dataset}: ${warning}\n`;

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
