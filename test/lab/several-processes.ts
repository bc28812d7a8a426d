import { loadDayManifest } from '../../lib/runs/day-manifest.ts';
import type { Lease } from '../../lib/runs/lock.ts';
import { loadRun } from '../../lib/runs/plan.ts';
import type { Execution } from '../../local/step-functions/engine.ts';
import { chunksOf, drive, type Observed, observed, type Quiet } from './experiment.ts';
import { promisesBroken, wrongLastWords } from './oracle.ts';
import type { Strike } from './process.ts';
import { DATASET, DAY } from './small-tmdb.ts';
import { openWorld, type World } from './world.ts';

/* Experiments with more than one process, or more than one run, at a time. */

const LEASE_MS = 60_000;

/** A laptop whose process the others can't see: only the end of its lease shows that it is gone. */
const leaseOf = (by: string): Lease => ({ by, ms: LEASE_MS, onTaken: () => undefined, isGone: () => false });

const inWorld = async (
  seed: number,
  quiet: Quiet,
  experiment: (world: World) => Promise<{ wrong: string[]; kills: number; mayRepeat?: number }>,
): Promise<Observed> => {
  const world = await openWorld({ seed, catalogue: quiet.catalogue });
  try {
    return await observed(world, quiet, await experiment(world));
  } finally {
    await world.close();
  }
};

const isTurnedAway = ({ output }: Execution) => (output as { outcome?: string } | undefined)?.outcome === 'turnedAway';

/** A laptop is killed. Another one goes on: not while the lease counts, and then at once. */
export const killedLaptop = (seed: number, quiet: Quiet, strike: Strike): Promise<Observed> =>
  inWorld(seed, quiet, async (world) => {
    const first = world.startProcess({ strikes: [strike], lease: leaseOf('laptop 1') });
    const { execution, ended } = first.start();
    await ended;
    const ref = { dataset: DATASET, day: DAY, run: execution.name } as const;
    const isPlanned = (await loadRun(world.truth, ref)) !== undefined;
    const hasLock = (await world.truth.list(`_runs/${DATASET}/${DAY}/lock.json`)).length > 0;
    const wrong = await promisesBroken(world.truth);
    if (hasLock) {
      const tooSoon = await world.startProcess({ lease: leaseOf('laptop 2') }).start(isPlanned ? ref.run : undefined)
        .ended;
      if (!isTurnedAway(tooSoon)) wrong.push('a second laptop took the day while the lease of the first one counted');
    }
    world.clock.skip(LEASE_MS + 1);
    const driven = await drive(world, {
      options: { lease: leaseOf('laptop 2') },
      resume: isPlanned ? ref.run : undefined,
    });
    const kills = first.struck.length;
    return { wrong: [...wrong, ...driven.wrong], kills, mayRepeat: chunksOf(kills) };
  });

/** A laptop sleeps, and its lease ends. Another one does its work. Then the first one wakes up. */
export const sleepingLaptop = (seed: number, quiet: Quiet, strike: Strike): Promise<Observed> =>
  inWorld(seed, quiet, async (world) => {
    const first = world.startProcess({ strikes: [strike], lease: leaseOf('laptop 1') });
    const { execution, ended } = first.start();
    await Promise.race([first.paused, ended]);
    world.clock.skip(LEASE_MS + 1);
    const ref = { dataset: DATASET, day: DAY, run: execution.name } as const;
    const isPlanned = (await loadRun(world.truth, ref)) !== undefined;
    const before = await loadDayManifest(world.truth, { dataset: DATASET, day: DAY });
    const other = await drive(world, {
      options: { lease: leaseOf('laptop 2') },
      resume: isPlanned ? ref.run : undefined,
    });
    first.wake();
    const late = await ended;
    const wrong = [...other.wrong, ...(await wrongLastWords(world.truth, late, ref.run))];
    // A laptop that slept after all of its work has nothing to lose.
    if (late.status === 'SUCCEEDED' && !isTurnedAway(late) && isPlanned && !before?.complete)
      wrong.push('the laptop that lost the day believes that it has written it');
    return { wrong, kills: 1 };
  });

/** Two executions of a day begin at once, or the second one while the first is at work. */
export const twoAtOnce = (seed: number, quiet: Quiet, strike: Strike | undefined): Promise<Observed> =>
  inWorld(seed, quiet, async (world) => {
    const first = world.startProcess({ strikes: strike ? [strike] : [] });
    const second = world.startProcess();
    const one = first.start();
    if (strike) await Promise.race([first.paused, one.ended]);
    const other = second.start();
    if (strike) await other.ended;
    first.wake();
    const results = await Promise.all([one.ended, other.ended]);
    const wrong = (await Promise.all(results.map((result) => wrongLastWords(world.truth, result, result.name)))).flat();
    if (results.filter(isTurnedAway).length !== 1) wrong.push('not exactly one of two executions was turned away');
    return { wrong, kills: 1, mayRepeat: 0 };
  });

/** A branch fails for good; when TMDB answers again, a person redrives the run. */
export const redriven = (seed: number, quiet: Quiet, genre: number): Promise<Observed> =>
  inWorld(seed, quiet, async (world) => {
    world.simulator.use([{ kind: 'outage', genre, year: 2017 }]);
    const one = world.startProcess();
    const { execution, ended } = one.start();
    const failed = await ended;
    const wrong = [
      ...(await wrongLastWords(world.truth, failed, failed.name)),
      ...(await promisesBroken(world.truth)),
      ...(failed.status === 'FAILED' ? [] : ['a run with a branch that TMDB does not answer for has succeeded']),
    ];
    world.calm();
    const again = await one.redrive(execution);
    if (again.status !== 'SUCCEEDED') wrong.push(`the redrive failed: ${again.cause}`);
    const day = await loadDayManifest(world.truth, { dataset: DATASET, day: DAY });
    if (!day?.complete) wrong.push('the day is not complete after the redrive');
    return { wrong, kills: 0 };
  });
