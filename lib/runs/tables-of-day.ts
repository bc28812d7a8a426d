import * as z from 'zod';
import type { BranchManifest } from './manifest.ts';

/** The tables of a day, added up over its branches. */
export const dayTables = z.object({
  files: z.int(),
  bytes: z.int(),
  /** Values that are in no column, because they do not fit or their field has no declared type. */
  drift: z.int(),
  /** The tables with a row for each movie: movies, series or both. */
  main: z.array(
    z.object({
      table: z.string(),
      rows: z.int(),
      /** Distinct movies that the branches keep. Equal to rows, unless lost or twice has ids. */
      distinct: z.int(),
      /** Movies without a row: the branch of their first genre does not have them. */
      lost: z.array(z.int()),
      /** Movies with rows in two branches: TMDB moved them between two lists, or a CSV has two ids of them. */
      twice: z.array(z.int()),
    }),
  ),
});
export type DayTables = z.output<typeof dayTables>;

/**
 * Compares the rows of a day's tables with the movies that its branches keep.
 *
 * A branch decides alone which of its movies have their rows in another branch, so that branches can be written at the
 * same time. Whether that other branch has them, only the day shows.
 *
 * @returns undefined if no branch has tables.
 */
export const tablesOfDay = (branches: readonly BranchManifest[]): DayTables | undefined => {
  const all = branches.flatMap(({ tables }) => tables ?? []);
  if (all.length === 0) return undefined;
  // The file of genres is the same for all branches.
  const files = new Map(all.flatMap((one) => one.files.map((file) => [file.key, file])));
  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
  return {
    files: files.size,
    bytes: sum([...files.values()].map(({ bytes }) => bytes)),
    drift: sum(all.flatMap(({ drift }) => drift.map(({ values }) => values))),
    main: [...Map.groupBy(all, ({ main }) => main)]
      .map(([table, of]) => {
        const rows = of.flatMap(({ ids }) => ids);
        const there = new Set<number>();
        const twice = rows.filter((id) => there.size === there.add(id).size);
        const kept = new Set([...rows, ...of.flatMap(({ elsewhere }) => elsewhere.flatMap(({ ids }) => ids))]);
        return {
          table,
          rows: rows.length,
          distinct: kept.size,
          lost: inOrder([...kept].filter((id) => !there.has(id))),
          twice: inOrder([...new Set(twice)]),
        };
      })
      .toSorted((a, b) => (a.table < b.table ? -1 : 1)),
  };
};

const inOrder = (ids: readonly number[]): number[] => ids.toSorted((a, b) => a - b);

/** Ids that a warning names. The manifest has all. */
const NAMED = 10;

/**
 * What a reader of the tables has to know.
 *
 * @param isCsv Whether the movies are from a CSV. It can have two IMDb ids of one movie; each branch knows its own only.
 */
export const tableWarnings = ({ main }: DayTables, isCsv = false): string[] => {
  const advice = isCsv
    ? 'the CSV has two ids of such a movie, in two slices. Count distinct ids'
    : 'TMDB changed while the lists were read. Run these branches again';
  return main.flatMap(({ table, rows, distinct, lost, twice }) => {
    const wrong = [
      lost.length && `${lost.length} ${lost.length === 1 ? 'has' : 'have'} none (${named(lost)})`,
      twice.length && `${twice.length} ${twice.length === 1 ? 'has' : 'have'} two (${named(twice)})`,
    ].filter((one) => one !== 0);
    return wrong.length ? [`${table} has ${rows} rows for ${distinct} movies: ${wrong.join(', ')}; ${advice}`] : [];
  });
};

const named = (ids: readonly number[]): string => `${ids.slice(0, NAMED).join(', ')}${ids.length > NAMED ? ', …' : ''}`;
