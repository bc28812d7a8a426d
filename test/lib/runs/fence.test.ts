import { describe, expect, it } from 'vitest';
import { checkDay, fencedStore, releaseDay } from '../../../lib/runs/fence.ts';
import { type Lease, lockDay } from '../../../lib/runs/lock.ts';
import { fastClock } from '../../doubles/fast-clock.ts';
import { knownExecutions } from '../../doubles/known-executions.ts';
import { type MemoryStore, memoryStore } from '../../doubles/memory-store.ts';

const FRIDAY = { dataset: 'crime-war', day: '2026-11-20' } as const;
const KEY = '_runs/crime-war/2026-11-20/lock.json';

/** Runs that share a bucket: in AWS, or on a laptop with a lease. */
const shared = () => {
  const store = memoryStore();
  const clock = fastClock();
  const run = (holder: string, by?: string) => {
    const lease: Lease | undefined =
      by === undefined ? undefined : { by, ms: 60_000, onTaken: () => undefined, isGone: () => false };
    const services = { store, clock, lease, executions: knownExecutions() };
    return {
      take: () => lockDay(services, FRIDAY, holder),
      check: () => checkDay(services, FRIDAY, holder),
      release: () => releaseDay(services, FRIDAY, holder),
      bucket: fencedStore(services, FRIDAY, holder),
      withStore: (other: MemoryStore, ownFolders?: string[]) =>
        fencedStore({ ...services, store: other }, FRIDAY, holder, ownFolders),
    };
  };
  return { store, clock, run };
};

describe('a run that lost its day', () => {
  it('writes and removes nothing, and says which execution the day belongs to', async () => {
    const { store, run } = shared();
    const [lost, owner] = [run('arn:lost'), run('arn:owner')];
    await lost.take();
    await lost.bucket.put('part-1.json', 'lost');
    await owner.take();
    const before = store.keys();

    await expect(lost.bucket.put('part-2.json', 'lost')).rejects.toMatchObject({
      name: 'DayLostError',
      message:
        'crime-war, 2026-11-20: arn:owner has taken this day since 2026-11-20T12:00:00.000Z, so arn:lost writes nothing more. Redrive or resume that run when no other run is writing the day.',
    });
    await expect(lost.bucket.putIf('latest.json', '{}', undefined)).rejects.toThrow('writes nothing more');
    await expect(lost.bucket.remove(['part-1.json'])).rejects.toThrow('writes nothing more');
    expect(store.keys()).toEqual(before);
    await owner.bucket.put('part-1.json', 'owner');
    expect(store.text('part-1.json')).toBe('owner');
  });

  it('may still read, and removing nothing needs no check', async () => {
    const { store, run } = shared();
    await store.put('part-1.json', 'owner');

    expect((await run('arn:lost').bucket.get('part-1.json'))?.body.toString()).toBe('owner');
    await run('arn:lost').bucket.remove([]);
  });

  it('is also one whose lock is no longer there', async () => {
    await expect(shared().run('arn:a').check()).rejects.toThrow(/nobody holds this day \(_runs\/.*lock.json\)/);
  });
});

it('a check is one read of the lock, and no write', async () => {
  const { store, run } = shared();
  const owner = run('arn:owner');
  await owner.take();
  const reads: string[] = [];
  const watched = {
    ...store,
    get: (key: string) => {
      reads.push(key);
      return store.get(key);
    },
  };
  await owner.withStore(watched).put('part-1.json', 'x');

  expect([reads, store.puts]).toEqual([[KEY], [KEY, 'part-1.json']]);
});

describe("a run's own work", () => {
  const OWN = '_runs/crime-war/2026-11-20/run-1/work/';
  const working = async () => {
    const { store, clock, run } = shared();
    const [lost, owner] = [run('arn:lost'), run('arn:owner')];
    await lost.take();
    let reads = 0;
    const watched = {
      ...store,
      get: (key: string) => {
        reads += 1;
        return store.get(key);
      },
    };
    return { store, clock, owner, bucket: lost.withStore(watched, [OWN]), reads: () => reads };
  };

  it('is checked at most once a second, also where many writes begin together', async () => {
    const { clock, bucket, reads } = await working();
    await Promise.all([1, 2, 3].map((name) => bucket.put(`${OWN}${name}`, 'x')));
    clock.skip(999);
    await bucket.putIf(`${OWN}4`, 'x', undefined);
    expect(reads()).toBe(1);
    clock.skip(1);
    await bucket.put(`${OWN}5`, 'x');
    expect(reads()).toBe(2);
  });

  it('ends within a second after the day is lost; what readers see ends at once', async () => {
    const { store, clock, owner, bucket } = await working();
    await bucket.put(`${OWN}1`, 'x');
    await owner.take();
    await expect(bucket.put('Raw/part-1.json', 'x')).rejects.toThrow('writes nothing more');
    await expect(bucket.remove([`${OWN}1`])).rejects.toThrow('writes nothing more');
    clock.skip(1_000);
    await expect(bucket.put(`${OWN}2`, 'x')).rejects.toThrow('writes nothing more');
    expect(store.keys()).toEqual([KEY, `${OWN}1`]);
  });
});

describe('the lease of a laptop', () => {
  const untilOf = (store: MemoryStore) => store.json<{ lease: { until: string } }>(KEY).lease.until;

  it('is renewed by a check when less than half of it is left', async () => {
    const { store, clock, run } = shared();
    const laptop = run('run-1', 'home');
    await laptop.take();
    clock.skip(30_000);
    await laptop.check();
    expect(untilOf(store)).toBe('2026-11-20T12:01:00.000Z');

    clock.skip(1);
    await Promise.all([laptop.check(), laptop.check(), laptop.check()]);
    expect(untilOf(store)).toBe('2026-11-20T12:01:30.001Z');
    expect(store.puts).toEqual([KEY, KEY]);
  });

  it('is an error if it can not be renewed in 5 attempts', async () => {
    const { store, clock, run } = shared();
    const laptop = run('run-1', 'home');
    await laptop.take();
    clock.skip(45_000);
    let attempts = 0;
    const busy = {
      ...store,
      putIf: async () => {
        attempts += 1;
        return undefined;
      },
    };

    await expect(laptop.withStore(busy).put('part-1.json', '')).rejects.toThrow(
      '_runs/crime-war/2026-11-20/lock.json: the lease could not be renewed in 5 attempts; resume the run.',
    );
    expect(attempts).toBe(5);
    expect(store.keys()).toEqual([KEY]);
  });

  it('keeps other laptops away as long as it is renewed', async () => {
    const { clock, run } = shared();
    const [laptop, other] = [run('run-1', 'home'), run('run-2', 'office')];
    await laptop.take();
    for (let minute = 0; minute < 10; minute += 1) {
      clock.skip(45_000);
      await laptop.check();
      expect(await other.take()).toMatch(/^run-1 \(home;/);
    }
  });

  it('goes on after a sleep in which nobody took the day', async () => {
    const { store, clock, run } = shared();
    const laptop = run('run-1', 'home');
    await laptop.take();
    clock.skip(3_600_000);
    await laptop.bucket.put('part-1.json', 'x');

    expect(untilOf(store)).toBe('2026-11-20T13:01:00.000Z');
    expect(await run('run-2', 'office').take()).toMatch(/^run-1/);
  });

  it('is lost in a sleep in which another laptop took the day: the owner that wakes up writes nothing', async () => {
    const { store, clock, run } = shared();
    const [asleep, other] = [run('run-1', 'home'), run('run-2', 'office')];
    await asleep.take();
    clock.skip(60_000);
    expect(await other.take()).toBeUndefined();

    await expect(asleep.bucket.put('part-1.json', 'x')).rejects.toMatchObject({ name: 'DayLostError' });
    expect(store.keys()).toEqual([KEY]);
  });

  it('goes to one of two: the owner that wakes up and renews it, or the laptop that takes it over', async () => {
    for (const ownerIsFaster of [true, false]) {
      const { store, clock, run } = shared();
      const [owner, other] = [run('run-1', 'home'), run('run-2', 'office')];
      await owner.take();
      clock.skip(60_000);
      // Both have read the expired lease. Then one of them writes first.
      const first = ownerIsFaster ? owner.check() : other.take();
      const second = ownerIsFaster ? other.take() : owner.check();
      const [, outcome] = await Promise.allSettled([first, second]);

      const holder = store.json<{ holder: string }>(KEY).holder;
      const lost = await Promise.allSettled([owner.bucket.put('a', ''), other.bucket.put('b', '')]);
      expect(lost.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      expect(store.keys().filter((key) => key !== KEY)).toEqual([holder === 'run-1' ? 'a' : 'b']);
      expect(outcome?.status === 'rejected' || holder === 'run-1').toBe(true);
    }
  });

  it('ends at once when its run is over, and only then', async () => {
    const { run } = shared();
    const [laptop, other] = [run('run-1', 'home'), run('run-2', 'office')];
    await laptop.take();
    await other.release();
    expect(await other.take()).toMatch(/^run-1/);
    await laptop.release();

    expect(await other.take()).toBeUndefined();
  });

  it('is not ended where there is no lock, and the lock of an execution in AWS stays as it is', async () => {
    const { store, run } = shared();
    await run('run-1', 'home').release();
    expect(store.keys()).toEqual([]);
    const execution = run('arn:owner');
    await execution.take();
    await execution.check();
    await execution.release();

    expect(store.puts).toEqual([KEY]);
  });
});
