import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { BranchRef } from '../names.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import type { Tally } from '../tmdb/client.ts';
import { layout } from './layout.ts';

/** Reasons why a requested id has no record. */
export const REASONS = [
  'gone',
  'quarantined',
  'not_found',
  'is_tv',
  'is_movie',
  'is_episode',
  'is_person',
  'ambiguous',
  'malformed',
] as const;
export type Reason = (typeof REASONS)[number];

/** The result for one item of the list. */
export type Outcome =
  | { id: number | string; outcome: 'fetched'; tmdbId: number; body: unknown }
  /** The TMDB id of an IMDb id, stored before the details are fetched, so that the id isn't looked up again. */
  | { id: number | string; outcome: 'resolved'; tmdbId: number }
  /** `body` is the response that couldn't be read. It is stored in the quarantine, and not with the other outcomes. */
  | { id: number | string; outcome: Reason; why?: string; key?: string; body?: unknown };

/** The list of a branch, complete. */
export interface Listing {
  items: readonly { id: number | string; listed?: Record<string, unknown> }[];
  /** TMDB's `total_results`. For ids from a CSV, the number of ids. */
  expected: number;
  /** Rows of the first pass over the pages, duplicates included. */
  listed: number;
  doubled: number;
  passes: number;
  warnings: string[];
}

/** A stored value with the requests that it took. The tallies of all stored values add up, even if a walker was killed. */
export interface Kept<Value> {
  tally: Tally;
  /** Time of the first request for the value, and time at which it was stored, as ISO 8601. */
  from: string;
  to: string;
  value: Value;
}

/**
 * The work of a branch in the bucket. A walker stores its progress here, so that the next walker can continue.
 *
 * Each object has its own name, is written completely or not at all, and is never changed.
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

    /** Pages of a list that isn't complete yet. The name identifies the pages. */
    pages: <Value>(name: string) => load<Value>(layout.pages(ref, name)),
    keepPages: <Value>(name: string, kept: Kept<Value>) => save(layout.pages(ref, name), kept),
    /** Removes the pages of a list that couldn't be completed. The next walker requests the list again. */
    forgetPages: async () => store.remove(await store.list(layout.pagesFolder(ref))),

    /** The name is a hash of the contents, so two walkers of one branch (a timed-out one and the next) don't overwrite each other's chunks. */
    keepChunk: (kept: Kept<Outcome[]>) => {
      const ids = createHash('sha256')
        .update(kept.value.map(({ id, outcome }) => `${id} ${outcome}`).join())
        .digest('hex');
      return save(layout.chunk(ref, ids.slice(0, 24)), kept);
    },

    /** Yields one chunk at a time: all chunks of a branch together may exceed the memory of a function. */
    chunks: async function* () {
      for (const key of await store.list(layout.chunksFolder(ref))) {
        const chunk = await load<Outcome[]>(key);
        if (chunk) yield chunk;
      }
    },
  };
};

export type BranchWork = ReturnType<typeof branchWork>;
