import type { Observed } from './experiment.ts';

/** One row of the table: all experiments of a case. */
export interface Row {
  name: string;
  runs: number;
  faults: number;
  repeated: number;
  /** Requests that were repeated in the one run that repeated most. */
  mostRepeated: number;
  lost: number;
  doubled: number;
  differing: number;
  /** Experiments in which anything was wrong. */
  failed: number;
  longestRecoveryMs: number;
  peakBytes: number;
}

export const emptyRow = (name: string): Row => ({
  name,
  runs: 0,
  faults: 0,
  repeated: 0,
  mostRepeated: 0,
  lost: 0,
  doubled: 0,
  differing: 0,
  failed: 0,
  longestRecoveryMs: 0,
  peakBytes: 0,
});

export const add = (row: Row, one: Observed, isWrong: boolean): void => {
  row.runs += 1;
  row.faults += one.faults;
  row.repeated += one.repeated;
  row.mostRepeated = Math.max(row.mostRepeated, one.repeated);
  row.lost += one.lost.length;
  row.doubled += one.doubled.length;
  row.differing += one.differing.length;
  row.failed += isWrong ? 1 : 0;
  row.longestRecoveryMs = Math.max(row.longestRecoveryMs, one.recoveryMs);
};

const HEAD = [
  'case',
  'runs',
  'faults injected',
  'requests repeated',
  'most in a run',
  'lost',
  'doubled',
  'bytes differing',
  'failed',
  'longest recovery',
  'peak memory',
];

const whole = (number: number): string => number.toLocaleString('en');

const cells = (row: Row): string[] => [
  row.name,
  whole(row.runs),
  whole(row.faults),
  whole(row.repeated),
  whole(row.mostRepeated),
  whole(row.lost),
  whole(row.doubled),
  whole(row.differing),
  whole(row.failed),
  `${(row.longestRecoveryMs / 1000).toFixed(1)} s`,
  `${Math.round(row.peakBytes / 1e6)} MB`,
];

const sumOf = (rows: readonly Row[]): Row => {
  const sum = emptyRow('**all**');
  for (const row of rows) {
    for (const field of ['runs', 'faults', 'repeated', 'lost', 'doubled', 'differing', 'failed'] as const)
      sum[field] += row[field];
    for (const field of ['mostRepeated', 'longestRecoveryMs', 'peakBytes'] as const)
      sum[field] = Math.max(sum[field], row[field]);
  }
  return sum;
};

/** A table in Markdown. */
const markdown = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, index) => (index === 0 ? '---' : '---:')), ...rows]
    .map((one) => `| ${one.join(' | ')} |`)
    .join('\n');

export const rowsAsTable = (rows: readonly Row[]): string => markdown(HEAD, [...rows, sumOf(rows)].map(cells));

export const rowAsLine = (row: Row): string => {
  const [name = '', ...numbers] = cells(row);
  return `${name.padEnd(34)}${numbers.map((cell, index) => `${cell} ${HEAD[index + 1]}`).join(', ')}`;
};
