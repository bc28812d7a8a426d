import { experiments, NOT_KILLED, SCENARIOS, type Scenario } from '../local/kills.ts';
import type { Observed } from './experiment.ts';

/*
 * A kill at every change of a file that `npm start` makes in its folder, and in the middle of every write: see
 * test/local/kills.ts. Here the bucket is a folder of the disk, and the runs are processes of their own.
 */

/** A copy of the folder at each change is continued. At one of so many changes, a process is also really killed. */
const KILL_EACH = 20;

export interface FilePoint {
  situation: Scenario;
  moment: number;
  how: 'left' | 'killed';
}

/** Runs the scenarios once, which shows how many points they have. */
export const everyFileChange = async () => {
  const trying = await experiments();
  return {
    points: SCENARIOS.flatMap((situation) =>
      trying
        .moments(situation)
        .flatMap((moment): FilePoint[] => [
          { situation, moment, how: 'left' },
          ...(moment % KILL_EACH === 0 ? [{ situation, moment, how: 'killed' } as const] : []),
        ]),
    ),
    killed: async ({ situation, moment, how }: FilePoint): Promise<Observed> => {
      const { wrong, ...compared } = await trying[how](situation, moment);
      return {
        ...compared,
        // A run on a busy machine has more changes: it reads a list again. A later run may end before that moment.
        wrong: wrong.filter((sentence) => sentence !== NOT_KILLED),
        faults: wrong.includes(NOT_KILLED) ? 0 : 1,
        // All experiments have one simulated TMDB, and they run by the clock of this machine.
        repeated: undefined,
        recoveryMs: undefined,
      };
    },
    close: trying.close,
  };
};
