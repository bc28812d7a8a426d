import { parse } from '../lib/parse.ts';
import { type BranchRef, branchRef } from '../lib/runs/layout.ts';
import { forgetFailure, isFinished, loadManifest } from '../lib/runs/manifest.ts';
import { loadBranch } from '../lib/runs/plan.ts';
import { branchWork } from '../lib/runs/work.ts';
import { noting } from '../lib/stages/on-branch.ts';
import { type WalkServices, walk } from '../lib/stages/walk.ts';
import { bucketServices, type Environment, type Handler, lambda, tmdbServices } from '../lib/wiring.ts';

/** Set aside for what is under way when a walker stops asking: two questions of an id, each 90 s, 60 s at the gate and a last try of 15 s. */
const LAST_QUESTIONS_MS = 330_000;

/**
 * State `Walk` of the branch machine: one branch, as far as it gets before its time is up.
 *
 * Keeps the movies in S3 and hands on names and a yes or no: an enriched year outgrows the 256 KiB that one state may
 * pass to the next.
 */
export const pageWalker =
  (services: Omit<WalkServices, 'work' | 'until'>): Handler<BranchRef & { finished: boolean }> =>
  async (event, { getRemainingTimeInMillis }) => {
    const ref = parse(branchRef, event, 'event of the page-walker');
    const branch = await loadBranch(services.store, ref);
    return noting(services, ref, async () => {
      await forgetFailure(services.store, ref);
      if (isFinished(await loadManifest(services.store, ref), branch)) return { ...ref, finished: true };
      const { walkSeconds = Number.POSITIVE_INFINITY } = branch.limits;
      const until = services.clock.now() + Math.min(walkSeconds * 1000, getRemainingTimeInMillis() - LAST_QUESTIONS_MS);
      const { finished } = await walk(branch, { ...services, work: branchWork(services.store, ref), until });
      return { ...ref, finished };
    });
  };

export const services = (env: Environment, token?: () => string | undefined) => ({
  ...bucketServices(env),
  ...tmdbServices(env, token),
});

export const handler = lambda(pageWalker, services);
