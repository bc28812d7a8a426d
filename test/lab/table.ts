import type { Observed } from './experiment.ts';

/** One row of the table: all experiments of a case. */
export interface Row {
  name: string;
  runs: number;
  faults: number;
  /** Undefined, like the two others: it was not measured. */
  repeated: number | undefined;
  /** Requests that were repeated in the one run that repeated most. */
  mostRepeated: number | undefined;
  lost: number;
  doubled: number;
  differing: number;
  /** Experiments in which anything was wrong. */
  failed: number;
  longestRecoveryMs: number | undefined;
  peakBytes: number;
}

export const emptyRow = (name: string): Row => ({
  name,
  runs: 0,
  faults: 0,
  repeated: undefined,
  mostRepeated: undefined,
  lost: 0,
  doubled: 0,
  differing: 0,
  failed: 0,
  longestRecoveryMs: undefined,
  peakBytes: 0,
});

export const add = (row: Row, one: Observed, isWrong: boolean): void => {
  row.runs += 1;
  row.faults += one.faults;
  row.repeated = plus(row.repeated, one.repeated);
  row.mostRepeated = most(row.mostRepeated, one.repeated);
  row.lost += one.lost.length;
  row.doubled += one.doubled.length;
  row.differing += one.differing.length;
  row.failed += isWrong ? 1 : 0;
  row.longestRecoveryMs = most(row.longestRecoveryMs, one.recoveryMs);
};

/** Two figures together, of which either may not have been measured. */
const together =
  (combine: (one: number, other: number) => number) => (one: number | undefined, other: number | undefined) =>
    one === undefined || other === undefined ? (one ?? other) : combine(one, other);
const plus = together((one, other) => one + other);
const most = together(Math.max);

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

const whole = (number: number | undefined): string => number?.toLocaleString('en') ?? '–';

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
  row.longestRecoveryMs === undefined ? '–' : `${(row.longestRecoveryMs / 1000).toFixed(1)} s`,
  `${Math.round(row.peakBytes / 1e6)} MB`,
];

const sumOf = (rows: readonly Row[]): Row => {
  const sum = emptyRow('**all**');
  for (const row of rows) {
    for (const field of ['runs', 'faults', 'lost', 'doubled', 'differing', 'failed'] as const) sum[field] += row[field];
    sum.repeated = plus(sum.repeated, row.repeated);
    for (const field of ['mostRepeated', 'longestRecoveryMs'] as const) sum[field] = most(sum[field], row[field]);
    sum.peakBytes = Math.max(sum.peakBytes, row.peakBytes);
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
  return `${name.padEnd(34)} ${numbers.map((cell, index) => `${cell} ${HEAD[index + 1]}`).join(', ')}`;
};
