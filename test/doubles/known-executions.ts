import type { Executions } from '../../lib/runs/executions.ts';

/** Executions of the state machine as a test has them: which run, and how often each was redriven. */
export const knownExecutions = (
  known: Readonly<Record<string, { running?: boolean; redrives?: number }>> = {},
): Executions => ({
  isRunning: async (arn) => known[arn]?.running ?? false,
  redriveCount: async (arn) => known[arn]?.redrives ?? 0,
});
