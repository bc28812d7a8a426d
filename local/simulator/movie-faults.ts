import type { Shape } from './body-faults.ts';
import { draw } from './chance.ts';

/** A fault of single movies and series: by id, and by a share of all ids that depends only on the seed. */
export type MovieFault = {
  ids?: readonly number[];
  share?: number;
} /** The movie is in lists, but its details are 404. */ & (
  | { kind: 'gone' }
  /** A response with details has no credits: every response, or the first `times`. The path /credits has them. */
  | { kind: 'no-credits'; times?: number }
  /** Status 500 with TMDB's JSON, code 11, also for paths below the movie. */
  | { kind: 'always-500' }
  /** A body of more than 8 MB. */
  | { kind: 'always-huge' }
  /** Status 302 to another host. */
  | { kind: 'always-redirect'; to?: string }
  | { kind: 'always-wrong-shape'; as?: Shape }
);

/** The kinds that replace every response about the movie. */
export type Always = Extract<MovieFault, { kind: `always-${string}` }>;

const strikes = ({ kind, ids, share = 0 }: MovieFault, seed: number, id: number) =>
  ids?.includes(id) || draw(kind, seed, id) < share;

const idIn = (path: string): number | undefined => {
  const [, id] = /^\/(?:movie|tv)\/(\d+)(?:\/|$)/.exec(path) ?? [];
  return id === undefined ? undefined : Number(id);
};

export const isGone = (faults: readonly { kind: string }[], seed: number, id: number): boolean =>
  faults.some((fault) => fault.kind === 'gone' && strikes(fault as MovieFault, seed, id));

export const alwaysFor = (faults: readonly { kind: string }[], seed: number, path: string): Always | undefined => {
  const id = idIn(path);
  if (id === undefined) return undefined;
  return faults
    .filter((fault): fault is Always => fault.kind.startsWith('always-'))
    .find((fault) => strikes(fault, seed, id));
};

/** Whether the credits are missing in this response. `before` is the number of earlier identical requests. */
export const lacksCredits = (
  faults: readonly { kind: string }[],
  { seed, path, before }: { seed: number; path: string; before: number },
): boolean => {
  const id = idIn(path);
  if (id === undefined || path.endsWith('/credits')) return false;
  return faults
    .filter((fault): fault is MovieFault & { kind: 'no-credits' } => fault.kind === 'no-credits')
    .some((fault) => strikes(fault, seed, id) && before < (fault.times ?? Number.POSITIVE_INFINITY));
};

export const withoutCredits = (body: unknown): unknown =>
  typeof body === 'object' && body !== null
    ? Object.fromEntries(Object.entries(body).filter(([name]) => name !== 'credits'))
    : body;
