import type { Executions } from '../../lib/runs/executions.ts';

/** Executions of the state machine for tests. Those that are not named here have ended, after anything that they did. */
export const knownExecutions = (known: Readonly<Record<string, { running?: boolean }>> = {}): Executions => ({
  state: async (arn) => (known[arn]?.running ? 'running' : { endedAt: new Date(8.64e15) }),
});
