import { describe, expect, it } from 'vitest';
import { lockDay } from '../../../lib/runs/lock.ts';
import { NOON } from '../../doubles/fast-clock.ts';
import { knownExecutions } from '../../doubles/known-executions.ts';
import { memoryStore } from '../../doubles/memory-store.ts';

const FRIDAY = { dataset: 'crime-war', day: '2026-11-20' } as const;
const KEY = '_runs/crime-war/2026-11-20/lock.json';
const everybodyRuns = { isRunning: async () => true, redriveCount: async () => 0 };
const lock = (holder: string, store = memoryStore(), executions = knownExecutions()) =>
  lockDay(store, executions, FRIDAY, holder, new Date(NOON));

describe('the lock of a day', () => {
  it('goes to the first execution', async () => {
    const store = memoryStore();

    expect(await lock('first', store)).toBeUndefined();
    expect(store.json(KEY)).toEqual({ holder: 'first', since: '2026-11-20T12:00:00.000Z' });
  });

  it('does not go to a second execution while the first is running', async () => {
    const store = memoryStore();
    await lock('first', store);

    expect(await lock('second', store, knownExecutions({ first: { running: true } }))).toBe('first');
    expect(store.json(KEY)).toMatchObject({ holder: 'first' });
  });

  it('goes to one of many concurrent executions', async () => {
    const store = memoryStore();
    const comers = Array.from({ length: 10 }, (_, at) => `comer-${at}`);
    const holders = await Promise.all(comers.map((comer) => lock(comer, store, everybodyRuns)));
    const [winner] = comers.filter((_, at) => holders[at] === undefined);

    expect(holders.filter((holder) => holder === undefined)).toHaveLength(1);
    expect(new Set(holders)).toEqual(new Set([undefined, winner]));
  });

  it('goes to one of many executions when its holder no longer runs', async () => {
    const store = memoryStore();
    await lock('dead', store);
    const executions = { ...everybodyRuns, isRunning: async (arn: string) => arn !== 'dead' };
    const holders = await Promise.all(['a', 'b', 'c'].map((comer) => lock(comer, store, executions)));

    expect(holders.filter((holder) => holder === undefined)).toHaveLength(1);
  });

  it('stays with its holder after a redrive or a retry', async () => {
    const store = memoryStore();
    await lock('first', store);

    expect(await lock('first', store, everybodyRuns)).toBeUndefined();
    expect(store.puts).toHaveLength(1);
  });

  it.each([
    { held: 'for an hour', at: NOON + 3_600_000, turnedAway: true },
    { held: 'for longer than any run takes', at: NOON + 25 * 3_600_000, turnedAway: false },
  ])(
    'held $held by an execution of another service, to which the role has no access, turns others away: $turnedAway',
    async ({ at, turnedAway }) => {
      const store = memoryStore();
      await lock('theirs', store);
      const executions = { ...everybodyRuns, isRunning: async () => undefined };
      expect(await lockDay(store, executions, FRIDAY, 'ours', new Date(at))).toBe(turnedAway ? 'theirs' : undefined);
    },
  );

  it('applies to one day of one dataset', async () => {
    const store = memoryStore();
    await lock('first', store);
    const other = (ref: object) => lockDay(store, everybodyRuns, { ...FRIDAY, ...ref }, 'second', new Date(NOON));

    expect(await other({ day: '2026-11-27' })).toBeUndefined();
    expect(await other({ dataset: 'popular' })).toBeUndefined();
  });

  it('can be taken when its object is not a lock', async () => {
    const store = memoryStore();
    await store.put(KEY, '{}');

    expect(await lock('first', store, everybodyRuns)).toBeUndefined();
  });

  it('is an error when another execution takes it first in each attempt', async () => {
    const store = { ...memoryStore(), putIf: async () => undefined };

    await expect(lock('first', store as ReturnType<typeof memoryStore>)).rejects.toThrow(
      /another execution took this lock first in each of 5 attempts/,
    );
  });
});
