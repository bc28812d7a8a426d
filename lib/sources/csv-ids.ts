import { Readable } from 'node:stream';
import { CsvError, parse as parseCsv } from 'csv-parse';
import { type CsvColumns, columnsOf, type Wrong } from './csv-header.ts';
import { csvText } from './csv-text.ts';

export interface CsvFilter {
  columns: CsvColumns;
  delimiter: string;
  quote: string | null;
  nullMarker: string;
  /** The genres that are wanted, in the CSV's own words; all where there are none. */
  genres?: readonly string[] | undefined;
  /** The release years that are wanted, both ends included; all where undefined. */
  years?: { from: number; to: number } | undefined;
}

export interface CsvIds {
  /** Distinct ids that match, in the order of their first rows. */
  ids: string[];
  /** Rows below the header. */
  rows: number;
  badRows: number;
  /** The first bad rows, as line numbers of the file. */
  badLines: number[];
}

/** A line of the known files has some 160 bytes; a line of a megabyte means that this is no CSV. */
const LONGEST_LINE_BYTES = 1_000_000;
const BAD_LINES_SHOWN = 20;
/** Share of rows that may be bad before the file is refused. */
const BAD_ROWS_TOLERATED = 0.01;

/**
 * The distinct ids of a CSV that match, read as it streams: a file of 173 MB is never in memory as a whole.
 *
 * @throws {BadInputError} The file is not the CSV that the filter describes.
 */
export const readIds = async (body: AsyncIterable<Uint8Array>, filter: CsvFilter, wrong: Wrong): Promise<CsvIds> => {
  const { columns, delimiter, nullMarker } = filter;
  const matches = matcher(filter);
  const ids = new Set<string>();
  const badLines: number[] = [];
  let header: { width: number; index: ReturnType<typeof columnsOf> } | undefined;
  let [rows, badRows, lastIsShort] = [0, 0, false];

  const { records, endedWithNewline } = openCsv(body, filter, wrong);
  for await (const row of records) {
    if (!header) {
      header = { width: row.length, index: columnsOf(row, columns, delimiter, wrong) };
      continue;
    }
    rows += 1;
    const { width, index } = header;
    const id = row[index.id] ?? '';
    lastIsShort = row.length < width;
    if (row.length !== width || id === '' || id === nullMarker) {
      badRows += 1;
      if (badLines.length < BAD_LINES_SHOWN) badLines.push(rows + 1);
    } else if (!ids.has(id) && matches(row[index.year] ?? '', row[index.genres] ?? '')) ids.add(id);
  }

  if (!header) throw wrong('the file is empty');
  if (rows === 0) throw wrong('the file has a header and no row below it');
  if (lastIsShort && !endedWithNewline())
    throw wrong(
      `the last line, ${rows + 1}, is cut off: it has fewer columns than the ${header.width} of the header; upload the whole file again`,
    );
  if (badRows > rows * BAD_ROWS_TOLERATED)
    throw wrong(
      `${badRows} of ${rows} rows do not have the header's ${header.width} columns or have no ${columns.id} (${badLines.length === 1 ? 'line' : 'lines'} ${badLines.join(', ')}${badRows > badLines.length ? ', …' : ''}); a file with more than ${BAD_ROWS_TOLERATED * 100} % of such rows is refused`,
    );
  if (ids.size === 0) throw wrong(`none of its ${rows} rows matches the dataset's years and genres`);
  return { ids: [...ids], rows, badRows, badLines };
};

/** The rows of a CSV, the header first. Every error of the stream names the file. */
const openCsv = (body: AsyncIterable<Uint8Array>, { delimiter, quote }: CsvFilter, wrong: Wrong) => {
  const text = csvText(wrong);
  const records = parseCsv({
    delimiter,
    quote,
    escape: quote,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_LINE_BYTES,
  });
  const input = Readable.from(body);
  input.on('error', (error) => records.destroy(error));
  text.on('error', (error) => records.destroy(error));
  input.pipe(text).pipe(records);

  const rows = async function* (): AsyncGenerator<string[]> {
    try {
      yield* records as AsyncIterable<string[]>;
    } catch (error) {
      throw error instanceof CsvError ? explained(error, wrong) : error;
    } finally {
      input.destroy();
    }
  };
  return { records: rows(), endedWithNewline: text.endedWithNewline };
};

const explained = (error: CsvError, wrong: Wrong): Error =>
  error.code === 'CSV_MAX_RECORD_SIZE'
    ? wrong(
        `line ${error.lines} is longer than ${LONGEST_LINE_BYTES} bytes; upload a CSV with a line feed after each row`,
      )
    : wrong(error.message.replace(/\.$/, ''));

const matcher = ({ years, genres }: CsvFilter) => {
  const wanted = genres && new Set(genres.map((genre) => genre.toLowerCase()));
  return (year: string, genreList: string): boolean =>
    (!years || isBetween(year, years)) &&
    (!wanted || genreList.split(',').some((genre) => wanted.has(genre.trim().toLowerCase())));
};

const isBetween = (year: string, { from, to }: { from: number; to: number }): boolean =>
  /^\d{4}$/.test(year) && Number(year) >= from && Number(year) <= to;
