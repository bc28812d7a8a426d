import { type Handler, lambda } from '../lib/lambda.ts';
import type { BranchTask } from '../lib/names.ts';
import { branchWork } from '../lib/runs/work.ts';
import { KINDS } from '../lib/sources/kinds.ts';
import { type OnBranchServices, onBranch } from '../lib/stages/on-branch.ts';
import { type WalkServices, walk, walkUntil } from '../lib/stages/walk.ts';
import { type Token, tmdbToken } from '../lib/tmdb-token.ts';
import { bucketServices, type Environment, tmdbServices } from '../lib/wiring.ts';

/**
 * State `Walk` of the branch machine: one branch, as far as it gets before its time is up.
 *
 * Keeps the movies in S3 and returns names and whether it finished: a year of movies is larger than the 256 KiB that
 * one state may pass to the next.
 */
export const pageWalker =
  (services: Omit<WalkServices, 'work' | 'until'> & OnBranchServices): Handler<BranchTask & { finished: boolean }> =>
  async (event, { getRemainingTimeInMillis }) => {
    const { ref, done } = await onBranch(event, 'event of the page-walker', services, (branch, store) => {
      const until = walkUntil(branch, services.clock, getRemainingTimeInMillis());
      return walk(branch, { ...services, store, work: branchWork(store, branch), until });
    });
    return { ...ref, finished: done?.finished ?? true };
  };

export const services = (env: Environment, token?: Token) => ({
  ...bucketServices(env),
  ...tmdbServices(env, token),
  kinds: KINDS,
});

export const handler = lambda(pageWalker, services, tmdbToken);
