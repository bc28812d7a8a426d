import { describe, expect, it } from 'vitest';
import type { ExecutionState, Executions } from '../../../lib/runs/executions.ts';
import { type Lease, type LockServices, lockDay } from '../../../lib/runs/lock.ts';
import { fastClock, NOON } from '../../doubles/fast-clock.ts';
import { knownExecutions } from '../../doubles/known-executions.ts';
import { memoryStore } from '../../doubles/memory-store.ts';

const FRIDAY = { dataset: 'crime-war', day: '2026-11-20' } as const;
const KEY = '_runs/crime-war/2026-11-20/lock.json';
const everybody = (state: ExecutionState): Executions => ({ state: async () => state });
const everybodyRuns = everybody('running');
const locking = (changes: Partial<LockServices> = {}) => {
  const store = memoryStore();
  const clock = fastClock();
  const services = { store, executions: knownExecutions(), clock, ...changes };
  return {
    store,
    clock,
    lock: (holder: string, more: Partial<LockServices> = {}, ref: object = {}) =>
      lockDay({ ...services, ...more }, { ...FRIDAY, ...ref }, holder),
  };
};

describe('the lock of a day', () => {
  it('goes to the first execution', async () => {
    const { lock, store } = locking();

    expect(await lock('first')).toBeUndefined();
    expect(store.json(KEY)).toEqual({ holder: 'first', since: '2026-11-20T12:00:00.000Z' });
  });

  it('does not go to a second execution while the first is running', async () => {
    const { lock, store } = locking({ executions: everybodyRuns });
    await lock('first');

    expect(await lock('second')).toBe('first');
    expect(store.json(KEY)).toMatchObject({ holder: 'first' });
  });

  it('goes to one of many concurrent executions', async () => {
    const { lock } = locking({ executions: everybodyRuns });
    const comers = Array.from({ length: 10 }, (_, at) => `comer-${at}`);
    const holders = await Promise.all(comers.map((comer) => lock(comer)));
    const [winner] = comers.filter((_, at) => holders[at] === undefined);

    expect(holders.filter((holder) => holder === undefined)).toHaveLength(1);
    expect(new Set(holders)).toEqual(new Set([undefined, winner]));
  });

  it('goes to one of many executions when its holder no longer runs', async () => {
    const executions = knownExecutions({ a: { running: true }, b: { running: true }, c: { running: true } });
    const { lock } = locking({ executions });
    await lock('dead');
    const holders = await Promise.all(['a', 'b', 'c'].map((comer) => lock(comer)));

    expect(holders.filter((holder) => holder === undefined)).toHaveLength(1);
  });

  it('stays with its holder after a redrive or a retry, and shows when that was', async () => {
    const { lock, store, clock } = locking({ executions: everybodyRuns });
    await lock('first');
    clock.skip(3_600_000);

    expect(await lock('first')).toBeUndefined();
    expect(store.json(KEY)).toEqual({ holder: 'first', since: '2026-11-20T13:00:00.000Z' });
  });

  it.each([
    { held: 'for an hour', heldMs: 3_600_000, turnedAway: true },
    { held: 'for as long as a run may take', heldMs: 24 * 3_600_000, turnedAway: false },
    { held: 'for longer than any run takes', heldMs: 25 * 3_600_000, turnedAway: false },
  ])(
    'held $held by an execution of another service, to which the role has no access, turns others away: $turnedAway',
    async ({ heldMs, turnedAway }) => {
      const { lock, clock } = locking({ executions: everybody('noAccess') });
      await lock('theirs');
      clock.skip(heldMs);

      expect(await lock('ours')).toBe(turnedAway ? 'theirs' : undefined);
    },
  );

  it('applies to one day of one dataset', async () => {
    const { lock } = locking({ executions: everybodyRuns });
    await lock('first');

    expect(await lock('second', {}, { day: '2026-11-27' })).toBeUndefined();
    expect(await lock('second', {}, { dataset: 'popular' })).toBeUndefined();
  });

  it('can be taken when its object is not a lock', async () => {
    const { lock, store } = locking({ executions: everybodyRuns });
    await store.put(KEY, '{}');

    expect(await lock('first')).toBeUndefined();
  });

  it('is an error when another execution takes it first in each of 5 attempts', async () => {
    let attempts = 0;
    const store = {
      ...memoryStore(),
      putIf: async () => {
        attempts += 1;
        return undefined;
      },
    };

    await expect(locking({ store }).lock('first')).rejects.toThrow(
      /another execution took this lock first in each of 5 attempts/,
    );
    expect(attempts).toBe(5);
  });
});

describe('DescribeExecution, which may answer with an old state', () => {
  /** One state after the other; the last one for all further questions. */
  const saying = (...states: ExecutionState[]) => {
    let asked = 0;
    const executions: Executions = { state: async () => states[Math.min(asked++, states.length - 1)] ?? 'absent' };
    return { executions, asked: () => asked };
  };
  const endedAt = (ms: number): ExecutionState => ({ endedAt: new Date(ms) });

  it.each([
    ['does not know a holder that has just started', 'absent'],
    ['still has the end of the drive before this one', endedAt(NOON - 5_000)],
    ['has an end at the time at which the lock was taken', endedAt(NOON)],
  ] as const)('%s: it is asked again while the lock is younger than a minute', async (_, old) => {
    const { lock, store } = locking();
    await lock('first');
    const { executions, asked } = saying(old, old, 'running');

    expect(await lock('second', { executions })).toBe('first');
    expect(asked()).toBe(3);
    expect(store.json(KEY)).toMatchObject({ holder: 'first' });
  });

  it('is believed after a minute, and at once for a lock that is older', async () => {
    const { lock, clock } = locking();
    await lock('dead');
    const young = saying('absent');
    expect(await lock('second', { executions: young.executions })).toBeUndefined();
    expect([clock.now() - NOON, young.asked()]).toEqual([60_000, 13]);

    clock.skip(60_000);
    const older = saying('absent');
    expect(await lock('third', { executions: older.executions })).toBeUndefined();
    expect(older.asked()).toBe(1);
  });

  it('is not believed when it was asked in the first minute and its answer came after that', async () => {
    const { lock, store, clock } = locking();
    await lock('first');
    const { executions, asked } = saying('absent', 'running');
    const late: Executions = {
      state: async (arn) => {
        clock.skip(60_000);
        return executions.state(arn);
      },
    };

    expect(await lock('second', { executions: late })).toBe('first');
    expect(asked()).toBe(2);
    expect(store.json(KEY)).toMatchObject({ holder: 'first' });
  });

  it('is believed at once about a holder that ended after it took the lock', async () => {
    const { lock } = locking();
    await lock('failed');
    const { executions, asked } = saying(endedAt(NOON + 1));

    expect(await lock('second', { executions })).toBeUndefined();
    expect(asked()).toBe(1);
  });

  it('is not asked for ever where the clock of the holder was wrong', async () => {
    const { lock } = locking({ clock: fastClock(NOON + 3_600_000) });
    await lock('ahead');

    const { executions, asked } = saying('absent');
    expect(await lock('second', { clock: fastClock(), executions })).toBeUndefined();
    expect(asked()).toBe(13);
  });
});

describe('the lock of a day with leases, for laptops that share a bucket', () => {
  const laptop = (by: string, isGone = () => false): { lease: Lease } => ({
    lease: { by, ms: 60_000, onTaken: () => undefined, isGone },
  });
  const [home, office] = [laptop('home, process 1'), laptop('office, process 2')];
  /** Nobody can ask whether a run on a laptop is running. */
  const executions: Executions = { state: () => expect.unreachable('It asked for an execution.') };

  it('turns others away until the lease ends, and names the machine and the time', async () => {
    const { lock, store, clock } = locking({ executions });
    expect(await lock('run-1', home)).toBeUndefined();
    expect(store.json(KEY)).toEqual({
      holder: 'run-1',
      since: '2026-11-20T12:00:00.000Z',
      lease: { by: 'home, process 1', until: '2026-11-20T12:01:00.000Z' },
    });
    clock.skip(59_999);

    expect(await lock('run-2', office)).toBe(
      'run-1 (home, process 1; its lease ends at 2026-11-20T12:01:00.000Z, unless it is renewed)',
    );
    // An execution in AWS too.
    expect(await lock('arn:aws:run-3')).toMatch(/^run-1 \(home/);
  });

  it('goes to another machine after the lease has ended', async () => {
    const { lock, store, clock } = locking({ executions });
    await lock('run-1', home);
    clock.skip(60_000);

    expect(await lock('run-2', office)).toBeUndefined();
    expect(store.json(KEY)).toMatchObject({ holder: 'run-2', lease: { by: 'office, process 2' } });
  });

  it('goes at once to a process that knows that the holder is gone', async () => {
    const { lock } = locking({ executions });
    await lock('run-1', home);

    expect(
      await lock(
        'run-2',
        laptop('home, process 3', () => true),
      ),
    ).toBeUndefined();
  });

  it('does not go to another laptop whose run has the same name', async () => {
    const { lock } = locking({ executions });
    await lock('run-1', home);

    expect(await lock('run-1', office)).toMatch(/^run-1 \(home/);
  });

  it('is held by an execution in AWS as long as that runs', async () => {
    const { lock } = locking();
    await lock('arn:aws:run-1');

    expect(await lock('run-2', { ...office, executions: everybodyRuns })).toBe('arn:aws:run-1');
  });

  it('has one owner in each of 50 rounds in which two laptops start at once, or take over an expired lease', async () => {
    const store = memoryStore();
    // Each answer of the bucket comes at another time, so that the two are interleaved differently in each round.
    let delays = 0;
    const later = async () => {
      for (let turn = (delays++ * 7) % 5; turn > 0; turn -= 1) await new Promise(setImmediate);
    };
    const slow = {
      ...store,
      get: async (key: string) => {
        const object = await store.get(key);
        await later();
        return object;
      },
      putIf: async (...write: Parameters<typeof store.putIf>) => {
        await later();
        return store.putIf(...write);
      },
    };
    const { lock, clock } = locking({ store: slow, executions });
    const owners: number[] = [];
    for (let round = 0; round < 50; round += 1) {
      const got = await Promise.all([lock(`home-${round}`, home), lock(`office-${round}`, office)]);
      owners.push(got.filter((holder) => holder === undefined).length);
      clock.skip(60_000);
    }

    expect(owners).toEqual(Array.from({ length: 50 }, () => 1));
  });
});
