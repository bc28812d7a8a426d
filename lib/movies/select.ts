import type { Dataset } from '../datasets/dataset.ts';
import { numberOf } from '../json-text.ts';

/** The fields of a movie that a rule may read: those of the record, then those of the details and of the list item. */
type Facts = Readonly<Record<string, unknown>>;

/** What a movie is sorted by: one value for each field of the dataset's `sort`. */
export type SortKey = readonly (number | string | false)[];

export type Rule = Dataset['keep'][number];

/**
 * The first rule that a movie fails; undefined for a movie that the dataset keeps. In TMDB, a budget of 0 means
 * "unknown", so `budget above 0` means that the budget is known.
 */
export const failedRule = (facts: Facts, keep: Dataset['keep']): Rule | undefined =>
  keep.find((rule) => !holds(rule, facts[rule.field]));

export const sortKey = (facts: Facts, sort: Dataset['sort']): SortKey =>
  sort.map(({ field }) => sortable(facts[field]));

/**
 * Movies in the dataset's order. Movies that compare equal are sorted by id, so two runs over the same data write the
 * same bytes. A dataset without an order has the order of its list.
 */
export const inOrder = <Movie extends { id: number; sortKey: SortKey }>(
  movies: readonly Movie[],
  sort: Dataset['sort'],
): Movie[] => {
  if (sort.length === 0) return [...movies];
  return movies.toSorted((a, b) => {
    for (const [index, { order }] of sort.entries()) {
      const difference = compare(a.sortKey[index] ?? false, b.sortKey[index] ?? false);
      if (difference !== 0) return order === 'desc' ? -difference : difference;
    }
    return a.id - b.id;
  });
};

const holds = ({ above, atLeast, oneOf }: Rule, value: unknown): boolean =>
  (above === undefined || (numberOf(value) ?? Number.NaN) > above) &&
  (atLeast === undefined || (numberOf(value) ?? Number.NaN) >= atLeast) &&
  (oneOf === undefined || (Array.isArray(value) ? value : [value]).some((one) => oneOf.includes(numberOf(one) ?? one)));

/** Compares numbers by size and strings by their code units, because a locale may differ between machines. Missing values come first. */
const compare = (a: SortKey[number], b: SortKey[number]): number => {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return rank(a) - rank(b);
};

const sortable = (value: unknown): SortKey[number] => (typeof value === 'string' ? value : (numberOf(value) ?? false));

const rank = (value: SortKey[number]): number => (value === false ? 0 : typeof value === 'number' ? 1 : 2);
