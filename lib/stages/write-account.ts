import type { Dataset } from '../datasets/dataset.ts';
import { recordOf, type Subject, subjectOf } from '../movies/record.ts';
import type { Candidate } from '../movies/select.ts';
import type { BranchManifest } from '../runs/manifest.ts';
import { NotPlannedError, type PlannedBranch } from '../runs/plan.ts';
import { trafficOf } from '../runs/traffic.ts';
import { type BranchWork, type Fetched, isRetried, type Missing } from '../runs/work.ts';

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

/**
 * Accounts for every item of the list: a candidate for the parts, or an id with a reason.
 *
 * @throws {NotPlannedError} The branch has not been walked to its end.
 */
export const account = async (
  branch: PlannedBranch,
  work: BranchWork,
): Promise<{ candidates: Candidate[]; figures: Figures }> => {
  const list = await work.listing();
  if (!list)
    throw new NotPlannedError(
      `${branch.branch} has not been walked: run ${branch.run} has no list of it. Run Walk first.`,
    );
  const { items, expected, listed, doubled, passes, warnings } = list.value;
  const position = new Map(items.map(({ id }, index) => [id, index]));
  const candidates: (Candidate | undefined)[] = Array.from({ length: items.length });
  const missing = new Map<number | string, Missing & { at: string }>();
  const { requests, retries, throttles } = list.tally;
  const cost = { requests, retries, throttles };
  const sent = [...(list.traffic ?? [])];
  let [from, to] = [list.from, list.to];

  const unused = unusedAdditions(branch.settings);
  const candidateOf = candidatesOf(branch, unused.see);
  if (branch.settings.ask.length === 0)
    for (const [index, item] of items.entries()) candidates[index] = candidateOf(item, undefined);
  for await (const chunk of work.chunks()) {
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
      if (outcome.outcome === 'fetched') candidates[index] ??= candidateOf(item, outcome);
      else if (isNews(outcome, chunk.to, missing.get(outcome.id)))
        missing.set(outcome.id, { ...outcome, at: chunk.to });
    }
  }
  // An id that had no usable answer once, and was requested again.
  for (const [index, { id }] of items.entries()) if (candidates[index]) missing.delete(id);
  const unwalked = items.filter(({ id }, index) => !candidates[index] && !missing.has(id)).length;
  if (unwalked > 0)
    throw new NotPlannedError(
      `${branch.branch} has not been walked to its end: ${unwalked} of ${items.length} movies are missing. Run Walk first.`,
    );

  const inOrder = items.flatMap(({ id }) => missing.get(id) ?? []);
  return {
    candidates: candidates.filter((one) => one !== undefined),
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
      warnings: [...warnings, ...(candidates.some((one) => one) ? unused.warnings() : [])],
      ...cost,
      traffic: trafficOf(sent),
      fetchedAt: { from, to },
    },
  };
};

/** Of several outcomes without a record, one that TMDB answered for counts, else the newest. */
const isNews = ({ outcome }: Missing, at: string, before: (Missing & { at: string }) | undefined): boolean =>
  !before || (isRetried(before.outcome) && (!isRetried(outcome) || at > before.at));

/** Makes candidates of items and answers. `see` is called with the data of each. */
const candidatesOf = ({ settings }: PlannedBranch, see: (subject: Subject, record: Candidate['record']) => void) => {
  // Only the fields that the rules read: whole details of a branch of 10,000 movies would not fit into memory.
  const named = ruledFields(settings);
  return (item: Parameters<typeof subjectOf>[1], fetched: Fetched | undefined): Candidate => {
    const subject = subjectOf(settings.ask, item, fetched);
    const record = recordOf(subject, settings.record);
    see(subject, record);
    const known: Record<string, unknown> = { ...subject.details, ...subject.listed, ...record };
    return { id: subject.id, record, facts: Object.fromEntries(named.map((field) => [field, known[field]])) };
  };
};

/** The fields that a dataset's rules read, each once. */
const ruledFields = ({ keep, sort }: Dataset): string[] => [...new Set([...keep, ...sort].map(({ field }) => field))];

/** Warnings about fields that no movie has and that keep or sort names: such a field is probably misspelt. */
export const unknownFields = ({ settings }: PlannedBranch, candidates: readonly Candidate[]): string[] => {
  if (candidates.length === 0) return [];
  return ruledFields(settings)
    .filter((field) => candidates.every(({ facts }) => facts[field] === undefined))
    .map((field) => `no movie has a field ${JSON.stringify(field)}, which the dataset's keep or sort names`);
};

/** Finds the fields of `with` that no movie of a branch has data for: a name or a value in them is probably misspelt. */
const unusedAdditions = ({ record: { with: added } }: Dataset) => {
  const unused = new Map(Object.entries(added).filter(([, { from }]) => from !== 'asked'));
  return {
    see: ({ details }: Subject, record: Candidate['record']) => {
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
