import { type CsvFormat, quotedFields } from './rows.ts';
import type { Wrong } from './text.ts';

/** Names of the columns that are read. */
export interface CsvColumns {
  id: string;
  year: string;
  genres: string;
}

/** The names that public files have. */
export const DEFAULT_COLUMNS: CsvColumns = { id: 'id', year: 'anoLancamento', genres: 'genero' };

/** How a person sets what the header shows: in the dataset, or with an option of the upload. */
export interface HeaderAdvice {
  /** Completes "its delimiter seems to be ";": …". */
  delimiter(likely: string): string;
  /** Completes "the header is …: …". */
  columns: string;
}

export interface CsvHeader {
  columns: string[];
  /** As given. Without one, `"` where all names in the header are wrapped in it: then fields are, too. */
  quote: string | null;
}

/**
 * Reads the first line of a CSV. The upload and the planner both use it, so they accept the same files.
 *
 * @param needed Names of columns that must be there.
 * @throws {BadInputError} The line is not the header that is needed.
 */
export const readHeader = (
  line: string,
  needed: readonly string[],
  format: CsvFormat,
  wrong: Wrong,
  advice: HeaderAdvice,
): CsvHeader => {
  if (line.trim() === '')
    throw wrong(
      `its first line is empty; the first line must be the header, with the columns ${listed(needed)}: remove the empty line`,
    );
  const header = columnsIn(line, format);
  const { columns } = header;
  const shown = shortened(line);
  const likely = likelyDelimiter(line, needed, format);
  const hint = likely && `its delimiter seems to be ${JSON.stringify(likely)}: ${advice.delimiter(likely)}`;
  const missing = needed.filter((name) => !columns.includes(name));
  if (missing.length && columns.length === 1)
    throw wrong(
      `its header has no delimiter ${JSON.stringify(format.delimiter)}; ${hint ?? `the header is ${shown}: upload a CSV with the columns ${listed(needed)}`}`,
    );
  if (missing.length)
    throw wrong(`its header has no column ${listed(missing)}; ${hint ?? `the header is ${shown}: ${advice.columns}`}`);
  const twice = columns.find((name, index) => name !== '' && columns.indexOf(name) !== index);
  if (twice !== undefined)
    throw wrong(
      `its header has the column ${JSON.stringify(twice)} twice; column names must be unique, so rename one of them`,
    );
  return header;
};

const columnsIn = (line: string, { delimiter, quote: given }: CsvFormat): CsvHeader => {
  const quote = given ?? (hasQuotedNames(line, delimiter) ? '"' : null);
  const fields = quote === null ? 'unclosed' : quotedFields(line, delimiter, quote);
  const columns = Array.isArray(fields) ? fields : line.split(delimiter);
  return { quote, columns: columns.map((name) => name.trim()) };
};

const hasQuotedNames = (line: string, delimiter: string): boolean => {
  const name = ' *"(?:[^"]|"")*" *';
  return new RegExp(`^${name}(?:${RegExp.escape(delimiter)}${name})*$`).test(line);
};

/** The delimiter that gives the needed columns. If there is none, the most frequent delimiter in the header. */
const likelyDelimiter = (line: string, needed: readonly string[], format: CsvFormat): string | undefined => {
  const others = ['|', ';', ',', '\t']
    .filter((one) => one !== format.delimiter && line.includes(one))
    .map((delimiter) => ({ delimiter, ...columnsIn(line, { ...format, delimiter }) }));
  const fits = others.find(({ columns }) => needed.every((name) => columns.includes(name)));
  if (fits || line.includes(format.delimiter)) return fits?.delimiter;
  return others.toSorted((a, b) => b.columns.length - a.columns.length)[0]?.delimiter;
};

const listed = (names: readonly string[]): string =>
  new Intl.ListFormat('en-GB').format(names.map((name) => JSON.stringify(name)));

const shortened = (text: string): string => JSON.stringify(text.length > 120 ? `${text.slice(0, 117)}...` : text);
