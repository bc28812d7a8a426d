import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failedRule, inOrder, sortKey } from '../../../lib/movies/select.ts';
import { crimeWar } from '../crime-2017.ts';

interface Movie {
  id: number;
  facts: Record<string, unknown>;
}

const movie = (id: number, facts: Record<string, unknown> = {}): Movie => ({ id, facts });
const ids = (movies: readonly Movie[]) => movies.map(({ id }) => id);
/** What the writer does with a branch. */
const select = (movies: readonly Movie[], { keep, sort }: Pick<ReturnType<typeof crimeWar>, 'keep' | 'sort'>) =>
  inOrder(
    movies
      .filter(({ facts }) => failedRule(facts, keep) === undefined)
      .map((one) => ({ ...one, sortKey: sortKey(one.facts, sort) })),
    sort,
  );
const sorted = (order: 'asc' | 'desc', ...values: unknown[]) =>
  select(
    values.map((value, id) => movie(id, { field: value })),
    { keep: [], sort: [{ field: 'field', order }] },
  ).map(({ facts }) => facts.field);

describe('the movies of crime-war', () => {
  const budgeted = fc.array(fc.record({ id: fc.nat(50), budget: fc.constantFrom(0, 1, 5, 300) }), { maxLength: 60 });
  const chosen = (movies: readonly { id: number; budget: number }[]) =>
    select(
      movies.map(({ id, budget }) => movie(id, { budget })),
      crimeWar(),
    );

  it('are those with a known budget, highest budget first, then by id, in any input order', () => {
    fc.assert(
      fc.property(budgeted, (movies) => {
        const expected = movies.filter(({ budget }) => budget > 0);
        const got = chosen(movies).map(({ id, facts }) => ({ id, budget: facts.budget as number }));

        expect(got.toSorted((a, b) => a.id - b.id || a.budget - b.budget)).toEqual(
          expected.toSorted((a, b) => a.id - b.id || a.budget - b.budget),
        );
        for (const [at, one] of got.entries()) {
          const next = got[at + 1] ?? { budget: 0, id: Number.POSITIVE_INFINITY };
          expect(one.budget > next.budget || (one.budget === next.budget && one.id <= next.id)).toBe(true);
        }
      }),
    );
  });

  it('are the same for the same movies in another order', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.record({ id: fc.nat(), budget: fc.nat(3) }), { selector: ({ id }) => id }),
        (movies) => {
          expect(ids(chosen(movies.toReversed()))).toEqual(ids(chosen(movies)));
        },
      ),
    );
  });
});

describe('a rule', () => {
  const kept = (rule: ReturnType<typeof crimeWar>['keep'][number], value: unknown) =>
    failedRule({ field: value }, [rule]) === undefined;

  it.each([
    [{ field: 'field', above: 0 }, [1, 0.01], [0, -1, null, undefined, '1', true, Number.NaN]],
    [{ field: 'field', atLeast: 5 }, [5, 6], [4, null, undefined, '6']],
    [{ field: 'field', oneOf: ['pt', null] }, ['pt', null], ['en', undefined, 'ptt', '']],
    [{ field: 'field', above: 1, atLeast: 3 }, [3], [2]],
  ])('%j keeps %j and leaves out %j', (rule, taken, left) => {
    expect(taken.filter((value) => !kept(rule, value))).toEqual([]);
    expect(left.filter((value) => kept(rule, value))).toEqual([]);
  });

  it('must hold together with all other rules', () => {
    const keep = [
      { field: 'budget', above: 0 },
      { field: 'original_language', oneOf: ['pt'] },
    ];
    const movies = [
      movie(1, { budget: 5, original_language: 'pt' }),
      movie(2, { budget: 0, original_language: 'pt' }),
      movie(3, { budget: 5, original_language: 'en' }),
    ];

    expect(ids(select(movies, { keep, sort: [] }))).toEqual([1]);
  });
});

describe('the order', () => {
  it('is the order of the list when the dataset defines none', () => {
    expect(ids(select([movie(3), movie(1), movie(2)], { keep: [], sort: [] }))).toEqual([3, 1, 2]);
  });

  it.each([
    ['asc', [10, 9, -1, 2.5], [-1, 2.5, 9, 10]],
    ['desc', [10, 9, -1, 2.5], [10, 9, 2.5, -1]],
    ['asc', ['b', 'a', 'Z', 'ä', '10', '9'], ['10', '9', 'Z', 'a', 'b', 'ä']],
    ['asc', [1, undefined, 'a', null], [undefined, null, 1, 'a']],
    ['desc', [1, undefined, 'a', null], ['a', 1, undefined, null]],
  ] as const)('%s of %j is %j: missing ones first, or last when turned round', (order, values, expected) => {
    // toSorted moves undefined to the end of an array of values; these are objects, so it must not.
    expect(sorted(order, ...values)).toEqual(expected);
  });

  it('uses the next field when the first is equal, and the id when all are equal', () => {
    const sort = [
      { field: 'year', order: 'asc' },
      { field: 'budget', order: 'desc' },
    ] as const;
    const movies = [
      movie(4, { year: 2012, budget: 1 }),
      movie(3, { year: 2013, budget: 9 }),
      movie(2, { year: 2012, budget: 5 }),
      movie(1, { year: 2012, budget: 1 }),
    ];

    expect(ids(select(movies, { keep: [], sort: [...sort] }))).toEqual([2, 1, 4, 3]);
  });
});
