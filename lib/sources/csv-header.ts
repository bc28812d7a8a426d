import type { BadInputError } from '../parse.ts';

/** Makes an error that names the file. */
export type Wrong = (what: string) => BadInputError;

/** Names of the columns that are read. */
export interface CsvColumns {
  id: string;
  year: string;
  genres: string;
}

/** The names that public files have. */
export const DEFAULT_COLUMNS: CsvColumns = { id: 'id', year: 'anoLancamento', genres: 'genero' };

/** The index of each column, by the names in the header. */
export const columnsOf = (header: readonly string[], names: CsvColumns, delimiter: string, wrong: Wrong) => {
  const shown = header.join(delimiter).slice(0, 200);
  const doubled = header.find((name, index) => header.indexOf(name) !== index);
  if (doubled !== undefined)
    throw wrong(`the header has the column ${JSON.stringify(doubled)} twice; give each column a name of its own`);
  const other =
    header.length === 1 ? [',', ';', '\t', '|'].find((one) => one !== delimiter && shown.includes(one)) : undefined;
  if (other)
    throw wrong(
      `the header has no ${JSON.stringify(delimiter)} in it and seems to be separated by ${JSON.stringify(other)}; set source.delimiter, or upload another file; the header is ${JSON.stringify(shown)}`,
    );
  const missing = Object.values(names).find((name) => !header.includes(name));
  if (missing !== undefined)
    throw wrong(
      `there is no column ${JSON.stringify(missing)}; set source.columns; the header is ${JSON.stringify(shown)}`,
    );
  return { id: header.indexOf(names.id), year: header.indexOf(names.year), genres: header.indexOf(names.genres) };
};
