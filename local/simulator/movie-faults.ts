import type { Shape } from './body-faults.ts';
import { draw } from './chance.ts';

/** Faults of single movies and series: of these ids, and of a share of all ids, always the same ones for one seed. */
export type MovieFault = {
  ids?: readonly number[];
  share?: number;
} /** Listed, yet 404. */ & (
  | { kind: 'gone' }
  /** Appended credits are left out, always or in the first `times` answers. The path /credits answers. */
  | { kind: 'no-credits'; times?: number }
  /** 500 with TMDB's JSON, code 11, for the movie and all below its path. */
  | { kind: 'always-500' }
  /** A body of more than 8 MB. */
  | { kind: 'always-huge' }
  /** 302 to another host. */
  | { kind: 'always-redirect'; to?: string }
  | { kind: 'always-wrong-shape'; as?: Shape }
);

/** The faults that replace the response of the movie. */
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

/** Whether the appended credits are missing in this answer. `before` is how often this request came already. */
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
