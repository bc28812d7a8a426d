import { gunzipSync } from 'node:zlib';
import pLimit from 'p-limit';
import type { ReadableStore } from '../raw-zone/object-store.ts';
import type { BranchManifest } from '../runs/manifest.ts';

/** What the report shows of a record. The records of datasets differ, so each field may be absent. */
export interface Movie {
  id: number | string;
  title?: string;
  /** Of a movie's release, or a series' first episode. */
  year?: string;
  budget?: number;
  votes?: number;
  popularity?: number;
  lead?: string;
  directors?: string[];
  /** People in the cast, where the record has all of them. */
  cast?: number;
  isSeries: boolean;
}

export interface ReadMovies {
  /** Each movie once, by `keyOf`: a movie of two genres is in the files of both. */
  movies: Map<string, Movie>;
  /** Keys of parts that could not be read. */
  unread: string[];
}

/** TMDB counts movies and series separately: one number can be the id of both. */
export const keyOf = ({ id, isSeries }: Movie): string => `${isSeries ? 'tv' : 'movie'}/${id}`;

/** Largest parts of a day in bytes that the report reads: the auditor parses some 20 MB a second. */
export const LARGEST_READ_BYTES = 100_000_000;

/** Two parts of 10 MB take some 150 MB of memory while they are parsed. */
const READS_AT_ONCE = 2;

/** Reads the parts that manifests name, and keeps of each record what the report shows. */
export const readMovies = async (store: ReadableStore, branches: readonly BranchManifest[]): Promise<ReadMovies> => {
  const atOnce = pLimit(READS_AT_ONCE);
  const parts = branches.flatMap(({ parts }) => parts.map(({ key }) => key));
  const read = await Promise.all(parts.map((key) => atOnce(async () => ({ key, movies: await moviesIn(store, key) }))));
  return {
    movies: new Map(read.flatMap(({ movies }) => movies ?? []).map((movie) => [keyOf(movie), movie])),
    unread: read.flatMap(({ key, movies }) => (movies ? [] : [key])),
  };
};

const moviesIn = async (store: ReadableStore, key: string): Promise<Movie[] | undefined> => {
  const object = await store.get(key);
  if (!object) return undefined;
  try {
    const text = (isGzip(object.body) ? gunzipSync(object.body) : object.body).toString();
    const records = text.startsWith('[')
      ? JSON.parse(text)
      : text
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line));
    return (records as unknown[]).flatMap((record) => movieOf(record) ?? []);
  } catch {
    return undefined; // The report says which parts it could not read. `npm run verify` says why.
  }
};

const isGzip = (body: Buffer): boolean => body[0] === 0x1f && body[1] === 0x8b;

/** @returns undefined where the record has no id: a dataset may leave it out. */
const movieOf = (record: unknown): Movie | undefined => {
  if (!isObject(record)) return undefined;
  const {
    id,
    title,
    name,
    release_date,
    first_air_date,
    budget,
    vote_count,
    popularity,
    actors,
    directors,
    cast,
    crew,
  } = record;
  if (typeof id !== 'number' && typeof id !== 'string') return undefined;
  const named = text(title) ?? text(name);
  const year = /^\d{4}/.exec(text(release_date) ?? text(first_air_date) ?? '')?.[0];
  const lead = namesOf(actors)[0] ?? namesOf(cast)[0];
  const directing = Array.isArray(directors) ? namesOf(directors) : namesOf(crew, ({ job }) => job === 'Director');
  return {
    id,
    isSeries: title === undefined && name !== undefined,
    ...(named !== undefined && { title: named }),
    ...(year !== undefined && { year }),
    ...(typeof budget === 'number' && { budget }),
    ...(typeof vote_count === 'number' && { votes: vote_count }),
    ...(typeof popularity === 'number' && { popularity }),
    ...(lead !== undefined && { lead }),
    ...(directing.length > 0 && { directors: directing }),
    ...(Array.isArray(cast) && { cast: cast.length }),
  };
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const namesOf = (people: unknown, wanted: (person: Record<string, unknown>) => boolean = () => true): string[] =>
  (Array.isArray(people) ? people : [])
    .filter(isObject)
    .filter(wanted)
    .flatMap(({ name }) => text(name) ?? []);
