import { IMDB_ID } from '../tmdb/imdb-id.ts';
import { type CsvColumns, readHeader } from './csv-header.ts';
import { type CsvFormat, type CsvRow, rowsOf } from './csv-rows.ts';
import { csvText, linesOf, type Wrong } from './csv-text.ts';
import { unpacked } from './csv-unpacked.ts';
import { yearIn } from './csv-year.ts';

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

const SET_QUOTE = 'set source.quote to "\\""';
const BAD_LINES_SHOWN = 20;
/** Share of rows that may be bad before the file is refused. */
const BAD_ROWS_TOLERATED = 0.01;

/**
 * The distinct ids of a CSV that match, read as it streams: a file of 173 MB is never in memory as a whole.
 *
 * @throws {BadInputError} The file is not the CSV that the filter describes.
 */
export const readIds = async (body: AsyncIterable<Uint8Array>, filter: CsvFilter, wrong: Wrong): Promise<CsvIds> => {
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
    return await matching(rowsOf(all(), { ...filter, quote }, columns.length), { ...filter, quote }, columns, wrong);
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

const matching = async (
  batches: AsyncIterable<CsvRow[]>,
  filter: CsvFilter,
  columns: readonly string[],
  wrong: Wrong,
): Promise<CsvIds> => {
  const at = {
    id: columns.indexOf(filter.columns.id),
    year: columns.indexOf(filter.columns.year),
    genres: columns.indexOf(filter.columns.genres),
  };
  const { nullMarker, years } = filter;
  const hasWantedGenre = genreMatcher(filter);
  const ids = new Set<string>();
  const badLines: number[] = [];
  const bad = { rows: 0, columns: 0, ids: 0, years: 0, quotes: 0 };
  let [rows, unreadableYears] = [0, 0];
  let unreadable: string | undefined;
  let cutOff: CsvRow | undefined;

  /** @returns Why a row is bad; undefined for a good one. */
  const read = (fields: string[] | undefined): 'columns' | 'ids' | 'years' | undefined => {
    if (fields?.length !== columns.length) return 'columns';
    const field = (index: number) => fields[index]?.trim() ?? '';
    const year = yearIn(field(at.year), nullMarker);
    if (year === 'unreadable') {
      unreadableYears += 1;
      unreadable ??= field(at.year);
    }
    const id = field(at.id);
    if (id === '' || id === nullMarker) return 'ids';
    if (years && year === 'unreadable') return 'years';
    if (ids.has(id)) return undefined;
    const isOfYear = !years || (typeof year === 'number' && year >= years.from && year <= years.to);
    // A copy: a part of a string keeps the whole string in memory, here a chunk of the file.
    if (isOfYear && hasWantedGenre(field(at.genres))) ids.add(Buffer.from(id).toString());
    return undefined;
  };

  for await (const batch of batches) {
    for (const row of batch) {
      rows += 1;
      const why = read(row.fields);
      if (why === undefined) continue;
      bad.rows += 1;
      bad[why] += 1;
      if (row.fields?.some((field) => field.includes('"'))) bad.quotes += 1;
      if (badLines.length < BAD_LINES_SHOWN) badLines.push(row.line);
      if (row.isUnended && (row.fields?.length ?? 0) < columns.length) cutOff = row;
    }
  }

  if (rows === 0) throw wrong('the file has a header and no row below it; upload a CSV with rows');
  if (cutOff)
    throw wrong(
      `the last line, ${cutOff.line}, is cut off: it has fewer columns than the ${columns.length} of the header; upload the whole file again`,
    );
  if (bad.rows > rows * BAD_ROWS_TOLERATED) {
    const what = [
      bad.columns && `${bad.columns} without the header's ${columns.length} columns`,
      bad.ids && `${bad.ids} without ${filter.columns.id}`,
      bad.years &&
        `${bad.years} where ${filter.columns.year} is not a year, such as ${JSON.stringify(unreadable)} (if it means null, set source.nullMarker to it)`,
    ].filter((one) => one);
    const shown = `${badLines.length === 1 ? 'line' : 'lines'} ${badLines.join(', ')}${bad.rows > badLines.length ? ', …' : ''}`;
    const advice =
      filter.quote === null && bad.quotes > 0
        ? `if fields are wrapped in quotation marks, ${SET_QUOTE}; otherwise correct the rows`
        : 'correct the rows';
    throw wrong(
      `${bad.rows} of ${rows} rows are bad (${shown}): ${what.join(', ')}. At most ${BAD_ROWS_TOLERATED * 100} % of the rows may be bad; ${advice}, and upload the file again`,
    );
  }
  if (ids.size === 0)
    throw wrong(
      `none of its ${rows} rows matches the dataset's years and genres; change source.years or source.genres, or upload another file`,
    );
  const [first = ''] = ids;
  if (![...ids].some((id) => IMDB_ID.test(id)))
    throw wrong(
      `no ${filter.columns.id} is an IMDb id; use "tt" and 7 or 8 digits, for example tt0111161; got ${JSON.stringify(first)}. ${first.startsWith('"') ? `Its fields are quoted: ${SET_QUOTE}` : 'Set source.columns.id to the column of the IMDb ids, or upload a file that has them'}`,
    );
  return { ids: [...ids], rows, badRows: bad.rows, badLines, unreadableYears };
};

const genreMatcher = ({ genres }: CsvFilter) => {
  const wanted = genres && new Set(genres.map((genre) => genre.toLowerCase()));
  return (list: string): boolean => !wanted || list.split(',').some((genre) => wanted.has(genre.trim().toLowerCase()));
};
