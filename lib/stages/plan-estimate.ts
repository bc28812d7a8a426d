import type { Source } from '../sources/source.ts';

/** What a run will do, in one sentence. `expected` has a branch's items; null where its list was not available. */
export const estimate = (expected: readonly (number | null)[], source: Source): string => {
  const items = expected.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  const lists = expected.reduce<number>((sum, count) => sum + source.requestsPerList(count ?? 0), 0);
  const unavailable = expected.filter((count) => count === null).length;
  const requests = lists + items * source.requestsPerItem;
  return `${branches(expected.length)}, ${items} ${source.noun}, about ${requests} requests.${unavailable ? ` ${branches(unavailable)}: list unavailable.` : ''}`;
};

const branches = (count: number): string => `${count} ${count === 1 ? 'branch' : 'branches'}`;
