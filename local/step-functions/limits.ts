import type { StateMachine } from 'aws-local-stepfunctions';
import { TaskError } from './task-error.ts';

/** The engine's type for a JSON value. */
export type Json = Parameters<StateMachine['run']>[0];

/**
 * Largest input or output of a state, in bytes of UTF-8.
 * Source: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html (read 2026-11-22).
 */
export const MAX_STATE_BYTES = 262_144;

/** Most iterations of an inline Map that run at the same time; same source. */
export const MAX_MAP_CONCURRENCY = 40;

/**
 * The value as the next state receives it: only what JSON can express.
 *
 * @param where The state, for the error message.
 * @throws {TaskError} States.DataLimitExceeded: the value is larger than MAX_STATE_BYTES.
 */
export const jsonWithinLimit = (where: string, value: Json | undefined): Json => {
  const text = JSON.stringify(value ?? null);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_STATE_BYTES)
    throw new TaskError(
      'States.DataLimitExceeded',
      `${where}: the data has ${bytes} bytes; Step Functions allows ${MAX_STATE_BYTES} between states. Keep it in S3 and pass its key.`,
      { terminal: true },
    );
  return JSON.parse(text) as Json;
};

/**
 * Checks `walkersAtOnce`, which the Map of the ingest machine reads as its MaxConcurrency.
 *
 * @throws {TaskError} States.Runtime: it is above MAX_MAP_CONCURRENCY.
 */
export const assertMapConcurrency = (value: Json): void => {
  const { walkersAtOnce } = (value ?? {}) as { walkersAtOnce?: number };
  if (walkersAtOnce !== undefined && walkersAtOnce > MAX_MAP_CONCURRENCY)
    throw new TaskError(
      'States.Runtime',
      `walkersAtOnce is ${walkersAtOnce}; an inline Map runs at most ${MAX_MAP_CONCURRENCY} iterations at once. Lower it.`,
      { terminal: true },
    );
};
