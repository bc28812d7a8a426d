import * as z from 'zod';
import type { DayRef } from '../names.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import type { Executions } from './executions.ts';
import { layout } from './layout.ts';

const lock = z.object({ holder: z.string(), since: z.string() });

/** Longest time that a run may take: TimeoutSeconds of the ingest state machine, in milliseconds. */
const LONGEST_RUN_MS = 86_400_000;

const mayStillRun = (since: string, now: Date): boolean => now.getTime() - Date.parse(since) < LONGEST_RUN_MS;

/** Attempts to take the lock. An attempt fails when another execution takes the lock first. */
const TRIES = 5;

/**
 * Takes the lock of one day of a dataset for one execution, or returns the execution that holds it.
 *
 * EventBridge Scheduler may start a run more than once, and so may people. Two runs of one day would request everything
 * twice and overwrite each other's files. No run releases the lock: it is free when its holder no longer runs.
 *
 * @param holder ARN of the execution that takes the lock. If it already holds the lock (after a redrive), it keeps it.
 * @returns ARN of the running execution that holds the lock; undefined where `holder` got it.
 */
export const lockDay = async (
  store: ObjectStore,
  executions: Executions,
  ref: DayRef,
  holder: string,
  now: Date,
): Promise<string | undefined> => {
  const key = layout.lock(ref);
  const mine = JSON.stringify({ holder, since: now.toISOString() });
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const object = await store.get(key);
    const current = object && lock.safeParse(JSON.parse(object.body.toString())).data;
    if (current?.holder === holder) return undefined;
    if (current && ((await executions.isRunning(current.holder)) ?? mayStillRun(current.since, now)))
      return current.holder;
    if (await store.putIf(key, mine, object?.etag)) return undefined;
  }
  throw new Error(`${key}: another execution took this lock first in each of ${TRIES} attempts; start the run again.`);
};
