import type { Clock } from '../clock.ts';
import { fetcherFor } from '../movies/fetch.ts';
import { BadInputError } from '../parse.ts';
import { LONGEST_AWS_REQUEST_MS } from '../raw-zone/timeouts.ts';
import { forgetFailure } from '../runs/failure.ts';
import type { PlannedBranch } from '../runs/plan.ts';
import { openSource, type Source, type SourceKinds } from '../sources/source.ts';
import { TmdbThrottledError } from '../tmdb/errors.ts';
import { TimeUp, type WalkCall, whileTmdbThrottles } from './walk-call.ts';
import { type WalkItem, walkItems } from './walk-items.ts';
import { walkList } from './walk-list.ts';

export type WalkServices = Omit<WalkCall, 'branch' | 'count'> & { kinds: SourceKinds };

/** How far one call came. */
export interface Walked {
  finished: boolean;
  /** Pages, lists and movies that it kept. */
  kept: number;
}

/**
 * Milliseconds of a call that are set aside for requests in progress: find, details and credits of one id, each 90 s
 * with all retries, 60 s at the gate and a last try of 15 s. Then two requests to S3 that are not answered: one to keep
 * the movies, and one to record that this failed.
 */
const LAST_REQUESTS_MS = 345_000 + 2 * LONGEST_AWS_REQUEST_MS;

/** Time in which a call of the page-walker sends requests: its timeout in serverless.yml, without what is set aside. */
export const LONGEST_CALL_SECONDS = 900 - LAST_REQUESTS_MS / 1000;

/** When a call of the walker stops requesting, in milliseconds since 1970. */
export const walkUntil = ({ limits }: PlannedBranch, clock: Clock, remainingMs: number): number => {
  const { walkSeconds = Number.POSITIVE_INFINITY } = limits;
  return clock.now() + Math.min(walkSeconds * 1000, remainingMs - LAST_REQUESTS_MS);
};

/** A whole call of the walker kept nothing. Without this error, Walk and Finished? could repeat without end. */
export class WalkStalledError extends Error {
  override readonly name = 'WalkStalledError';
}

/**
 * Walks one branch as far as time allows: first its list, then what the dataset asks for each movie.
 *
 * What was kept before is in `work`: after a kill or a timeout, or called again, it continues from there. While TMDB
 * throttles, it goes on slower, until its time is up. A branch that is removed, or whose answers another run has kept, has
 * nothing to request.
 *
 * @throws {BadInputError} The branch was planned with another TMDB.
 * @throws {WalkStalledError} The time was up before anything was kept.
 * @throws {TmdbThrottledError} TMDB throttled during the whole call, so nothing was kept.
 * @throws {ListIncompleteError | TooManyMissingError}
 */
export const walk = async (branch: PlannedBranch, services: WalkServices): Promise<Walked> => {
  if (branch.role === 'removed' || branch.answersOf) return { finished: true, kept: 0 };
  const { emit, kinds, tmdb } = services;
  if (branch.tmdb !== undefined && branch.tmdb !== tmdb.name)
    throw new BadInputError(
      `${branch.branch}: its run asked ${branch.tmdb}, and this call would ask ${tmdb.name}, whose ids are not the same. Start a new run for another day.`,
    );
  const source = openSource(kinds, branch.settings);
  let kept = 0;
  const call: WalkCall = {
    ...services,
    tmdb: whileTmdbThrottles(services),
    branch,
    count: (more) => {
      kept += more;
    },
  };
  let finished = false;
  emit({ type: 'branchStarted', branch: branch.branch });
  await forgetFailure(services.store, branch);
  try {
    const items = await itemsOf(source, call);
    const fetchItem = fetcherFor(branch.settings.ask, source.itemRequest(branch.listFrom));
    finished = fetchItem ? await walkItems(items, fetchItem, call) : true;
  } catch (error) {
    const isTimeUp = error instanceof TimeUp || (error instanceof TmdbThrottledError && kept > 0);
    if (!isTimeUp) throw error;
  }
  if (!finished && kept === 0)
    throw new WalkStalledError(
      `${branch.branch}: the time of this call was up before anything was kept; give it more than ${branch.limits.walkSeconds ?? "the function's timeout in"} seconds.`,
    );
  return { finished, kept };
};

/** The items of the branch's list, which is read now or has been. */
const itemsOf = async (source: Source, call: WalkCall): Promise<WalkItem[]> => {
  const { items } = (await call.work.listing())?.value ?? (await walkList(source, call));
  return items.map(({ id, listed }) => ({
    id,
    isShared: listed !== undefined && (source.branchesWith?.(listed) ?? 1) > 1,
  }));
};
