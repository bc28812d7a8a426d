import type { Clock } from '../../lib/clock.ts';
import type { Emit } from '../../lib/events.ts';
import { eventsBetween, hasEnded, type Snapshot } from './snapshot.ts';

export interface FollowOptions {
  look: () => Promise<Snapshot>;
  see: Emit;
  clock: Pick<Clock, 'sleep'>;
  /** Milliseconds between two looks; undefined to look once. */
  everyMs: number | undefined;
}

/**
 * Looks at a run again and again, and passes on what has happened, until the run has ended.
 *
 * @returns The last snapshot.
 */
export const follow = async ({ look, see, clock, everyMs }: FollowOptions): Promise<Snapshot> => {
  let before: Snapshot | undefined;
  for (;;) {
    const now = await look();
    for (const event of eventsBetween(before, now)) see(event);
    if (everyMs === undefined || hasEnded(before, now)) return now;
    before = now;
    await clock.sleep(everyMs);
  }
};
