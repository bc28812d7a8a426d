import type { Dataset } from '../lib/datasets/dataset.ts';
import { dayIn } from '../lib/day.ts';
import { BadInputError } from '../lib/parse.ts';
import type { ObjectStore } from '../lib/raw-zone/object-store.ts';
import { KINDS } from '../lib/sources/kinds.ts';
import { openSource } from '../lib/sources/source.ts';
import { type RunInput, runInput } from '../lib/stages/plan-input.ts';
import { answering } from './simulator/answers.ts';
import type { Catalogue } from './simulator/catalogue.ts';
import { type Fault, outageFor } from './simulator/faults.ts';
import { isAbout, isListFault } from './simulator/list-faults.ts';

/*
 * Whether the simulator has what a run asks for. A fault of another branch changes nothing, and a year without movies
 * gives empty branches: both look like a run that went well.
 */

/** What a run will ask TMDB for. */
export interface Asked {
  /** Page 1 of each branch's list. */
  lists: { branch: string; year: string | undefined; path: string; query: URLSearchParams }[];
  /** Paths of other requests, with any id. */
  paths: string[];
  dataset: Dataset;
  noun: string;
}

/** @returns undefined where only the planner can tell: a resumed run has a plan already, and a wrong input gets its message there. */
export const askedBy = async (dataset: Dataset, given: Record<string, unknown>): Promise<Asked | undefined> => {
  const input = runInput.parse(given);
  if (input.resume) return undefined;
  const source = openSource(KINDS, dataset);
  const { firstPage } = source;
  const item = (media: string) => (dataset.ask.length ? [`/${media}/1`] : []);
  if (!firstPage) {
    const { media } = source.itemRequest({});
    return { lists: [], paths: ['/authentication', '/find/1', ...item(media)], dataset, noun: source.noun };
  }
  const branches = await branchesOf(dataset, input);
  if (branches.length === 0) return undefined;
  const lists = branches.map(({ name, listFrom, placeholders }) => {
    const { path, query } = firstPage(listFrom);
    const texts = Object.entries(query).flatMap(([field, value]) =>
      value === undefined ? [] : [[field, String(value)] as [string, string]],
    );
    return { branch: name, year: placeholders.year, path, query: new URLSearchParams(texts) };
  });
  const media = new Set(branches.map(({ listFrom }) => source.itemRequest(listFrom).media));
  return { lists, paths: [...media].flatMap(item), dataset, noun: source.noun };
};

const branchesOf = async (dataset: Dataset, { day, years, only, scheduledTime }: RunInput) => {
  const on = day ?? dayIn(dataset.timezone, scheduledTime ? new Date(scheduledTime) : new Date());
  // Only a source without lists reads the bucket.
  const plan = { day: on, years, upload: undefined, only: only !== undefined, store: {} as ObjectStore };
  const { ofRun } = await openSource(KINDS, dataset).branches(plan);
  return ofRun.filter(({ name }) => !only || only.includes(name));
};

/** @throws {BadInputError} The faults change nothing that this run asks for. */
export const refuseIdleFaults = (name: string, faults: readonly Fault[], asked: Asked): void => {
  if (faults.length === 0 || faults.some((fault) => changes(fault, asked))) return;
  const byPath = Map.groupBy(asked.lists, ({ path }) => path);
  const listed = [...byPath].map(([path, lists]) => `${path} (${some(lists.map(({ branch }) => branch))})`);
  const others = asked.paths.map((path) => path.replace(/\/1$/, '/{id}'));
  throw new BadInputError(
    `--faults: ${name} changes nothing in this run, which asks for ${[...listed, ...others].join(', ')}; use another fault, or none.`,
  );
};

const changes = (fault: Fault, { lists, paths, dataset: { ask } }: Asked): boolean => {
  if (fault.kind === 'outage')
    return (
      lists.some(({ path, query }) => outageFor([fault], path, query)) ||
      paths.some((path) => outageFor([fault], path, new URLSearchParams()))
    );
  if (isListFault(fault))
    return lists.some(({ path, query }) => fault.of === undefined || isAbout(fault.of, path, query));
  if (fault.kind === 'drift') return lists.length > 0;
  // The credits are missing in an answer that has the details too.
  if (fault.kind === 'no-credits') return ask.includes('details') && ask.includes('credits');
  if (fault.kind === 'gone' || fault.kind.startsWith('always-')) return ask.length > 0;
  return true;
};

/** What to tell about years for which the catalogue has nothing; undefined where every year has something. */
export const emptyYears = (catalogue: Catalogue, { lists, dataset, noun }: Asked): string | undefined => {
  const answer = answering(catalogue);
  const items = ({ path, query }: Asked['lists'][number]): number => {
    const { body } = answer(path, query, { drifted: false, gone: () => false });
    return (body as { total_results?: number }).total_results ?? 0;
  };
  const years = Map.groupBy(lists, ({ year }) => year);
  const empty = [...years].filter(([year, all]) => year !== undefined && all.every((list) => items(list) === 0));
  if (empty.length === 0) return undefined;
  const branches = empty.flatMap(([, all]) => all.map(({ branch }) => branch));
  return `The simulator has no ${noun} of ${some(empty.map(([year]) => String(year)))} for dataset ${dataset.name}, so these branches will be empty: ${some(branches)}. To ask TMDB, set TMDB_TOKEN.`;
};

const some = (names: readonly string[]): string =>
  names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
