import { IMDB_ID } from '../../tmdb/imdb-id.ts';
import type { CsvColumns } from './header.ts';
import type { CsvFormat } from './rows.ts';
import type { Wrong } from './text.ts';

/** What was read of a CSV. */
export interface CsvTally {
  /** Distinct ids that match, in the order of their first rows. */
  ids: Set<string>;
  rows: number;
  badRows: number;
  /** Bad rows by reason: another number of columns, no id, a year that can't be read. */
  bad: { columns: number; ids: number; years: number };
  badLines: number[];
  /** Bad rows with a quotation mark in them. */
  badQuoted: number;
  unreadableYears: number;
  firstUnreadable: string | undefined;
  /** Line number of a last row without a line end that has too few columns. */
  cutOffLine: number | undefined;
}

/** Share of rows that may be bad before the file is refused. */
const BAD_ROWS_TOLERATED = 0.01;
/** In a file of so many rows or more, one row may be bad in any case. In a smaller one, it may be what is wrong. */
const ROWS_FOR_ONE_BAD = 20;

const SET_QUOTE = 'set source.quote to "\\""';

/** @throws {BadInputError} The file is not the CSV that the dataset describes. The message says what to do. */
export const refuseBadFile = (
  tally: CsvTally,
  { columns, quote }: CsvFormat & { columns: CsvColumns },
  width: number,
  wrong: Wrong,
): void => {
  const { ids, rows, badRows, bad, badLines, badQuoted, firstUnreadable, cutOffLine } = tally;
  if (rows === 0) throw wrong('the file has a header and no row below it; upload a CSV with rows');
  if (cutOffLine !== undefined)
    throw wrong(
      `the last line, ${cutOffLine}, is cut off: it has fewer columns than the ${width} of the header; upload the whole file again`,
    );
  if (badRows > Math.max(rows < ROWS_FOR_ONE_BAD ? 0 : 1, rows * BAD_ROWS_TOLERATED)) {
    const lines = `${badLines.length === 1 ? 'line' : 'lines'} ${badLines.join(', ')}${badRows > badLines.length ? ', …' : ''}`;
    const reasons = [
      bad.columns && `${bad.columns} without the header's ${width} columns`,
      bad.ids && `${bad.ids} without ${columns.id}`,
      bad.years &&
        `${bad.years} where ${columns.year} is not a year, such as ${JSON.stringify(firstUnreadable)} (if it means null, set source.nullMarker to it)`,
    ].filter((one) => one);
    const advice =
      quote === null && badQuoted > 0
        ? `if fields are wrapped in quotation marks, ${SET_QUOTE}; otherwise correct the rows`
        : 'correct the rows';
    throw wrong(
      `${badRows} of ${rows} rows are bad (${lines}): ${reasons.join(', ')}. At most ${BAD_ROWS_TOLERATED * 100} % of the rows may be bad; ${advice}, and upload the file again`,
    );
  }
  const [first] = ids;
  if (first === undefined)
    throw wrong(
      `none of its ${rows} rows matches the dataset's years and genres; change source.years or source.genres, or upload another file`,
    );
  if (!ids.values().some((id) => IMDB_ID.test(id)))
    throw wrong(
      `no ${columns.id} is an IMDb id; use "tt" and 7 or 8 digits, for example tt0111161; got ${JSON.stringify(first)}. ${
        first.startsWith('"')
          ? `Its fields are quoted: ${SET_QUOTE}`
          : 'Set source.columns.id to the column of the IMDb ids, or upload a file that has them'
      }`,
    );
};
