import type { Dataset } from '../datasets/dataset.ts';
import { recordOf, type Subject, subjectOf } from '../movies/record.ts';
import { failedRule, type SortKey, sortKey } from '../movies/select.ts';
import { recordText } from '../raw-zone/parts.ts';
import type { Place, ScratchFile } from '../raw-zone/scratch-file.ts';
import { type LeftOut, leftOutBy } from '../runs/left-out.ts';
import type { BranchManifest } from '../runs/manifest.ts';
import { NotPlannedError, type PlannedBranch } from '../runs/plan.ts';
import { trafficOf } from '../runs/traffic.ts';
import { type BranchWork, type Fetched, isRetried, type Listing, type Missing } from '../runs/work.ts';
import type { BranchTables } from '../tables/branch-tables.ts';

/** The figures of a manifest that follow from the walker's work. */
export type Figures = Pick<
  BranchManifest,
  | 'expected'
  | 'listed'
  | 'distinct'
  | 'doubled'
  | 'passes'
  | 'missing'
  | 'quarantine'
  | 'unavailable'
  | 'warnings'
  | 'requests'
  | 'retries'
  | 'throttles'
  | 'traffic'
  | 'fetchedAt'
>;

/** A movie that the dataset keeps. The text of its record is in the scratch file. */
export interface KeptMovie extends Place {
  /** TMDB's id. */
  id: number;
  sortKey: SortKey;
  /** The branch that has its rows in the tables; undefined without tables. */
  owner?: string;
  /** Where the JSON of the fields is that the tables have beyond the record. */
  beyond?: Place;
}

export interface Account {
  /** In the order of the list, like all others. */
  kept: KeptMovie[];
  /** The items that the dataset's `keep` leaves out. */
  leftOut: LeftOut[];
  figures: Figures;
}

/**
 * Accounts for every item of the list: it is kept, left out, or an id with a reason.
 *
 * Only ids, sort keys and the list are in memory; the records of a branch may not fit into the memory of a function.
 *
 * @throws {NotPlannedError} The branch has not been walked to its end.
 */
export const account = async (
  branch: PlannedBranch,
  work: BranchWork,
  scratch: ScratchFile,
  tables?: Pick<BranchTables, 'ownerOf' | 'beyondRecord'>,
): Promise<Account> => {
  const list = await work.listing();
  if (!list)
    throw new NotPlannedError(
      `${branch.branch} has not been walked: run ${branch.run} has no list of it. Run Walk first.`,
    );
  const { items, expected, listed, doubled, passes, warnings } = list.value;
  const position = new Map(items.map(({ id }, index) => [id, index]));
  const movies: (KeptMovie | LeftOut | undefined)[] = Array.from({ length: items.length });
  const missing = new Map<number | string, Missing & { at: string }>();
  const { requests, retries, throttles } = list.tally;
  const cost = { requests, retries, throttles };
  const sent = [...(list.traffic ?? [])];
  let [from, to] = [list.from, list.to];

  const { settings } = branch;
  const unused = unusedAdditions(settings);
  const unknown = unknownFields(settings);
  const movieOf = async (item: Listing['items'][number], fetched: Fetched | undefined) => {
    const subject = subjectOf(settings.ask, item, fetched, branch.answersOf?.ask);
    const record = recordOf(subject, settings.record);
    const facts: Fields = { ...subject.details, ...subject.listed, ...record };
    unused.see(subject, record);
    unknown.see(facts);
    const failed = failedRule(facts, settings.keep);
    if (failed) return leftOutBy(failed, item.id, facts[failed.field]);
    const place = await scratch.add(recordText(record, settings.output));
    const movie = { id: subject.id, sortKey: sortKey(facts, settings.sort), ...place };
    if (!tables) return movie;
    const owner = tables.ownerOf(facts);
    const beyond = owner === branch.branch ? tables.beyondRecord(subject.details) : undefined;
    return { ...movie, owner, ...(beyond !== undefined && { beyond: await scratch.add(beyond) }) };
  };
  if (settings.ask.length === 0)
    for (const [index, item] of items.entries()) movies[index] = await movieOf(item, undefined);
  // Work that is reshaped may have answers that the dataset no longer asks for.
  for await (const chunk of settings.ask.length === 0 ? [] : work.chunks()) {
    cost.requests += chunk.tally.requests;
    cost.retries += chunk.tally.retries;
    cost.throttles += chunk.tally.throttles;
    sent.push(...(chunk.traffic ?? []));
    if (chunk.from < from) from = chunk.from;
    if (chunk.to > to) to = chunk.to;
    for (const outcome of chunk.value) {
      const index = position.get(outcome.id);
      const item = index === undefined ? undefined : items[index];
      if (index === undefined || !item || outcome.outcome === 'resolved') continue;
      if (outcome.outcome === 'fetched') movies[index] ??= await movieOf(item, outcome);
      else if (isNews(outcome, chunk.to, missing.get(outcome.id)))
        missing.set(outcome.id, { ...outcome, at: chunk.to });
    }
  }
  // An id that had no usable answer once, and was requested again.
  for (const [index, { id }] of items.entries()) if (movies[index]) missing.delete(id);
  const unwalked = items.filter(({ id }, index) => !movies[index] && !missing.has(id)).length;
  if (unwalked > 0)
    throw new NotPlannedError(
      `${branch.branch} has not been walked to its end: ${unwalked} of ${items.length} movies are missing. Run Walk first.`,
    );

  const inOrder = items.flatMap(({ id }) => missing.get(id) ?? []);
  return {
    kept: movies.filter((movie) => movie !== undefined && 'sortKey' in movie),
    leftOut: movies.filter((movie) => movie !== undefined && 'rule' in movie),
    figures: {
      expected,
      listed,
      distinct: items.length,
      doubled,
      passes,
      missing: {
        gone: [],
        quarantined: [],
        ...Object.fromEntries(
          [...Map.groupBy(inOrder, ({ outcome }) => outcome)].map(([reason, all]) => [reason, all.map(({ id }) => id)]),
        ),
      },
      quarantine: inOrder.flatMap(({ id, outcome, why = '', key = '' }) =>
        outcome === 'quarantined' ? [{ id, why, key }] : [],
      ),
      unavailable: inOrder.flatMap(({ id, outcome, why = '' }) => (outcome === 'unavailable' ? [{ id, why }] : [])),
      warnings: [...warnings, ...(movies.some((one) => one) ? [...unused.warnings(), ...unknown.warnings()] : [])],
      ...cost,
      traffic: trafficOf(sent),
      fetchedAt: { from, to },
    },
  };
};

/** Of several outcomes without a record, one that TMDB answered for counts, else the newest. */
const isNews = ({ outcome }: Missing, at: string, before: (Missing & { at: string }) | undefined): boolean =>
  !before || (isRetried(before.outcome) && (!isRetried(outcome) || at > before.at));

type Fields = Readonly<Record<string, unknown>>;

/** Finds the fields that keep or sort names and that no movie of a branch has: such a field is probably misspelt. */
const unknownFields = ({ keep, sort }: Dataset) => {
  const unknown = new Set([...keep, ...sort].map(({ field }) => field));
  return {
    see: (facts: Fields) => {
      for (const field of unknown) if (facts[field] !== undefined) unknown.delete(field);
    },
    warnings: () =>
      [...unknown].map(
        (field) => `no movie has a field ${JSON.stringify(field)}, which the dataset's keep or sort names`,
      ),
  };
};

/** Finds the fields of `with` that no movie of a branch has data for: a name or a value in them is probably misspelt. */
const unusedAdditions = ({ record: { with: added } }: Dataset) => {
  const unused = new Map(Object.entries(added).filter(([, { from }]) => from !== 'asked'));
  return {
    see: ({ details }: Subject, record: Fields) => {
      for (const [name, { from }] of unused) {
        const people = record[name];
        const has =
          from === 'details' ? details && Object.hasOwn(details, name) : Array.isArray(people) && people.length;
        if (has) unused.delete(name);
      }
    },
    warnings: () =>
      [...unused].map(([name, how]) => {
        const field = JSON.stringify(name);
        if (how.from === 'details')
          return `no movie has a field ${field} in its details, which the dataset's with names`;
        const where = 'where' in how && how.where ? ` where ${JSON.stringify(how.where)}` : '';
        return `no movie has anyone in ${field}: nobody in the ${how.from}${where} matches`;
      }),
  };
};
