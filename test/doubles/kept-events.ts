import type { Emit, RunEvent } from '../../lib/events.ts';

/** Records events. */
export const keptEvents = (): { emit: Emit; events: readonly RunEvent[] } => {
  const events: RunEvent[] = [];
  return { emit: (event) => events.push(event), events };
};
