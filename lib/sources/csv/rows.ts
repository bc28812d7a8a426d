import { LONGEST_LINE } from './text.ts';

/** How the fields of a row are written. */
export interface CsvFormat {
  delimiter: string;
  /** The quotation mark around fields; null where a quotation mark is an ordinary character. */
  quote: string | null;
}

export interface CsvRow {
  /** Number of its first line in the file, counted from 1. */
  line: number;
  /** Undefined where a quotation mark opens a field, and none closes it. */
  fields: string[] | undefined;
  /** Whether the file ends with this row, without a line end. */
  isUnended: boolean;
}

/** Lines in one field, at most. */
const MOST_LINES = 100;

/**
 * The rows below the header, in batches. Blank lines are no rows.
 *
 * A row is one line, unless a quoted field contains line ends. An unclosed quotation mark looks the same, and a
 * streaming parser such as csv-parse then reads all text up to the next quotation mark as one field: rows are lost, or
 * the file is refused. Here, a row has several lines only if they form one row as wide as the header, without a
 * quotation mark inside a field. Otherwise only the first line is a bad row, and the next line begins a new row.
 *
 * @param width Number of columns in the header.
 */
export const rowsOf = async function* (
  lines: AsyncIterable<string[]>,
  format: CsvFormat,
  width: number,
): AsyncGenerator<CsvRow[]> {
  // Line 1 is the header.
  let line = 2;
  let held: string[] = [];
  for await (const more of lines) {
    const { rows, used } = readRows(held, line, false, format, width);
    yield rows;
    line += used;
    held = [...held.slice(used), ...more];
  }
  yield readRows(held, line, true, format, width).rows;
};

/** @param isEnd Whether these are the last lines of the file. If not, a row at their end may need more lines. */
const readRows = (lines: readonly string[], firstLine: number, isEnd: boolean, format: CsvFormat, width: number) => {
  const rows: CsvRow[] = [];
  let used = 0;
  while (used < lines.length) {
    if (lines[used]?.trim() === '') {
      used += 1;
      continue;
    }
    const row = rowAt(lines, used, format, width);
    if (row === 'needs more' && !isEnd) break;
    const { fields, taken } = row === 'needs more' ? BROKEN : row;
    rows.push({ line: firstLine + used, fields, isUnended: isEnd && used + taken === lines.length });
    used += taken;
  }
  return { rows, used };
};

const BROKEN = { fields: undefined, taken: 1 };

const rowAt = (lines: readonly string[], index: number, { delimiter, quote }: CsvFormat, width: number) => {
  let text = lines[index] ?? '';
  if (quote === null || !text.includes(quote)) return { fields: text.split(delimiter), taken: 1 };
  const ofOneLine = quotedFields(text, delimiter, quote);
  if (Array.isArray(ofOneLine)) return { fields: ofOneLine, taken: 1 };
  for (let taken = 2; taken <= MOST_LINES; taken += 1) {
    const next = lines[index + taken - 1];
    if (next === undefined) return 'needs more';
    text += `\n${next}`;
    if (text.length > LONGEST_LINE) break;
    if (!next.includes(quote)) continue;
    const fields = quotedFields(text, delimiter, quote);
    if (fields === 'stray') break;
    if (fields !== 'unclosed') return fields.length === width ? { fields, taken } : BROKEN;
  }
  return BROKEN;
};

/**
 * The fields of a row in which some are quoted. Two quotation marks stand for one.
 *
 * A single quotation mark inside a quoted field does not close it: `"The "Quick" Fox"` is one field. In a text of several
 * lines, there is no such mark: it shows that the first line has a quotation mark too many, or too few.
 */
export const quotedFields = (text: string, delimiter: string, quote: string): string[] | 'unclosed' | 'stray' => {
  const isOneLine = !text.includes('\n');
  const fields: string[] = [];
  for (let from = 0; ; ) {
    const start = skipSpaces(text, from);
    let end: number;
    if (text[start] === quote) {
      const close = closingQuote(text, start + 1, delimiter, quote, isOneLine);
      if (typeof close === 'string') return close;
      fields.push(text.slice(start + 1, close).replaceAll(quote + quote, quote));
      end = skipSpaces(text, close + 1);
    } else {
      end = text.indexOf(delimiter, from);
      if (end === -1) end = text.length;
      fields.push(text.slice(from, end));
    }
    if (end === text.length) return fields;
    from = end + 1;
  }
};

const closingQuote = (text: string, from: number, delimiter: string, quote: string, mayStray: boolean) => {
  for (let index = text.indexOf(quote, from); index !== -1; index = text.indexOf(quote, index + 1)) {
    if (text[index + 1] === quote) {
      index += 1;
      continue;
    }
    const behind = skipSpaces(text, index + 1);
    if (behind === text.length || text[behind] === delimiter) return index;
    if (!mayStray) return 'stray';
  }
  return 'unclosed';
};

const skipSpaces = (text: string, from: number): number => {
  let index = from;
  while (text[index] === ' ') index += 1;
  return index;
};
