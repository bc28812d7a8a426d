import { createHash } from 'node:crypto';
import { constants, gunzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { joined, parseKeepingNumbers, withField } from '../json-text.ts';
import type { BranchRef } from '../names.ts';
import type { ObjectStore, ReadableStore } from '../raw-zone/object-store.ts';
import type { Tally } from '../tmdb/client.ts';
import { layout } from './layout.ts';
import type { Second } from './traffic.ts';

/**
 * Reasons for which TMDB does not answer: an answer that can't be read, no usable answer at all, an id that is none.
 * These ids count against the dataset's tolerance.
 */
export const LOST_REASONS = ['quarantined', 'unavailable', 'malformed'] as const;

/** Lost ids that are requested again when the branch is walked again: the answer may be another one. */
export const isRetried = (outcome: KeptOutcome['outcome']): boolean =>
  outcome === 'quarantined' || outcome === 'unavailable';

/** Reasons why a requested id has no record. TMDB answers for most of them; these are facts about the id. */
export const REASONS = [
  'gone',
  'not_found',
  'is_tv',
  'is_movie',
  'is_episode',
  'is_person',
  'ambiguous',
  ...LOST_REASONS,
] as const;
export type Reason = (typeof REASONS)[number];

/** A requested id that has no record. */
export interface Missing {
  id: number | string;
  outcome: Reason;
  why?: string;
  /** Key of the quarantined answer. */
  key?: string;
  /** The answer that couldn't be read. It is stored in the quarantine, and not with the other outcomes. */
  body?: unknown;
}

/** The TMDB id of an IMDb id, stored before the details are fetched, so that the id isn't looked up again. */
export interface Resolved {
  id: number | string;
  outcome: 'resolved';
  tmdbId: number;
}

/** An id's answer as the walker gets it: `json` is the JSON that TMDB sent, in UTF-8. */
export interface FetchedJson {
  id: number | string;
  outcome: 'fetched';
  tmdbId: number;
  json: Uint8Array;
}

/** The same answer, read back: numbers keep their text (lib/json-text.ts). */
export interface Fetched {
  id: number | string;
  outcome: 'fetched';
  tmdbId: number;
  body: unknown;
}

/** The result for one item of the list. */
export type Outcome = FetchedJson | Resolved | Missing;
export type KeptOutcome = Fetched | Resolved | Missing;

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
  /** The same counts by second. Absent in the work of earlier versions. */
  traffic?: Second[];
  /** Time of the first request for the value, and time at which it was stored, as ISO 8601. */
  from: string;
  to: string;
  value: Value;
}

/** zstd takes a third of the time of gzip, and its files are smaller. */
const packed = (json: string | Uint8Array): Buffer =>
  zstdCompressSync(json, { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: 64 * 1024 });

/** The first byte of gzip, with which work was compressed before 2026-11-26. That of zstd is 0x28. */
const GZIP = 0x1f;

const unpacked = (bytes: Buffer): Buffer =>
  bytes[0] === GZIP ? gunzipSync(bytes) : zstdDecompressSync(bytes, { chunkSize: 256 * 1024 });

const STORED = { contentType: 'application/zstd' };

/** Reads the work of a branch. */
export const keptWork = (store: ReadableStore, ref: BranchRef) => {
  const load = async <Value>(key: string, parse = parseKeepingNumbers): Promise<Kept<Value> | undefined> => {
    const object = (await store.get(key)) ?? (await store.get(layout.earlierWork(key)));
    return object && (parse(String(unpacked(object.body))) as Kept<Value>);
  };
  return {
    listing: () => load<Listing>(layout.list(ref)),

    /** Pages of a list. `name` identifies the pages. */
    pages: <Value>(name: string) => load<Value>(layout.pages(ref, name)),
    /** The names of all pages that are stored. */
    pageNames: async (): Promise<string[]> => {
      const folder = layout.pagesFolder(ref);
      return (await store.list(folder)).map((key) => key.slice(folder.length).replace(/\.json\.(zst|gz)$/, ''));
    },

    /**
     * Yields one chunk at a time, because all chunks of a branch may not fit into the memory of a function.
     *
     * @param parse JSON.parse where no number is written again; it takes half the time.
     */
    chunks: async function* (parse?: (text: string) => unknown) {
      for (const key of await store.list(layout.chunksFolder(ref))) {
        const chunk = await load<KeptOutcome[]>(key, parse);
        if (chunk) yield chunk;
      }
    },
  };
};

/**
 * The work of a branch in the bucket. A walker stores its progress here, so that the next walker can continue.
 *
 * Each object has its own name, is written completely or not at all, and is never changed.
 */
export const branchWork = (store: ObjectStore, ref: BranchRef) => {
  const save = (key: string, json: string | Uint8Array) => store.put(key, packed(json), STORED);

  return {
    ...keptWork(store, ref),
    keepListing: (kept: Kept<Listing>) => save(layout.list(ref), JSON.stringify(kept)),
    keepPages: <Value>(name: string, kept: Kept<Value>) => save(layout.pages(ref, name), JSON.stringify(kept)),
    /** Removes the pages of a list that was read incorrectly. The next walker requests them again. */
    forgetPages: async () => store.remove(await store.list(layout.pagesFolder(ref))),

    /** The answer that another branch of the run has kept for a movie; undefined where there is none. */
    sharedAnswer: async (id: number): Promise<FetchedJson | undefined> => {
      const object = await store.get(layout.shared(ref, id));
      return object && { id, outcome: 'fetched', tmdbId: id, json: unpacked(object.body) };
    },

    /**
     * Keeps the answer for a movie that other branches of the run list, too. All of them use the first one that is kept,
     * so the movie is the same in all of their files.
     */
    shareAnswer: async (answer: FetchedJson): Promise<FetchedJson> => {
      const { tmdbId: id, json } = answer;
      if (await store.putIf(layout.shared(ref, id), packed(json), undefined, STORED)) return answer;
      const object = await store.get(layout.shared(ref, id));
      return object ? { ...answer, json: unpacked(object.body) } : answer;
    },

    /**
     * Stores a chunk. Its name is a hash of its ids, outcomes, requests and times, so no chunk is overwritten: neither by
     * another walker of the branch, nor by a later one that gets the same outcomes. The requests of all chunks add up.
     */
    keepChunk: ({ value, ...kept }: Kept<Outcome[]>) => {
      const name = createHash('sha256')
        .update(JSON.stringify([kept, value.map(({ id, outcome }) => [id, outcome])]))
        .digest('hex');
      return save(
        layout.chunk(ref, name.slice(0, 24)),
        withField(kept, 'value', [Buffer.from('['), ...joined(value.map(outcomeJson), ','), Buffer.from(']')]),
      );
    },
  };
};

/** What TMDB sent goes into the chunk as it came: JSON.stringify would write 7.0 as 7. */
const outcomeJson = (outcome: Outcome): Buffer => {
  if (outcome.outcome !== 'fetched') return Buffer.from(JSON.stringify(outcome));
  const { json, ...rest } = outcome;
  return withField(rest, 'body', [json]);
};

export type BranchWork = ReturnType<typeof branchWork>;
