import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { BranchRef } from '../names.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import type { Tally } from '../tmdb/client.ts';
import { layout } from './layout.ts';

/** Why an id that was asked for gave no record. */
export const REASONS = [
  'gone',
  'quarantined',
  'not_found',
  'is_tv',
  'is_episode',
  'is_person',
  'ambiguous',
  'malformed',
] as const;
export type Reason = (typeof REASONS)[number];

/** What became of one item of the list. */
export type Outcome =
  | { id: number | string; outcome: 'fetched'; tmdbId: number; body: unknown }
  /** An IMDb id whose TMDB id is known, and no more yet: it is not asked for again. */
  | { id: number | string; outcome: 'resolved'; tmdbId: number }
  /** `body` is what could not be read; it goes to the quarantine, and is not kept beside the others. */
  | { id: number | string; outcome: Reason; why?: string; key?: string; body?: unknown };

/** The list of a branch, complete. */
export interface Listing {
  items: readonly { id: number | string; listed?: Record<string, unknown> }[];
  /** TMDB's own total; for ids from a CSV, how many there are. */
  expected: number;
  /** Rows of the first pass over the pages, doubles among them. */
  listed: number;
  doubled: number;
  passes: number;
  warnings: string[];
}

/** Something kept, with what it took: tallies add up over all that a branch kept, whoever was killed in between. */
export interface Kept<Value> {
  tally: Tally;
  /** When the first of it was asked for and when it was kept, as ISO 8601. */
  from: string;
  to: string;
  value: Value;
}

/**
 * A branch's work in the bucket: what a walker keeps as it goes, so that another one goes on from there.
 *
 * Everything is written once under a name of its own, whole or not at all; nothing is ever changed.
 */
export const branchWork = (store: ObjectStore, ref: BranchRef) => {
  const load = async <Value>(key: string): Promise<Kept<Value> | undefined> => {
    const object = await store.get(key);
    return object && (JSON.parse(gunzipSync(object.body).toString()) as Kept<Value>);
  };
  const save = <Value>(key: string, kept: Kept<Value>) =>
    store.put(key, gzipSync(JSON.stringify(kept), { level: 1 }), { contentType: 'application/gzip' });

  return {
    listing: () => load<Listing>(layout.list(ref)),
    keepListing: (kept: Kept<Listing>) => save(layout.list(ref), kept),

    /** Pages of a list that is not complete yet, by a name that says which. */
    pages: <Value>(name: string) => load<Value>(layout.pages(ref, name)),
    keepPages: <Value>(name: string, kept: Kept<Value>) => save(layout.pages(ref, name), kept),
    /** For a list that did not come out right: the next walker asks for it anew. */
    forgetPages: async () => store.remove(await store.list(layout.pagesFolder(ref))),

    /** Named by what is in it, so that two walkers of one branch (a timed-out one and its successor) don't overwrite each other's. */
    keepChunk: (kept: Kept<Outcome[]>) => {
      const ids = createHash('sha256')
        .update(kept.value.map(({ id, outcome }) => `${id} ${outcome}`).join())
        .digest('hex');
      return save(layout.chunk(ref, ids.slice(0, 24)), kept);
    },

    /** Every chunk, one at a time: a branch's chunks together may outgrow the memory of a function. */
    chunks: async function* () {
      for (const key of await store.list(layout.chunksFolder(ref))) {
        const chunk = await load<Outcome[]>(key);
        if (chunk) yield chunk;
      }
    },
  };
};

export type BranchWork = ReturnType<typeof branchWork>;
