import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../lib/clock.ts';
import type { ExecutionState, Executions } from '../../../lib/runs/executions.ts';
import { DayLostError, fencedStore, releaseDay } from '../../../lib/runs/fence.ts';
import { type DayLock, type Lease, lockDay } from '../../../lib/runs/lock.ts';
import { NOON } from '../../doubles/fast-clock.ts';
import { memoryStore } from '../../doubles/memory-store.ts';

/*
 * Two owners of one day, in any order of their requests and of the bucket's answers. fast-check decides which request
 * arrives next, which answer arrives next, and when time passes; it reduces an order that fails to a short one.
 */

const FRIDAY = { dataset: 'crime-war', day: '2026-11-20' } as const;
const KEY = '_runs/crime-war/2026-11-20/lock.json';
const LEASE_MS = 60_000;
const SECOND = 1_000;

/** One bucket and one clock, whose every step the scheduler decides. */
const bucketOf = (s: fc.Scheduler) => {
  const store = memoryStore();
  let now = NOON;
  const clock: Clock = {
    now: () => now,
    sleep: async (ms) => {
      const until = now + ms;
      await s.schedule(Promise.resolve(), 'sleep');
      now = Math.max(now, until);
    },
  };
  const pass = (ms: number) => {
    now += ms;
  };
  /** A request is on its way, and then its answer. Either can be late. */
  const late =
    <Args extends unknown[], Out>(what: string, ask: (...args: Args) => Promise<Out>) =>
    async (...args: Args): Promise<Out> => {
      await s.schedule(Promise.resolve(), `${what} sent`);
      const answer = await ask(...args);
      await s.schedule(Promise.resolve(), `${what} answered`);
      return answer;
    };
  /** Each lock that was written, with its time, and the lock before it. */
  const locks: { before: DayLock | undefined; after: DayLock; at: number }[] = [];
  /** Each file that was written, with its author, and the holder at that moment. */
  const files: { author: string; holder: string | undefined }[] = [];
  const current = () => (store.keys().includes(KEY) ? store.json<DayLock>(KEY) : undefined);
  const ownedBy = (author: string) => ({
    ...store,
    get: late(`${author} get`, store.get),
    put: late(`${author} put`, async (...write: Parameters<typeof store.put>) => {
      files.push({ author, holder: current()?.holder });
      return store.put(...write);
    }),
    putIf: late(`${author} putIf`, async (...write: Parameters<typeof store.putIf>) => {
      const before = current();
      const stored = await store.putIf(...write);
      const after = current();
      if (stored && after) locks.push({ before, after, at: now });
      return stored;
    }),
  });
  return { store, clock, pass, late, ownedBy, locks, files, current };
};

interface Run {
  take(): Promise<string | undefined>;
  bucket: { put(key: string, body: string): Promise<unknown> };
  release(): Promise<void>;
}

/** A run takes the day, for which it tries three times; it writes some files, and gives the day back. */
const runOf = async ({ take, bucket, release }: Run, { clock }: ReturnType<typeof bucketOf>) => {
  for (let tried = 1; (await take()) !== undefined; tried += 1) {
    if (tried === 3) return 'turned away';
    await clock.sleep(SECOND);
  }
  try {
    for (let part = 1; part <= 3; part += 1) await bucket.put(`part-${part}.json`, '');
    return 'wrote all';
  } catch (error) {
    if (error instanceof DayLostError) return 'lost the day';
    throw error;
  } finally {
    await release();
  }
};

/** A run that has lost its day writes nothing more, except one file that was on its way. */
const expectOneLateFile = (files: readonly { author: string; holder: string | undefined }[]) => {
  const strange = files.filter(({ author, holder }) => author !== holder).map(({ author }) => author);
  expect(strange).toEqual([...new Set(strange)]);
};

describe('two laptops that share a bucket, in any order of requests, answers and pauses', () => {
  const laptop = ({ ownedBy, clock }: ReturnType<typeof bucketOf>, holder: string) => {
    const lease: Lease = { by: `${holder}'s machine`, ms: LEASE_MS, onTaken: () => undefined, isGone: () => false };
    const executions: Executions = { state: () => expect.unreachable('It asked for an execution.') };
    const services = { store: ownedBy(holder), clock, lease, executions };
    return {
      take: () => lockDay(services, FRIDAY, holder),
      bucket: fencedStore(services, FRIDAY, holder),
      release: () => releaseDay(services, FRIDAY, holder),
    };
  };

  it('one owner holds the day at a time, and a lease that has not ended is never taken from its owner', async () => {
    const outcomes = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.constantFrom(1, 20 * SECOND, LEASE_MS / 2, LEASE_MS - 1, LEASE_MS, 10 * LEASE_MS), {
          maxLength: 6,
        }),
        async (s, pauses) => {
          const bucket = bucketOf(s);
          s.scheduleSequence(pauses.map((ms) => ({ label: `${ms} ms pass`, builder: async () => bucket.pass(ms) })));
          const ended = Promise.all(['home', 'office'].map((name) => runOf(laptop(bucket, name), bucket)));
          await s.waitFor(ended);
          const both = await ended;
          outcomes.set(both.toSorted().join(), (outcomes.get(both.toSorted().join()) ?? 0) + 1);

          for (const { before, after, at } of bucket.locks)
            if (before && before.holder !== after.holder)
              expect(Date.parse(before.lease?.until ?? '')).toBeLessThanOrEqual(at);
          expectOneLateFile(bucket.files);
          // The last owner is never the one that loses, and one of the two gets its work done.
          expect(both).toContain('wrote all');
          expect(new Set(bucket.locks.map(({ after }) => after.holder)).size).toBe(
            both.filter((outcome) => outcome !== 'turned away').length,
          );
        },
      ),
      { numRuns: 400 },
    );
    // Otherwise, the orders would not have had what this is about.
    expect([...outcomes.keys()].toSorted()).toEqual([
      'lost the day,wrote all',
      'turned away,wrote all',
      'wrote all,wrote all',
    ]);
  });
});

describe('two executions in AWS, in any order, where DescribeExecution answers late and with old states', () => {
  it('the day goes to the second only when the first has ended', async () => {
    const outcomes = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.constantFrom(1, SECOND, 20 * SECOND, 61 * SECOND, 3_600 * SECOND), { maxLength: 6 }),
        fc.array(fc.nat(59 * SECOND), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (s, pauses, ages, isRedriven) => {
          const bucket = bucketOf(s);
          const { clock, pass, late, ownedBy } = bucket;
          s.scheduleSequence(pauses.map((ms) => ({ label: `${ms} ms pass`, builder: async () => pass(ms) })));
          /** What Step Functions knows of each execution, from which time on. */
          const known = new Map<string, { from: number; state: ExecutionState }[]>();
          const becomes = (name: string, state: ExecutionState) =>
            known.set(name, [...(known.get(name) ?? []), { from: clock.now(), state }]);
          let asked = 0;
          const executions: Executions = {
            state: late('DescribeExecution', async (name) => {
              const at = clock.now() - (ages[asked++ % ages.length] ?? 0);
              return known.get(name)?.findLast(({ from }) => from <= at)?.state ?? 'absent';
            }),
          };
          /** The execution that has taken the day and writes. */
          const writing = new Set<string>();
          const execution = async (name: string, drives: number): Promise<string> => {
            becomes(name, 'running');
            const services = { store: ownedBy(name), clock, executions };
            const outcome = await runOf(
              {
                take: async () => {
                  const other = await lockDay(services, FRIDAY, name);
                  if (other !== undefined) return other;
                  expect([...writing]).toEqual([]);
                  writing.add(name);
                  return undefined;
                },
                bucket: fencedStore(services, FRIDAY, name),
                release: async () => {
                  writing.delete(name);
                },
              },
              bucket,
            );
            becomes(name, { endedAt: new Date(clock.now()) });
            pass(SECOND);
            return drives > 1 ? execution(name, drives - 1) : outcome;
          };
          const ended = Promise.all([execution('first', isRedriven ? 2 : 1), execution('second', 1)]);
          await s.waitFor(ended);
          const both = await ended;
          outcomes.set(both.join(), (outcomes.get(both.join()) ?? 0) + 1);

          expect(bucket.files.filter(({ author, holder }) => author !== holder)).toEqual([]);
          expect(both).not.toContain('lost the day');
        },
      ),
      { numRuns: 400 },
    );
    expect(outcomes.size).toBeGreaterThan(2);
  });
});
