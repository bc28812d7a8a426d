import type { StateMachineDefinition } from 'aws-local-stepfunctions';

type TaskState = Extract<StateMachineDefinition['States'][string], { Type: 'Task' }>;
type Retrier = NonNullable<TaskState['Retry']>[number];

/** Retries that a Retry block without MaxAttempts allows. Source: https://states-language.net/spec.html#errors (read 2026-11-25). */
const DEFAULT_MAX_ATTEMPTS = 3;

/** The outcome of a failed attempt of a Task. */
export interface AttemptOutcome {
  /** Number of the failed attempt, from 1. */
  attempt: number;
  /** Number of attempts after which the Task fails, if each attempt fails with the same error. */
  attempts: number;
  /** Milliseconds until the next attempt; undefined where none follows. */
  retryInMs: number | undefined;
}

/**
 * Counts the attempts of one Task from its entry on, by its Retry blocks.
 *
 * As in Step Functions, the first block that matches the error decides, and each block counts its own retries: an error
 * of another block doesn't use them up.
 *
 * @param retriers The Retry blocks, in the definition's order.
 * @param retryMs Milliseconds to wait, in place of the blocks' IntervalSeconds and BackoffRate.
 * @returns To be called with each error, in the order in which they occur.
 */
export const countAttempts = (retriers: readonly Retrier[], retryMs: number) => {
  const retriesUsed = new Map<Retrier, number>();
  let attempt = 0;

  return ({ name, isRetryable = true }: { name: string; isRetryable?: boolean }): AttemptOutcome => {
    attempt += 1;
    const retrier = isRetryable
      ? retriers.find(({ ErrorEquals }) => ErrorEquals.some((pattern) => matches(pattern, name)))
      : undefined;
    if (!retrier) return { attempt, attempts: attempt, retryInMs: undefined };

    const used = retriesUsed.get(retrier) ?? 0;
    retriesUsed.set(retrier, used + 1);
    const retriesLeft = Math.max(0, (retrier.MaxAttempts ?? DEFAULT_MAX_ATTEMPTS) - used);
    const maxDelayMs = (retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY) * 1000;
    return {
      attempt,
      attempts: attempt + retriesLeft,
      retryInMs: retriesLeft > 0 ? Math.min(retryMs, maxDelayMs) : undefined,
    };
  };
};

/** The Retry blocks of a state. */
export const retriersOf = ({ States }: StateMachineDefinition, name: string) => {
  const state = States[name];
  return state && 'Retry' in state && state.Retry ? state.Retry : [];
};

/** States.TaskFailed matches every error of a Task except its timeout. */
const matches = (pattern: string, name: string): boolean =>
  pattern === name || pattern === 'States.ALL' || (pattern === 'States.TaskFailed' && name !== 'States.Timeout');
