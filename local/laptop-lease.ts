import { hostname } from 'node:os';
import type { Clock } from '../lib/clock.ts';
import type { DayRef } from '../lib/names.ts';
import type { ObjectStore } from '../lib/raw-zone/object-store.ts';
import { checkDay, releaseDay } from '../lib/runs/fence.ts';
import type { Lease } from '../lib/runs/lock.ts';

/** A laptop that sleeps or is killed holds a day for so long at most, in milliseconds. */
const LEASE_MS = 60_000;

/** Half a lease is left when it is renewed; a renewal that fails can be tried once more before the end. */
const RENEW_EVERY_MS = LEASE_MS / 4;

/**
 * The lease of this process for the days that its runs write, in a bucket that other machines use too.
 *
 * docs/decisions/0016-who-may-write-a-day.md has the reasons.
 *
 * @param by Names this process. The default is what the lock shows to other people.
 */
export const laptopLease = (services: { store: ObjectStore; clock: Clock }, by = nameOf(process.pid)) => {
  const held: { ref: DayRef; holder: string }[] = [];
  const lease: Lease = {
    by,
    ms: LEASE_MS,
    onTaken: (ref, holder) => held.push({ ref, holder }),
    isGone: (other) => isDeadProcess(other),
  };
  const ofEach = (work: typeof checkDay) =>
    // Whoever writes next finds out that the day is lost or the bucket is not there, and reports it.
    Promise.allSettled(held.map(({ ref, holder }) => work({ ...services, lease }, ref, holder)));
  return {
    lease,
    /** Renews the leases that need it. */
    renew: () => ofEach(checkDay),
    /** Ends all leases, so that the next run needn't wait. */
    release: () => ofEach(releaseDay),
    /** Renews in the background. @returns Stops that. */
    keep: () => {
      const timer = setInterval(() => void ofEach(checkDay), RENEW_EVERY_MS).unref();
      return () => clearInterval(timer);
    },
  };
};

const nameOf = (pid: number) => `${hostname()}, process ${pid}`;

/** Whether a name is of this machine, and its process has ended: after Ctrl-C, the next run needn't wait for the lease. */
const isDeadProcess = (by: string): boolean => {
  const pid = Number(/, process (\d+)$/.exec(by)?.[1]);
  if (!pid || by !== nameOf(pid)) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // EPERM: it runs, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
};
