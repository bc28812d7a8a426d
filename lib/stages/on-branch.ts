import type { Clock } from '../clock.ts';
import type { Emit } from '../events.ts';
import { type BranchTask, branchTask } from '../names.ts';
import { parse } from '../parse.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { recordFailure } from '../runs/failure.ts';
import { checkDay, fencedStore } from '../runs/fence.ts';
import { layout } from '../runs/layout.ts';
import type { Lease } from '../runs/lock.ts';
import { isFinished, loadManifest } from '../runs/manifest.ts';
import { loadBranch, type PlannedBranch } from '../runs/plan.ts';

export interface OnBranchServices {
  store: ObjectStore;
  clock: Clock;
  emit: Emit;
  lease?: Lease | undefined;
}

/**
 * What Walk and Write both do around their own work: load the planned branch, do nothing where it is finished, check that
 * the run still holds its day, and record an error in the bucket. The auditor quotes that error, since no one else sees an
 * error that the Map has caught.
 *
 * @param event The branch, as the state machine names it.
 * @param what Opens the sentence about a wrong event.
 * @param work Gets the bucket in which it may write: each write fails with DayLostError once another run has the day. For
 *   the run's own work, this may take a second (lib/runs/fence.ts).
 * @returns What `work` returns; undefined where the branch was finished before.
 * @throws {NotPlannedError} The run has no such branch. Nothing is recorded then: a wrong event writes nothing.
 * @throws {DayLostError}
 */
export const onBranch = async <Out>(
  event: unknown,
  what: string,
  services: OnBranchServices,
  work: (branch: PlannedBranch, store: ObjectStore) => Promise<Out>,
): Promise<{ ref: BranchTask; done: Out | undefined }> => {
  const { store, clock, emit } = services;
  const ref = parse(branchTask, event, what);
  const branch = await loadBranch(store, ref);
  try {
    if (isFinished(await loadManifest(store, ref), branch)) return { ref, done: undefined };
    // Before the first request to TMDB, too.
    await checkDay(services, ref, ref.execution);
    return { ref, done: await work(branch, fencedStore(services, ref, ref.execution, layout.ownWork(ref))) };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    emit({ type: 'branchFailed', branch: ref.branch, error: error.name, reason: error.message });
    // The bucket itself may be what fails; the first error is the one to report.
    await recordFailure(store, ref, error, new Date(clock.now())).catch(() => undefined);
    throw error;
  }
};
