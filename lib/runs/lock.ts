import * as z from 'zod';
import type { DayRef } from '../names.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import type { Executions } from './executions.ts';
import { layout } from './layout.ts';

const lock = z.object({ holder: z.string(), since: z.string() });

/** No run takes longer: the ingest machine's TimeoutSeconds. */
const LONGEST_RUN_MS = 86_400_000;

const isYoung = (since: string, at: Date): boolean => at.getTime() - Date.parse(since) < LONGEST_RUN_MS;

/** Attempts to take the lock before it is an error: each one lost to another start. */
const TRIES = 5;

/**
 * Takes the lock of one day of a dataset for one execution, or says which execution holds it.
 *
 * The scheduler delivers at least once, and people start a run twice: two runs of one day would request everything
 * twice and overwrite each other's files. The lock is never released: a holder that no longer runs has lost it.
 *
 * @param holder ARN of the execution that wants the lock. If it holds it already (after a redrive), it keeps it.
 * @returns ARN of the running execution that holds the lock; undefined where `holder` got it.
 */
export const lockDay = async (
  store: ObjectStore,
  executions: Executions,
  ref: DayRef,
  holder: string,
  at: Date,
): Promise<string | undefined> => {
  const key = layout.lock(ref);
  const mine = JSON.stringify({ holder, since: at.toISOString() });
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const there = await store.get(key);
    const taken = there && lock.safeParse(JSON.parse(there.body.toString())).data;
    if (taken?.holder === holder) return undefined;
    if (taken && ((await executions.isRunning(taken.holder)) ?? isYoung(taken.since, at))) return taken.holder;
    if (await store.putIf(key, mine, there?.etag)) return undefined;
  }
  throw new Error(`${key}: another execution took this lock first in each of ${TRIES} attempts; start the run again.`);
};
