/**
 * A release year as CSV files write it: `2015`, `2015.0` (pandas, where the column has empty fields), `2015-06-01`.
 *
 * @returns `none` for an empty field or the null marker; `unreadable` for any other text, which is never taken for
 * another year.
 */
export const yearIn = (field: string, nullMarker: string): number | 'none' | 'unreadable' => {
  if (field === '' || field === nullMarker) return 'none';
  const [, year] = YEAR.exec(field) ?? [];
  return year === undefined ? 'unreadable' : Number(year);
};

const YEAR = /^(\d{4})(?:[.,]0*|[-/](?:0?[1-9]|1[0-2])(?:[-/]\d{1,2}(?:[T ].*)?)?)?$/;
