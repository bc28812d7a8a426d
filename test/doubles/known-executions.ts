import type { Executions } from '../../lib/runs/executions.ts';

/** Executions of the state machine for tests: whether each is running, and how often it was redriven. */
export const knownExecutions = (
  known: Readonly<Record<string, { running?: boolean; redrives?: number }>> = {},
): Executions => ({
  isRunning: async (arn) => known[arn]?.running ?? false,
  redriveCount: async (arn) => known[arn]?.redrives ?? 0,
});
