import * as z from 'zod';
import type { Clock } from '../clock.ts';
import type { DayRef } from '../names.ts';
import type { ObjectStore, ReadableStore } from '../raw-zone/object-store.ts';
import type { Executions } from './executions.ts';
import { layout } from './layout.ts';
import { readable } from './stored.ts';

/** `_runs/<dataset>/<day>/lock.json`: the execution that may write the day. */
const dayLock = z.object({
  holder: z.string(),
  /** When the holder took the day. A redrive takes it again. */
  since: z.iso.datetime(),
  /** Only where nobody else can ask whether the holder runs: a run on a laptop. */
  lease: z.object({ by: z.string(), until: z.iso.datetime() }).optional(),
});
export type DayLock = z.output<typeof dayLock>;

/**
 * How a run on a laptop holds a day in a bucket that it shares with others: for a time, which it extends while it works.
 * In AWS there is none: there, Step Functions knows whether the holder runs.
 */
export interface Lease {
  /** Names the machine and the process for other people. No two processes may have the same. */
  by: string;
  /** Milliseconds until the day is free, unless the lease is renewed before. */
  ms: number;
  /** Called when a run has taken a day. From now on, its lease must be renewed (lib/runs/fence.ts). */
  onTaken(ref: DayRef, holder: string): void;
  /** Whether the process that `by` names is known to have ended. Then its lease counts no longer. */
  isGone(by: string): boolean;
}

export interface LockServices {
  store: ObjectStore;
  executions: Executions;
  clock: Clock;
  lease?: Lease | undefined;
}

/** @returns undefined where nobody has taken the day, or the object is no lock. */
export const readLock = async (
  store: ReadableStore,
  ref: DayRef,
): Promise<{ lock: DayLock | undefined; etag: string | undefined }> => {
  const object = await store.get(layout.lock(ref));
  return { lock: readable(dayLock, object), etag: object?.etag };
};

/** Whether a lock belongs to this execution in this process. Two laptops may give their runs the same name. */
export const isHeldBy = (lock: DayLock, holder: string, lease: Lease | undefined): boolean =>
  lock.holder === holder && lock.lease?.by === lease?.by;

export const leaseFrom = ({ by, ms }: Lease, now: number): DayLock['lease'] => ({
  by,
  until: new Date(now + ms).toISOString(),
});

/** The holder of a lock, for a sentence. */
export const holderOf = ({ holder, lease }: DayLock): string =>
  lease ? `${holder} (${lease.by}; its lease ends at ${lease.until}, unless it is renewed)` : holder;

/** Attempts to take the lock. An attempt fails when another execution takes the lock first. */
const TRIES = 5;

/**
 * Takes the lock of one day of a dataset for one execution, or returns who holds it.
 *
 * EventBridge Scheduler may start a run more than once, and so may people. Two runs of one day would request everything
 * twice and overwrite each other's files. In AWS, no run releases the lock: it is free when its holder no longer runs. A
 * lock with a lease is free when the lease has ended.
 *
 * @param holder ARN of the execution that takes the lock. If it already holds the lock (after a redrive), it keeps it.
 * @returns Who holds the lock, for a sentence; undefined where `holder` got it.
 */
export const lockDay = async (services: LockServices, ref: DayRef, holder: string): Promise<string | undefined> => {
  const { store, clock, lease } = services;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const { lock, etag } = await readLock(store, ref);
    if (lock && !isHeldBy(lock, holder, lease) && !(await isFree(lock, services))) return holderOf(lock);
    const now = clock.now();
    const mine: DayLock = {
      holder,
      since: new Date(now).toISOString(),
      ...(lease && { lease: leaseFrom(lease, now) }),
    };
    if (!(await store.putIf(layout.lock(ref), JSON.stringify(mine), etag))) continue;
    lease?.onTaken(ref, holder);
    return undefined;
  }
  throw new Error(
    `${layout.lock(ref)}: another execution took this lock first in each of ${TRIES} attempts; start the run again.`,
  );
};

/** Longest time that a run may take: TimeoutSeconds of the ingest state machine, in milliseconds. */
const LONGEST_RUN_MS = 86_400_000;

/** Milliseconds after which DescribeExecution shows the start or the redrive of an execution. AWS names no number; it is a second or two. */
const SHOWN_AFTER_MS = 60_000;
const ASK_AGAIN_MS = 5_000;

const isFree = async (
  { holder, since, lease }: DayLock,
  { executions, clock, lease: ours }: LockServices,
): Promise<boolean> => {
  if (lease) return Date.parse(lease.until) <= clock.now() || (ours?.isGone(lease.by) ?? false);
  const takenAt = Date.parse(since);
  for (let asked = 0; ; asked += 1) {
    // Before the question: an answer that arrives late says what Step Functions knew when it was asked.
    const heldMs = clock.now() - takenAt;
    const state = await executions.state(holder);
    if (state === 'running') return false;
    if (state === 'noAccess') return heldMs >= LONGEST_RUN_MS;
    // It ran when it took the lock, so an end after that is its last one. Any other answer may be an old one.
    if (state !== 'absent' && state.endedAt.getTime() > takenAt) return true;
    if (heldMs >= SHOWN_AFTER_MS || asked * ASK_AGAIN_MS >= SHOWN_AFTER_MS) return true;
    await clock.sleep(ASK_AGAIN_MS);
  }
};
