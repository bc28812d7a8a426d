import * as z from 'zod';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import type { Executions } from './executions.ts';
import { places, type RunRef } from './layout.ts';

const lock = z.object({ holder: z.string(), since: z.string() });

/** No run takes longer: the ingest machine's TimeoutSeconds. */
const LONGEST_RUN_MS = 86_400_000;

const isYoung = (since: string, at: Date): boolean => at.getTime() - Date.parse(since) < LONGEST_RUN_MS;

/** So many starts may fall over one another before we call it an error. */
const TRIES = 5;

/**
 * Takes a day of a dataset for one execution, or says who has it.
 *
 * The scheduler delivers at least once, and people press buttons twice: two runs of one day would ask TMDB for
 * everything twice and write over each other. Nobody gives the lock back: a holder that no longer runs has lost it.
 *
 * @param holder ARN of the execution that wants it. One that has it already, having been redriven, gets it again.
 * @returns The ARN of the running execution that has it; undefined where `holder` got it.
 */
export const lockDay = async (
  store: ObjectStore,
  executions: Executions,
  ref: Pick<RunRef, 'dataset' | 'day'>,
  holder: string,
  at: Date,
): Promise<string | undefined> => {
  const key = places.lock(ref);
  const mine = JSON.stringify({ holder, since: at.toISOString() });
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const there = await store.get(key);
    const taken = there && lock.safeParse(JSON.parse(there.body.toString())).data;
    if (taken?.holder === holder) return undefined;
    if (taken && ((await executions.isRunning(taken.holder)) ?? isYoung(taken.since, at))) return taken.holder;
    if (await store.putIf(key, mine, there?.etag)) return undefined;
  }
  throw new Error(`${key} changes hands all the time: ${TRIES} times while we tried to take it.`);
};
