import type { Dataset } from '../datasets/dataset.ts';
import type { Day } from '../day.ts';
import type { ListFrom } from '../runs/plan.ts';
import type { Listing } from '../runs/work.ts';
import type { Query } from '../tmdb/client.ts';
import type { ListPage } from '../tmdb/responses.ts';
import { csv } from './csv.ts';
import { discover } from './discover.ts';
import { popular } from './popular.ts';

/** One branch as a source sees it. */
export interface SourceBranch {
  name: string;
  listFrom: ListFrom;
  placeholders: Record<string, string>;
  /** Known without asking TMDB. */
  expected?: number;
}

export interface PlanFor {
  settings: Dataset;
  day: Day;
  /** Instead of the dataset's own years. */
  years?: { from: number; to: number } | undefined;
}

/** Pages of a list that TMDB serves: asked for once, kept under `name`, and read from there ever after. */
export type PagesOf = (name: string, path: string, query: Query, numbers: readonly number[]) => Promise<ListPage[]>;

/**
 * Where a branch's list comes from: a kind of source is one of these, and nothing else in the pipeline knows it.
 * A CSV's branches depend on its contents, so the planner gets those from lib/sources/csv.ts itself.
 */
export interface Source<Kind extends ListFrom['kind']> {
  /** What page 1 is asked of, and how many movies it promises; undefined where the list is known. */
  firstPage?(
    list: Extract<ListFrom, { kind: Kind }>,
    settings: Dataset,
  ): { path: string; query: Query; expected(page: ListPage): number };
  list(list: Extract<ListFrom, { kind: Kind }>, settings: Dataset, pages: PagesOf): Promise<Listing>;
}

const SOURCES: { [Kind in ListFrom['kind']]: Source<Kind> } = { discover, popular, csv };

/** The source of a branch's list. */
export const sourceOf = <Kind extends ListFrom['kind']>(list: Extract<ListFrom, { kind: Kind }>): Source<Kind> =>
  SOURCES[list.kind as Kind] as unknown as Source<Kind>;
