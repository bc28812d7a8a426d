import pLimit from 'p-limit';
import * as z from 'zod';
import type { Emit } from '../events.ts';
import type { Source, SourceBranch } from '../sources/source.ts';
import { newTally, type Tmdb } from '../tmdb/client.ts';
import { TmdbTokenError } from '../tmdb/errors.ts';
import { type ListPage, listPage } from '../tmdb/responses.ts';

/** Requests at once. */
const AT_ONCE = 8;

/**
 * Checks the token with a request that has no other use, so that a wrong one fails before any branch starts.
 *
 * @param retries Whether to try again where TMDB is down or throttles.
 */
export const checkToken = (tmdb: Tmdb, retries = true) =>
  tmdb.get('/authentication', {}, z.unknown(), { tally: newTally(), retries });

export interface FirstPageSays {
  /** Items of the list. */
  expected: number;
  /** Of the requests for its items, the share that is this list's where the lists of an item share one request. */
  distinctShare: number;
  /** Of its items, the share that this list keeps for other lists. */
  keptForOthers: number;
}

/** Without a page, or where each item is in one list. */
export const NOTHING_SHARED = { distinctShare: 1, keptForOthers: 0 };

const sharesOf = ({ results }: ListPage, { branchesWith }: Source): typeof NOTHING_SHARED => {
  if (!branchesWith || results.length === 0) return NOTHING_SHARED;
  const lists = results.map((item) => Math.max(1, branchesWith(item)));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    distinctShare: mean(lists.map((count) => 1 / count)),
    keptForOthers: mean(lists.map((count) => (count > 1 ? 1 / count : 0))),
  };
};

/**
 * What page 1 of each list says of it.
 *
 * @returns In the order of `branches`; undefined where a branch's page 1 was not available.
 * @throws {TmdbTokenError}
 * @throws {TmdbUnavailableError | TmdbThrottledError | TmdbRefusedError} No page 1 of any branch was available.
 */
export const readFirstPages = async (
  branches: readonly SourceBranch[],
  source: Source,
  { tmdb, emit }: { tmdb: Tmdb; emit: Emit },
): Promise<(FirstPageSays | undefined)[]> => {
  if (!source.firstPage) {
    await checkToken(tmdb);
    return branches.map(({ expected }) => (expected === undefined ? undefined : { expected, ...NOTHING_SHARED }));
  }
  const atOnce = pLimit(AT_ONCE);
  const errors: unknown[] = [];
  let answered = 0;
  const read = async ({ name, listFrom }: SourceBranch): Promise<FirstPageSays | undefined> => {
    const first = source.firstPage?.(listFrom);
    // A wrong token, or no answer at all: more requests would only take more time.
    if (!first || errors[0] instanceof TmdbTokenError || (answered === 0 && errors.length >= AT_ONCE)) return undefined;
    try {
      const { body } = await tmdb.get(first.path, { ...first.query, page: 1 }, listPage, { tally: newTally() });
      answered += 1;
      const expected = first.expected(body);
      return expected === undefined ? undefined : { expected, ...sharesOf(body, source) };
    } catch (error) {
      if (error instanceof TmdbTokenError) errors.unshift(error);
      else errors.push(error);
      emit({ type: 'listUnavailable', branch: name, error: String(error) });
      return undefined;
    }
  };
  const counts = await Promise.all(branches.map((branch) => atOnce(() => read(branch))));
  // A wrong token, or no list at all, is not the fault of a single branch.
  if (errors[0] instanceof TmdbTokenError) throw errors[0];
  if (answered === 0 && errors.length > 0) {
    await checkToken(tmdb);
    throw errors[0];
  }
  return counts;
};
