import type { Clock } from '../clock.ts';
import type { DayRef } from '../names.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { layout } from './layout.ts';
import { holderOf, isHeldBy, type Lease, leaseFrom, readLock } from './lock.ts';

/**
 * Another run has taken the day. This one must not write: it would overwrite the other run's files. A retry can't help; a
 * person redrives the run, and its audit takes the day again when the other run has ended.
 */
export class DayLostError extends Error {
  override readonly name = 'DayLostError';
}

export interface FenceServices {
  store: ObjectStore;
  clock: Clock;
  lease?: Lease | undefined;
}

/** Attempts to renew a lease. An attempt fails when another request of this process renews it first. */
const TRIES = 5;

/**
 * Checks that an execution holds the lock of its day, with one GET. A lease of which less than half is left is renewed.
 *
 * @param execution ARN of the execution of the ingest machine.
 * @throws {DayLostError}
 */
export const checkDay = async ({ store, clock, lease }: FenceServices, ref: DayRef, execution: string) => {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const { lock, etag } = await readLock(store, ref);
    if (!lock || !isHeldBy(lock, execution, lease))
      throw new DayLostError(
        `${ref.dataset}, ${ref.day}: ${lock ? `${holderOf(lock)} has taken this day since ${lock.since}` : `nobody holds this day (${layout.lock(ref)})`}, so ${execution} writes nothing more. Redrive or resume that run when no other run is writing the day.`,
      );
    if (!lease || !lock.lease) return;
    const now = clock.now();
    if (Date.parse(lock.lease.until) - now >= lease.ms / 2) return;
    const renewed = JSON.stringify({ ...lock, lease: leaseFrom(lease, now) });
    if (await store.putIf(layout.lock(ref), renewed, etag)) return;
  }
  throw new Error(`${layout.lock(ref)}: the lease could not be renewed in ${TRIES} attempts; resume the run.`);
};

/** Ends a lease before its time, so that the next run needn't wait for it. */
export const releaseDay = async ({ store, clock, lease }: FenceServices, ref: DayRef, execution: string) => {
  const { lock, etag } = await readLock(store, ref);
  if (!lease || !lock || !isHeldBy(lock, execution, lease)) return;
  const ended = { ...lock, lease: { by: lease.by, until: new Date(clock.now()).toISOString() } };
  await store.putIf(layout.lock(ref), JSON.stringify(ended), etag);
};

/**
 * Milliseconds between two checks for writes to a run's own folders. No other run overwrites anything there, so these
 * checks only end the requests of a run that has lost its day. In AWS, a walker keeps about one chunk a second.
 */
const OWN_WORK_MS = 1_000;

/**
 * The bucket for one execution: it checks before each write that the execution still holds its day, with one small GET.
 *
 * A write that has begun can't be called back. So a process that is stopped within a write may still finish that one.
 *
 * @param ownFolders Folders of the run's own work, whose objects are never overwritten. For them, a check of the last
 *   second is enough. Removing is checked each time.
 */
export const fencedStore = (
  services: FenceServices,
  ref: DayRef,
  execution: string,
  ownFolders: readonly string[] = [],
): ObjectStore => {
  const { store, clock } = services;
  let last: { startedAt: number; passed: Promise<void> } | undefined;
  const check = () => {
    // The time before the check: what it reads is at least as new.
    last = { startedAt: clock.now(), passed: checkDay(services, ref, execution) };
    return last.passed;
  };
  const checkFor = (key: string) => {
    const isOwn = ownFolders.some((folder) => key.startsWith(folder));
    const age = last ? clock.now() - last.startedAt : Number.POSITIVE_INFINITY;
    // A clock that was set back makes a check look newer than it is.
    return isOwn && last && age >= 0 && age < OWN_WORK_MS ? last.passed : check();
  };
  return {
    ...store,
    put: async (key, ...write) => {
      await checkFor(key);
      return store.put(key, ...write);
    },
    putIf: async (key, ...write) => {
      await checkFor(key);
      return store.putIf(key, ...write);
    },
    remove: async (keys) => {
      if (keys.length === 0) return;
      await check();
      await store.remove(keys);
    },
  };
};
