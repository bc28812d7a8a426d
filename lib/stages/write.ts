import type { Clock } from '../clock.ts';
import type { Dataset } from '../datasets/dataset.ts';
import type { Emit } from '../events.ts';
import { recordOf, subjectOf } from '../movies/record.ts';
import { type Candidate, select } from '../movies/select.ts';
import { partKeys } from '../raw-zone/key-pattern.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { contentType, cutIntoParts, type Part } from '../raw-zone/parts.ts';
import { type BranchManifest, loadManifest, saveManifest } from '../runs/manifest.ts';
import { NotPlannedError, type PlannedBranch } from '../runs/plan.ts';
import type { BranchWork, Outcome, Reason } from '../runs/work.ts';

export interface WriteServices {
  store: ObjectStore;
  work: BranchWork;
  clock: Clock;
  emit: Emit;
  codeVersion: string;
}

/**
 * Writes one branch from what its walker kept: keep, sort, parts, then the manifest.
 *
 * Removes parts that an earlier writer of this day left and this one doesn't write. The manifest comes last: who reads
 * it finds every part that it names. An empty branch has a manifest and no part.
 *
 * @throws {NotPlannedError} The branch has not been walked.
 * @throws {RecordTooLargeError}
 */
export const write = async (branch: PlannedBranch, services: WriteServices): Promise<BranchManifest> => {
  const { store, clock, emit, codeVersion } = services;
  const { candidates, figures } = await account(branch, services);
  const chosen = select(candidates, branch.settings);
  const parts = cutIntoParts(
    chosen.map(({ record }) => record),
    branch.settings.output,
  );
  const written = await putParts(branch, parts, store);

  const manifest: BranchManifest = {
    dataset: branch.dataset,
    day: branch.day,
    run: branch.run,
    branch: branch.branch,
    plannedAt: branch.plannedAt,
    codeVersion,
    writtenAt: new Date(clock.now()).toISOString(),
    ...figures,
    leftOut: candidates.length - chosen.length,
    kept: chosen.length,
    written: written.reduce((sum, { records }) => sum + records, 0),
    bytes: written.reduce((sum, { bytes }) => sum + bytes, 0),
    warnings: [...figures.warnings, ...unknownFields(branch, candidates)],
    parts: written,
  };
  await saveManifest(store, manifest);
  const { kept, leftOut } = manifest;
  emit({ type: 'branchWritten', branch: branch.branch, kept, leftOut, parts: written.length });
  return manifest;
};

/** Accounts for every item of the list: a candidate for the parts, or an id with a reason. */
const account = async (branch: PlannedBranch, { work }: WriteServices) => {
  const list = await work.listing();
  if (!list)
    throw new NotPlannedError(
      `${branch.branch} has not been walked: run ${branch.run} has no list of it. Run Walk first.`,
    );
  const { items, expected, listed, doubled, passes, warnings } = list.value;
  const position = new Map(items.map(({ id }, index) => [id, index]));
  const candidates: (Candidate | undefined)[] = Array.from({ length: items.length });
  const missing: Partial<Record<Reason, (number | string)[]>> = { gone: [], quarantined: [] };
  const quarantine: BranchManifest['quarantine'] = [];
  const { requests, retries, throttles } = list.tally;
  const cost = { requests, retries, throttles };
  let [from, to] = [list.from, list.to];

  // Only the fields that the rules read: whole details of a branch of 10,000 movies would not fit into memory.
  const named = ruledFields(branch.settings);
  const candidate = (index: number, fetched?: Extract<Outcome, { outcome: 'fetched' }>) => {
    const item = items[index];
    if (!item) return;
    const subject = subjectOf(branch.settings.ask, item, fetched);
    const record = recordOf(subject, branch.settings.record);
    const known: Record<string, unknown> = { ...subject.details, ...subject.listed, ...record };
    candidates[index] = {
      id: subject.id,
      record,
      facts: Object.fromEntries(named.map((field) => [field, known[field]])),
    };
  };

  if (branch.settings.ask.length === 0) for (const index of items.keys()) candidate(index);
  const seen = new Set<number | string>();
  for await (const chunk of work.chunks()) {
    cost.requests += chunk.tally.requests;
    cost.retries += chunk.tally.retries;
    cost.throttles += chunk.tally.throttles;
    if (chunk.from < from) from = chunk.from;
    if (chunk.to > to) to = chunk.to;
    for (const outcome of chunk.value) {
      const index = position.get(outcome.id);
      if (outcome.outcome === 'resolved' || index === undefined || seen.has(outcome.id)) continue;
      seen.add(outcome.id);
      if (outcome.outcome === 'fetched') {
        candidate(index, outcome);
        continue;
      }
      (missing[outcome.outcome] ??= []).push(outcome.id);
      if (outcome.outcome === 'quarantined')
        quarantine.push({ id: outcome.id, why: outcome.why ?? '', key: outcome.key ?? '' });
    }
  }
  const unwalked = branch.settings.ask.length === 0 ? 0 : items.length - seen.size;
  if (unwalked > 0)
    throw new NotPlannedError(
      `${branch.branch} has not been walked to its end: ${unwalked} of ${items.length} movies are missing. Run Walk first.`,
    );
  for (const ids of Object.values(missing)) ids.sort((a, b) => (position.get(a) ?? 0) - (position.get(b) ?? 0));

  return {
    candidates: candidates.filter((one) => one !== undefined),
    figures: {
      expected,
      listed,
      distinct: items.length,
      doubled,
      passes,
      missing,
      quarantine,
      warnings,
      ...cost,
      fetchedAt: { from, to },
    },
  };
};

const putParts = async (
  { dataset, day, branch, settings: { output }, placeholders }: PlannedBranch,
  parts: readonly Part[],
  store: ObjectStore,
) => {
  const keys = partKeys(output.key, day, placeholders);
  const written: BranchManifest['parts'] = [];
  for (const [index, { body, records, sha256 }] of parts.entries()) {
    const key = keys.key(index + 1);
    const { versionId } = await store.put(key, body, { contentType: contentType(output) });
    written.push({ key, records, bytes: body.length, sha256, ...(versionId && { versionId }) });
  }
  // The last manifest names parts under an earlier key pattern; the listing shows what a killed writer left.
  const before = (await loadManifest(store, { dataset, day, branch }))?.parts.map(({ key }) => key) ?? [];
  const there = (await store.list(keys.prefix)).filter(keys.isMine);
  const now = new Set(written.map(({ key }) => key));
  await store.remove([...new Set([...before, ...there])].filter((key) => !now.has(key)));
  return written;
};

/** The fields that a dataset's rules read, each once. */
const ruledFields = ({ keep, sort }: Dataset): string[] => [...new Set([...keep, ...sort].map(({ field }) => field))];

/** A field that no movie has, and that keep or sort names, is probably misspelt. */
const unknownFields = ({ settings }: PlannedBranch, candidates: readonly Candidate[]): string[] => {
  if (candidates.length === 0) return [];
  return ruledFields(settings)
    .filter((field) => candidates.every(({ facts }) => facts[field] === undefined))
    .map((field) => `no movie has a field ${JSON.stringify(field)}, which the dataset's keep or sort names`);
};
