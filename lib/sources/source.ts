import { isDeepStrictEqual } from 'node:util';
import type { Dataset, SourceSchema } from '../datasets/dataset.ts';
import type { Day } from '../day.ts';
import { BadInputError } from '../parse.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import type { CsvRead, PlannedBranch } from '../runs/plan.ts';
import type { Listing } from '../runs/work.ts';
import type { Query } from '../tmdb/client.ts';
import type { ItemRequest } from '../tmdb/item-request.ts';
import type { ListPage } from '../tmdb/responses.ts';

/**
 * A kind of source: where the branches of a dataset, and the list of each branch, come from.
 *
 * One file each, and one line in kinds.ts. Planning, walking and fetching know no kind.
 */
export interface SourceKind extends SourceSchema {
  /** Fields of its settings that only decide which branches there are, and not what a branch lists. Absent: none. */
  branchFields?: readonly string[];
  open(dataset: Dataset): Source;
}

/** The source of one dataset. */
export interface Source {
  /** What its lists hold, for people: movies, items, ids. */
  noun: string;
  /** What its branches are of; each one's itemRequest says which. */
  media: readonly ItemRequest['media'][];
  /** Fields of a run's input that only some kinds of source understand. */
  accepts: readonly ('years' | 'upload')[];
  /** How a person makes fewer branches of it; completes "use fewer branches: …". */
  howToSplit: string;
  /** Requests to TMDB for one item of a list. */
  requestsPerItem: number;
  /** Pages of TMDB that a list of so many items has. */
  pagesPerList(items: number): number;
  /** Requests to TMDB for a list of so many items. */
  requestsPerList(items: number): number;

  /** @throws {BadInputError} Something that the branches are made from is missing or not as expected. */
  branches(plan: PlanFor): Promise<SourceBranches>;
  /** Where page 1 of a branch's list is; undefined where the list is known without TMDB. */
  firstPage?(listFrom: ListFrom): FirstPage;
  /**
   * Reads the list of one branch.
   *
   * @throws {ListIncompleteError}
   */
  list(listFrom: ListFrom, pages: PagesOf): Promise<Listing>;
  itemRequest(listFrom: ListFrom): ItemRequest;
  /** How many branches of the dataset list an item. TMDB is asked once for all of them. Absent: always 1. */
  branchesWith?(listed: Readonly<Record<string, unknown>>): number;
}

/** What a branch lists. Each kind of source has its own schema for it. */
export type ListFrom = PlannedBranch['listFrom'];

/** There is no uploaded file to plan from. A dry run warns of it, since everything else may be in order. */
export class NoUploadError extends BadInputError {}

export interface FirstPage {
  path: string;
  query: Query;
  /** How many items the list has, by its page 1; undefined where that is impossible. */
  expected(page: ListPage): number | undefined;
}

/** One branch as its source plans it. */
export interface SourceBranch {
  name: string;
  listFrom: ListFrom;
  placeholders: Record<string, string>;
  /** See the plan of a branch. */
  owners?: PlannedBranch['owners'];
  /** Items of its list, where they are known without asking TMDB. */
  expected?: number;
}

export interface SourceBranches {
  /** The branches that the run's input asks for. */
  ofRun: readonly SourceBranch[];
  /** Names of all branches that the dataset has on that day. */
  wholeDay: readonly string[];
  csv?: CsvRead;
}

export interface PlanFor {
  day: Day;
  /** Instead of the dataset's own years. */
  years: { from: number; to: number } | undefined;
  /** Key of an upload, instead of the newest one. */
  upload: string | undefined;
  /** Whether the run is for some of the branches. */
  only: boolean;
  store: ObjectStore;
}

/** Pages of a list that TMDB serves: requested once, kept under `name`, and read from there afterwards. */
export interface PagesOf {
  (name: string, path: string, query: Query, numbers: readonly number[]): Promise<ListPage[]>;
  /**
   * Whether the pages whose names begin with `pass` were read with a pause between them: by two calls of the walker, or
   * while TMDB did not answer. A list can change meanwhile without any sign.
   */
  wasInterrupted?(pass: string): boolean;
}

/** The list of a branch is not what TMDB says it holds, beyond the dataset's tolerance. The next walker reads it again. */
export class ListIncompleteError extends Error {
  override readonly name = 'ListIncompleteError';
}

/** Kinds of sources by name. The pipeline gets them as an argument, so that a test can add one. */
export type SourceKinds = Readonly<Record<string, SourceKind>>;

/**
 * Compares the settings of two sources.
 *
 * @param except Fields that may differ. By default those that only decide which branches there are: then a branch still
 *   lists the same as the branch of that name before.
 * @returns The first other field that differs; undefined where none does.
 */
export const differentField = (
  kinds: SourceKinds,
  before: Dataset['source'],
  now: Dataset['source'],
  except = kinds[now.kind]?.branchFields ?? [],
): string | undefined => {
  const settingsOf = (source: Dataset['source']): Record<string, unknown> =>
    // A source that was stored before a field existed has its default.
    kinds[source.kind]?.settings.safeParse(source).data ?? source;
  const [one, other] = [settingsOf(before), settingsOf(now)];
  return Object.keys({ ...one, ...other }).find(
    (field) => !except.includes(field) && !isDeepStrictEqual(one[field], other[field]),
  );
};

export const openSource = (kinds: SourceKinds, dataset: Dataset): Source => {
  const kind = kinds[dataset.source.kind];
  // Only a plan made by another version of the code can have one.
  if (!kind)
    throw new BadInputError(
      `dataset ${dataset.name}: source.kind: use one of ${Object.keys(kinds).join(', ')}; got ${JSON.stringify(dataset.source.kind)}.`,
    );
  return kind.open(dataset);
};
