import type { BranchRef, DayRef } from '../names.ts';
import type { ReadableStore } from '../raw-zone/object-store.ts';
import { formatOf, recordsIn } from '../raw-zone/part-records.ts';
import { loadDayManifest } from '../runs/day-manifest.ts';
import { loadFailure, NO_ERROR_RECORDED } from '../runs/failure.ts';
import { type LeftOut, loadLeftOut } from '../runs/left-out.ts';
import { type BranchManifest, loadManifests } from '../runs/manifest.ts';
import { answersIn, ifNotPlanned, loadBranch, loadRuns } from '../runs/plan.ts';
import { keptWork, type Listing, type Reason } from '../runs/work.ts';
import { IMDB_ID } from '../tmdb/imdb-id.ts';
import type { ListPage } from '../tmdb/responses.ts';

/** What became of one item of a list. */
export interface Explanation {
  branch: string;
  run: string;
  /** The id in the list: TMDB's, or the id of a CSV. */
  id: number | string;
  tmdbId?: number;
  title?: string;
  /** `unfinished`: the run did not finish the branch. */
  outcome: 'written' | 'leftOut' | 'unfinished' | Reason;
  /** Whether the work of the run is still there. Without it, `pages` and `requested` are unknown. */
  hasWork: boolean;
  /** The pages that listed it: the name of the pass over the list, and the number of the page. */
  pages: { pass: string; page: number }[];
  /** The time in which it was requested and stored, with at most nine others. */
  requested?: { from: string; to: string };
  /** The record: the key of the part, its number there from 1, and how many there are. */
  part?: { key: string; record: number; of: number };
  /** The rule that leaves it out, and what it has in the rule's field. */
  rule?: LeftOut['rule'];
  value?: unknown;
  /** What was wrong with TMDB's answer, or the error of an unfinished branch. */
  why?: string;
  /** Key of an answer that could not be read. */
  quarantine?: string;
}

export interface Explained {
  explanations: Explanation[];
  /** Movies that rules left out and whose ids were not stored, by an earlier version of the code. */
  unknownLeftOut: number;
}

/**
 * Explains what became of the items of a day's lists.
 *
 * @param ids TMDB ids or IMDb ids; undefined for every item. An IMDb id of an item that TMDB listed is known while the
 * run's work exists, or where the record has it.
 */
export const explainDay = async (
  store: ReadableStore,
  ref: DayRef,
  ids: ReadonlySet<string> | undefined,
): Promise<Explained> => {
  const isCsv = (await loadDayManifest(store, ref))?.csv !== undefined;
  const manifests = [...(await loadManifests(store, ref)).values()].filter(({ role }) => role !== 'removed');
  const explanations: Explanation[][] = [];
  let unknownLeftOut = 0;
  for (const manifest of manifests.toSorted((a, b) => (a.branch < b.branch ? -1 : 1))) {
    const leftOut = await loadLeftOut(store, manifest);
    if (!leftOut) unknownLeftOut += manifest.leftOut;
    explanations.push(await explainBranch(store, manifest, leftOut ?? [], { ids, isCsv }));
  }
  explanations.push(await unfinished(store, ref, new Set(manifests.map(({ branch }) => branch)), ids));
  return { explanations: explanations.flat(), unknownLeftOut };
};

const explainBranch = async (
  store: ReadableStore,
  manifest: BranchManifest,
  leftOut: readonly LeftOut[],
  { ids, isCsv }: { ids: ReadonlySet<string> | undefined; isCsv: boolean },
): Promise<Explanation[]> => {
  const { branch, run } = manifest;
  const work = await workOf(store, manifest);
  const begin = (id: number | string) => ({
    branch,
    run,
    id,
    hasWork: work !== undefined,
    pages: [],
    ...work?.about(id),
  });
  const isWanted = (...all: unknown[]) =>
    ids === undefined || all.some((id) => (typeof id === 'string' || typeof id === 'number') && ids.has(String(id)));

  const excluded = leftOut.map(
    ({ id, rule, value }): Explanation => ({ ...begin(id), outcome: 'leftOut', rule, value }),
  );
  const missing = Object.entries(manifest.missing).flatMap(([reason, all]) =>
    all.map((id): Explanation => {
      const quarantined = manifest.quarantine.find((one) => one.id === id);
      const why = quarantined?.why ?? manifest.unavailable.find((one) => one.id === id)?.why;
      return {
        ...begin(id),
        outcome: reason as Reason,
        ...(why !== undefined && { why }),
        ...(quarantined && { quarantine: quarantined.key }),
      };
    }),
  );
  const others = [...excluded, ...missing];
  const notWritten = new Set(others.map(({ id }) => id));
  const places = await placesOf(store, manifest);
  const find = finderOf(places);
  const written = work
    ? work.items.flatMap(({ id }) =>
        notWritten.has(id) ? [] : [{ ...begin(id), place: find(id, work.about(id).tmdbId) }],
      )
    : places.map((place) => ({ ...begin(idIn(place.record, isCsv) ?? place.part.key), place }));
  return [
    ...written.flatMap(({ place, ...one }): Explanation[] =>
      isWanted(one.id, one.tmdbId, place?.record.id, place?.record.imdb_id, work?.imdbIdOf(one.id))
        ? [{ ...one, ...(place && { ...titleIn(place.record), part: place.part }), outcome: 'written' }]
        : [],
    ),
    ...others.filter((one) => isWanted(one.id, one.tmdbId, work?.imdbIdOf(one.id))),
  ];
};

/** A record of a branch, and where it is. */
interface Place {
  record: Record<string, unknown>;
  part: NonNullable<Explanation['part']>;
}

const placesOf = async (store: ReadableStore, { output, parts }: BranchManifest): Promise<Place[]> => {
  const places: Place[] = [];
  for (const { key } of parts) {
    const object = await store.get(key);
    const format = formatOf(key, output);
    const records = object && recordsIn(object.body, format);
    for (const [index, record] of (records ?? []).entries())
      places.push({ record, part: { key, record: index + 1, of: records?.length ?? 0 } });
  }
  return places;
};

/** Finds the record of an item. Two ids of a CSV can have the same TMDB id, so the id that was asked for comes first. */
const finderOf = (places: readonly Place[]) => {
  const byValue = (value: (record: Place['record']) => unknown) =>
    Map.groupBy(places, ({ record }) => String(value(record)));
  const [byId, byAsked] = [byValue(({ id }) => id), byValue((record) => idIn(record, true))];
  return (id: number | string, tmdbId = id): Place | undefined =>
    byAsked.get(String(id))?.[0] ?? byId.get(String(tmdbId))?.[0];
};

/**
 * The id under which a record was listed. The records of a CSV have the CSV's id in a field that the dataset adds at the
 * end; TMDB's own imdb_id, which can be another id of the same movie, comes before it.
 */
const idIn = (record: Place['record'], isCsv: boolean): number | string | undefined => {
  const id = isCsv
    ? Object.values(record).findLast((value) => typeof value === 'string' && IMDB_ID.test(value))
    : record.id;
  return typeof id === 'number' || typeof id === 'string' ? id : undefined;
};

const titleIn = ({ title, name }: Place['record']): Pick<Explanation, 'title'> => {
  const text = title ?? name;
  return typeof text === 'string' ? { title: text } : {};
};

type About = Pick<Explanation, 'pages' | 'requested' | 'tmdbId' | 'title'>;

/** What the work of a branch knows of its items; undefined where there is none. In AWS, it expires. */
const workOf = async (
  store: ReadableStore,
  ref: BranchRef,
): Promise<
  | { items: Listing['items']; about(id: number | string): About; imdbIdOf(id: number | string): string | undefined }
  | undefined
> => {
  const plan = await loadBranch(store, ref).catch(ifNotPlanned);
  const work = keptWork(store, plan ? answersIn(plan) : ref);
  const list = await work.listing();
  if (!list) return undefined;
  const pages = new Map<number | string, Explanation['pages']>();
  for (const name of await work.pageNames()) {
    // The name ends in the number of the first page that the object has.
    const [, pass = name, again = ''] = /^(.*?)-\d+(-again)?$/.exec(name) ?? [];
    for (const { page, results } of (await work.pages<ListPage[]>(name))?.value ?? [])
      for (const { id } of results) pages.set(id, [...(pages.get(id) ?? []), { pass: `${pass}${again}`, page }]);
  }
  const answers = new Map<number | string, Omit<About, 'pages'> & { imdbId?: string }>();
  for await (const { from, to, value } of work.chunks()) {
    for (const outcome of value) {
      if (outcome.outcome === 'resolved' || answers.get(outcome.id)?.tmdbId !== undefined) continue;
      const body = outcome.outcome === 'fetched' ? (outcome.body as Place['record']) : {};
      answers.set(outcome.id, {
        requested: { from, to },
        ...(outcome.outcome === 'fetched' && { tmdbId: outcome.tmdbId }),
        ...titleIn(body),
        ...(typeof body.imdb_id === 'string' && { imdbId: body.imdb_id }),
      });
    }
  }
  const titles = new Map(list.value.items.map(({ id, listed = {} }) => [id, titleIn(listed)]));
  return {
    items: list.value.items,
    about: (id) => {
      const { imdbId: _, ...answer } = answers.get(id) ?? {};
      return { pages: pages.get(id) ?? [], ...titles.get(id), ...answer };
    },
    imdbIdOf: (id) => answers.get(id)?.imdbId,
  };
};

/** Items of branches that a run of the day planned and that have no manifest. */
const unfinished = async (
  store: ReadableStore,
  ref: DayRef,
  finished: ReadonlySet<string>,
  ids: ReadonlySet<string> | undefined,
): Promise<Explanation[]> => {
  const planned = (await loadRuns(store, ref)).flatMap(({ run, branches }) =>
    branches.map(({ name }) => [name, run] as const),
  );
  const all = await Promise.all(
    [...new Map(planned)].map(async ([branch, run]): Promise<Explanation[]> => {
      const work = finished.has(branch) ? undefined : await workOf(store, { ...ref, run, branch });
      if (!work) return [];
      const { error, message } = (await loadFailure(store, { ...ref, run, branch })) ?? NO_ERROR_RECORDED;
      return work.items
        .filter(({ id }) => !ids || [id, work.about(id).tmdbId, work.imdbIdOf(id)].some((one) => ids.has(String(one))))
        .map(({ id }) => ({
          branch,
          run,
          id,
          hasWork: true,
          ...work.about(id),
          outcome: 'unfinished',
          why: `${error}: ${message}`,
        }));
    }),
  );
  return all.flat();
};
