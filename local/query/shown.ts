import type { Json } from '@duckdb/node-api';
import { oneLine } from '../progress/draw.ts';
import type { Answer } from './database.ts';

/** Longest cell of a table, in characters. --csv and --json have the whole value. */
const LONGEST_CELL = 60;

const textOf = (value: Json): string =>
  value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** An answer as a table for a person: numbers are on the right. */
export const asTable = ({ columns, rows }: Answer): string => {
  const cells = rows.map((row) => row.map((value) => cut(oneLine(textOf(value)).replaceAll(/\s+/g, ' '))));
  const widths = columns.map(({ name }, index) =>
    // Not Math.max(...): a call takes some 100,000 arguments.
    cells.reduce((widest, row) => Math.max(widest, (row[index] ?? '').length), name.length),
  );
  const isNumber = columns.map((_, index) => rows.some((row) => typeof row[index] === 'number'));
  const line = (row: readonly string[]) =>
    row
      .map((text, index) => (isNumber[index] ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0)))
      .join('  ')
      .trimEnd();
  return `${[line(columns.map(({ name }) => name)), widths.map((width) => '-'.repeat(width)).join('  '), ...cells.map(line)].join('\n')}\n`;
};

const cut = (text: string): string => (text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL - 1)}…` : text);

/** An answer as CSV with a header, as RFC 4180 has it. NULL is an empty field. */
export const asCsv = ({ columns, rows }: Answer): string => {
  const field = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [columns.map(({ name }) => name), ...rows.map((row) => row.map(textOf))]
    .map((row) => `${row.map(field).join(',')}\r\n`)
    .join('');
};

/** An answer as a JSON array with an object for each row. */
export const asJson = ({ columns, rows }: Answer): string =>
  `${JSON.stringify(
    rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null]))),
    null,
    2,
  )}\n`;
