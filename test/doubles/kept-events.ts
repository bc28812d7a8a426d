import type { Emit, RunEvent } from '../../lib/events.ts';

/** Keeps the events that it is told. */
export const keptEvents = (): { emit: Emit; events: readonly RunEvent[] } => {
  const events: RunEvent[] = [];
  return { emit: (event) => events.push(event), events };
};
