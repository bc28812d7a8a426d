import type { ObjectStore } from '../lib/raw-zone/object-store.ts';
import { type DiskError, diskProblem } from './disk.ts';

/** Added to the size of an object that could not be written: the embedded S3 writes some metadata beside it. */
const METADATA_BYTES = 64 * 1024;

/**
 * Finds out whether the disk is the reason why the embedded S3 can't write.
 *
 * The embedded S3 answers a full disk with status 500, like any other error. So after an error, this asks the disk itself.
 *
 * @param out Folder of the run.
 * @returns The store, and a promise that is rejected when the disk can't be written. No retry helps then, so a run that
 *   waits for both ends at once.
 */
export const watchDisk = (store: ObjectStore, out: string): { store: ObjectStore; failed: Promise<never> } => {
  const { promise: failed, reject } = Promise.withResolvers<never>();
  // Somebody who doesn't wait for it still gets the error from the store.
  failed.catch(() => undefined);
  const watched = async <Out>(bytes: number, write: () => Promise<Out>): Promise<Out> => {
    try {
      return await write();
    } catch (error) {
      const problem: DiskError | undefined = await diskProblem(out, bytes + METADATA_BYTES);
      if (!problem) throw error;
      reject(problem);
      throw problem;
    }
  };
  return {
    failed,
    store: {
      ...store,
      put: (key, body, options) => watched(Buffer.byteLength(body), () => store.put(key, body, options)),
      putIf: (key, body, etag) => watched(Buffer.byteLength(body), () => store.putIf(key, body, etag)),
      remove: (keys) => watched(0, () => store.remove(keys)),
    },
  };
};
