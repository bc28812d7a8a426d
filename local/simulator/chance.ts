/**
 * Repeatable random numbers: the same seed gives the same numbers on every machine and in every run.
 *
 * It uses only integer arithmetic. Engines may round Math.pow and Math.exp differently, and locales differ, but the
 * catalogue must have the same bytes everywhere.
 */
export interface Chance {
  /** In [0, 1). */
  next(): number;
  /** True with probability `share`, 0 to 1. */
  hits(share: number): boolean;
  /** A whole number, both ends included. */
  whole(from: number, to: number): number;
  of<T>(list: readonly T[]): T;
}

type Seed = readonly (string | number)[];

/** A 32-bit hash of the seed: FNV-1a, then the last step of MurmurHash3, so that similar seeds give different hashes. */
export const hash = (...seed: Seed): number => {
  const text = seed.join('\n');
  let bits = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) bits = Math.imul(bits ^ text.charCodeAt(i), 0x01000193);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
};

/** One random number in [0, 1). */
export const draw = (...seed: Seed): number => hash(...seed) / 2 ** 32;

/** Selects an outcome by its share. `number` is in [0, 1). Returns undefined where the shares add up to `number` or less. */
export const pickByShare = <T extends { share: number }>(number: number, outcomes: readonly T[]): T | undefined => {
  let end = 0;
  return outcomes.find(({ share }) => {
    end += share;
    return number < end;
  });
};

/** A generator of random numbers: mulberry32. */
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
