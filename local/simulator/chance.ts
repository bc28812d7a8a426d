/**
 * Chance that repeats itself: the same seed gives the same draws on every machine and in every run.
 *
 * Only integer arithmetic, and no Math.pow, Math.exp or locale: engines may round those differently, and the catalogue
 * must come out byte for byte alike.
 */
export interface Chance {
  /** In [0, 1). */
  next(): number;
  /** True in `share` of all cases, 0 to 1. */
  hits(share: number): boolean;
  /** A whole number, both ends included. */
  whole(from: number, to: number): number;
  of<T>(list: readonly T[]): T;
}

type Seed = readonly (string | number)[];

/** 32 bits that follow from the seed alone: FNV-1a, then MurmurHash3's last step, so that neighbors lie far apart. */
export const hash = (...seed: Seed): number => {
  const text = seed.join('\n');
  let bits = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) bits = Math.imul(bits ^ text.charCodeAt(i), 0x01000193);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
};

/** A single draw in [0, 1). */
export const draw = (...seed: Seed): number => hash(...seed) / 2 ** 32;

/** The outcome that a draw lands on when their shares lie end to end; none where it lands beyond them all. */
export const landsOn = <T extends { share: number }>(at: number, outcomes: readonly T[]): T | undefined => {
  let end = 0;
  return outcomes.find(({ share }) => {
    end += share;
    return at < end;
  });
};

/** A row of draws: mulberry32. */
export const chance = (...seed: Seed): Chance => {
  let state = hash(...seed);
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    hits: (share) => next() < share,
    whole: (from, to) => from + Math.floor(next() * (to - from + 1)),
    of: <T>(list: readonly T[]) => list[Math.floor(next() * list.length)] as T,
  };
};
