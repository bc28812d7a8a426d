import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import type { BranchRef } from '../runs/layout.ts';
import { noteFailure } from '../runs/manifest.ts';

/**
 * Does a branch's work, and leaves word in the bucket where it fails: the auditor quotes it, since an error that the
 * Map has caught is seen by nobody else. Only for a branch that is planned: nonsense leaves nothing in the bucket.
 */
export const noting = async <Out>(
  { store, clock, log }: { store: ObjectStore; clock: Clock; log: Log },
  ref: BranchRef,
  work: () => Promise<Out>,
): Promise<Out> => {
  try {
    return await work();
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    log.error('branch failed', { ...ref, error: error.name, because: error.message });
    // The bucket itself may be what fails; the first error is the one to tell.
    await noteFailure(store, ref, error, new Date(clock.now())).catch(() => undefined);
    throw error;
  }
};
