import { type CsvColumns, readHeader } from './header.ts';
import { type CsvTally, refuseBadFile } from './refusal.ts';
import { type CsvFormat, type CsvRow, rowsOf } from './rows.ts';
import { csvText, linesOf, type Wrong } from './text.ts';
import { unpacked } from './unpacked.ts';
import { yearIn } from './year.ts';

export interface CsvFilter extends CsvFormat {
  columns: CsvColumns;
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
  /** Rows whose year can't be read. They are bad rows only where years are selected. */
  unreadableYears: number;
}

/** Bad rows whose line numbers are kept. */
const BAD_LINES = 20;

/**
 * The distinct ids of a CSV that match, read as it streams: a file of 173 MB is never in memory as a whole.
 *
 * @throws {BadInputError} The file is not the CSV that the filter describes.
 */
export const readIds = async (body: AsyncIterable<Uint8Array>, filter: CsvFilter, wrong: Wrong): Promise<CsvIds> =>
  withRows(body, filter, wrong, async (rows, format, columns) => {
    const tally = await countRows(rows, format, columns);
    refuseBadFile(tally, format, columns.length, wrong);
    const { ids, rows: count, badRows, badLines, unreadableYears } = tally;
    return { ids: [...ids], rows: count, badRows, badLines, unreadableYears };
  });

/** A row of a CSV, for a person who asks about an id. */
export interface CsvIdRow {
  /** Its line in the file, from 1. */
  line: number;
  year: string;
  genres: string;
}

/** The rows of one id: the first ones, and how many there are. */
export interface CsvIdRows {
  rows: CsvIdRow[];
  count: number;
}

/** Rows of one id that are returned. A CSV repeats an id once for each artist. */
const ROWS_SHOWN = 3;

/**
 * The rows of some ids, whether the dataset selects them or not.
 *
 * @throws {BadInputError} The file is not the CSV that the filter describes.
 */
export const rowsOfIds = (
  body: AsyncIterable<Uint8Array>,
  filter: CsvFilter,
  ids: ReadonlySet<string>,
  wrong: Wrong,
): Promise<Map<string, CsvIdRows>> =>
  withRows(body, filter, wrong, async (batches, _, columns) => {
    const index = indexOf(filter, columns);
    const found = new Map<string, CsvIdRows>();
    for await (const batch of batches) {
      for (const { line, fields } of batch) {
        const id = fields?.[index.id]?.trim() ?? '';
        if (!ids.has(id)) continue;
        const { rows, count } = found.get(id) ?? { rows: [], count: 0 };
        const row = { line, year: fields?.[index.year]?.trim() ?? '', genres: fields?.[index.genres]?.trim() ?? '' };
        found.set(id, { rows: rows.length < ROWS_SHOWN ? [...rows, row] : rows, count: count + 1 });
      }
    }
    return found;
  });

/** Reads the header, and hands over the rows below it. */
const withRows = async <Result>(
  body: AsyncIterable<Uint8Array>,
  filter: CsvFilter,
  wrong: Wrong,
  work: (rows: AsyncIterable<CsvRow[]>, format: CsvFilter, columns: readonly string[]) => Promise<Result>,
): Promise<Result> => {
  const lines = linesOf(csvText(unpacked(body, wrong), wrong), wrong);
  try {
    const { first, below } = await firstLine(lines);
    if (first === '' && below.length === 0) throw wrong('the file is empty; upload a CSV with a header and rows');
    const { id, year, genres } = filter.columns;
    const { columns, quote } = readHeader(first, [id, year, genres], filter, wrong, {
      delimiter: (likely) => `set source.delimiter to ${JSON.stringify(likely)}, or upload another file`,
      columns: 'set source.columns to the names in the file, or upload another file',
    });
    const all = async function* () {
      yield below;
      yield* lines;
    };
    const format = { ...filter, quote };
    return await work(rowsOf(all(), format, columns.length), format, columns);
  } finally {
    await lines.return(undefined);
  }
};

/** Line 1, and the lines below it that came in the same chunk. */
const firstLine = async (lines: AsyncIterator<string[]>) => {
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    const [first, ...below] = next.value;
    if (first !== undefined) return { first, below };
  }
  return { first: '', below: [] };
};

const countRows = async (batches: AsyncIterable<CsvRow[]>, filter: CsvFilter, columns: readonly string[]) => {
  const tally: CsvTally = {
    ids: new Set(),
    rows: 0,
    badRows: 0,
    bad: { columns: 0, ids: 0, years: 0 },
    badLines: [],
    badQuoted: 0,
    unreadableYears: 0,
    firstUnreadable: undefined,
    cutOffLine: undefined,
  };
  const count = rowCounter(tally, filter, columns);
  for await (const batch of batches) {
    for (const row of batch) {
      tally.rows += 1;
      const why = count(row.fields);
      if (why === undefined) continue;
      tally.badRows += 1;
      tally.bad[why] += 1;
      if (row.fields?.some((field) => field.includes('"'))) tally.badQuoted += 1;
      if (tally.badLines.length < BAD_LINES) tally.badLines.push(row.line);
      if (row.isUnended && (row.fields?.length ?? 0) < columns.length) tally.cutOffLine = row.line;
    }
  }
  return tally;
};

const indexOf = ({ columns: { id, year, genres } }: CsvFilter, columns: readonly string[]) => ({
  id: columns.indexOf(id),
  year: columns.indexOf(year),
  genres: columns.indexOf(genres),
});

const rowCounter = (tally: CsvTally, filter: CsvFilter, columns: readonly string[]) => {
  const index = indexOf(filter, columns);
  const { nullMarker, years } = filter;
  const hasWantedGenre = genreMatcher(filter);

  /** @returns Why the row is bad; undefined for a good one, whose id is added if it matches. */
  return (fields: readonly string[] | undefined): keyof CsvTally['bad'] | undefined => {
    if (fields?.length !== columns.length) return 'columns';
    const field = (column: number) => fields[column]?.trim() ?? '';
    const year = yearIn(field(index.year), nullMarker);
    if (year === 'unreadable') {
      tally.unreadableYears += 1;
      tally.firstUnreadable ??= field(index.year);
    }
    const id = field(index.id);
    if (id === '' || id === nullMarker) return 'ids';
    if (years && year === 'unreadable') return 'years';
    if (tally.ids.has(id)) return undefined;
    const isOfYears = !years || (typeof year === 'number' && year >= years.from && year <= years.to);
    // A copy: a part of a string keeps the whole string in memory, here a chunk of the file.
    if (isOfYears && hasWantedGenre(field(index.genres))) tally.ids.add(Buffer.from(id).toString());
    return undefined;
  };
};

const genreMatcher = ({ genres }: CsvFilter) => {
  const wanted = genres && new Set(genres.map((genre) => genre.toLowerCase()));
  return (list: string): boolean => !wanted || list.split(',').some((genre) => wanted.has(genre.trim().toLowerCase()));
};
