import type { Dataset } from '../datasets/dataset.ts';
import { numberOf } from '../json-text.ts';

export interface Candidate {
  /** TMDB's id. */
  id: number;
  record: Readonly<Record<string, unknown>>;
  /** The fields that a rule may read: those of the record, then those of the details and of the list item. */
  facts: Readonly<Record<string, unknown>>;
}

/**
 * The movies that a dataset keeps, in the dataset's order.
 *
 * In TMDB, a budget of 0 means "unknown", so `budget above 0` means that the budget is known. Movies that compare equal
 * are sorted by id, so two runs over the same data write the same bytes.
 */
export const select = <Movie extends Candidate>(
  movies: readonly Movie[],
  { keep, sort }: Pick<Dataset, 'keep' | 'sort'>,
): Movie[] => {
  const kept = movies.filter(({ facts }) => keep.every((rule) => holds(rule, facts[rule.field])));
  if (sort.length === 0) return kept;
  return kept.toSorted((a, b) => {
    for (const { field, order } of sort) {
      const difference = compare(a.facts[field], b.facts[field]);
      if (difference !== 0) return order === 'desc' ? -difference : difference;
    }
    return a.id - b.id;
  });
};

const holds = ({ above, atLeast, oneOf }: Dataset['keep'][number], value: unknown): boolean =>
  (above === undefined || (numberOf(value) ?? Number.NaN) > above) &&
  (atLeast === undefined || (numberOf(value) ?? Number.NaN) >= atLeast) &&
  (oneOf === undefined || (Array.isArray(value) ? value : [value]).some((one) => oneOf.includes(numberOf(one) ?? one)));

/** Compares numbers by size and strings by their code units, because a locale may differ between machines. Missing values come first. */
const compare = (a: unknown, b: unknown): number => {
  const [x, y] = [sortable(a), sortable(b)];
  if (typeof x === typeof y) return x < y ? -1 : x > y ? 1 : 0;
  return rank(x) - rank(y);
};

const sortable = (value: unknown): number | string | false =>
  typeof value === 'string' ? value : (numberOf(value) ?? false);

const rank = (value: number | string | false): number => (value === false ? 0 : typeof value === 'number' ? 1 : 2);
