import type { Clock } from '../clock.ts';
import type { Emit } from '../events.ts';
import { type BranchRef, branchRef } from '../names.ts';
import { parse } from '../parse.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { recordFailure } from '../runs/failure.ts';
import { isFinished, loadManifest } from '../runs/manifest.ts';
import { loadBranch, type PlannedBranch } from '../runs/plan.ts';

export interface OnBranchServices {
  store: ObjectStore;
  clock: Clock;
  emit: Emit;
}

/**
 * What Walk and Write both do around their own work: load the planned branch, do nothing where it is finished, and
 * record an error in the bucket. The auditor quotes that error, since no one else sees an error that the Map has caught.
 *
 * @param event The branch, as the state machine names it.
 * @param what Opens the sentence about a wrong event.
 * @returns What `work` returns; undefined where the branch was finished before.
 * @throws {NotPlannedError} The run has no such branch. Nothing is recorded then: a wrong event writes nothing.
 */
export const onBranch = async <Out>(
  event: unknown,
  what: string,
  { store, clock, emit }: OnBranchServices,
  work: (branch: PlannedBranch, ref: BranchRef) => Promise<Out>,
): Promise<{ ref: BranchRef; done: Out | undefined }> => {
  const ref = parse(branchRef, event, what);
  const branch = await loadBranch(store, ref);
  try {
    if (isFinished(await loadManifest(store, ref), branch)) return { ref, done: undefined };
    return { ref, done: await work(branch, ref) };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    emit({ type: 'branchFailed', branch: ref.branch, error: error.name, reason: error.message });
    // The bucket itself may be what fails; the first error is the one to report.
    await recordFailure(store, ref, error, new Date(clock.now())).catch(() => undefined);
    throw error;
  }
};
