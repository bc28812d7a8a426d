import { memoryStore } from '../doubles/memory-store.ts';
import { chunksOf, drive, type Observed, observed, type Quiet, quietRun } from './experiment.ts';
import { lakeIn } from './oracle.ts';
import type { Strike } from './process.ts';
import { smallCatalogue } from './small-tmdb.ts';
import { openWorld } from './world.ts';

/*
 * A kill at every request to TMDB and at every write to the bucket of a run with two branches: before it, and after it
 * has had its effect. Then the run is continued as its last words say.
 */

export const SITUATIONS = ['a first run', 'a run of a complete day with changed data', 'a resumed run'] as const;
export type Situation = (typeof SITUATIONS)[number];

/** A bucket as it is before the run, and what the run begins with. */
interface Prepared {
  objects: ReadonlyMap<string, Buffer>;
  /** The run to resume. */
  resume: string | undefined;
  quiet: Quiet;
  steps: number;
}

const objectsOf = async (store: Quiet['store']): Promise<Map<string, Buffer>> => {
  const objects = new Map<string, Buffer>();
  for (const key of await store.list('')) objects.set(key, (await store.get(key))?.body ?? Buffer.alloc(0));
  return objects;
};

const filled = async (objects: ReadonlyMap<string, Buffer>) => {
  const memory = memoryStore();
  for (const [key, body] of objects) await memory.put(key, body);
  return memory;
};

export interface Point {
  situation: Situation;
  at: number;
  when: Strike['when'];
}

/** Runs the situations once without a kill, which shows how many points they have. */
export const everyStep = async () => {
  const before = await quietRun(smallCatalogue());
  const after = await quietRun(smallCatalogue(true));
  const known = new Set([before, after].flatMap(({ lake }) => [...lake.files].map((file) => file.join())));

  /** A run that is killed after half of its steps. */
  const half = async (): Promise<Pick<Prepared, 'objects' | 'resume'>> => {
    const world = await openWorld({ seed: 1, catalogue: before.catalogue });
    const strike: Strike = { at: before.steps >> 1, when: 'after', what: 'process' };
    const { execution, ended } = world.startProcess({ strikes: [strike] }).start();
    await ended;
    await world.close();
    return { objects: await objectsOf(world.truth), resume: execution.name };
  };
  const begin = async (situation: Situation): Promise<Omit<Prepared, 'steps'>> => {
    if (situation === 'a first run') return { objects: new Map(), resume: undefined, quiet: before };
    if (situation === 'a resumed run') return { ...(await half()), quiet: before };
    return { objects: await objectsOf(before.store), resume: undefined, quiet: after };
  };
  const prepared = new Map<Situation, Prepared>();
  for (const situation of SITUATIONS) {
    const start = await begin(situation);
    const world = await openWorld({ seed: 1, catalogue: start.quiet.catalogue, memory: await filled(start.objects) });
    const process = world.startProcess();
    const { status, cause } = await process.start(start.resume).ended;
    if (status !== 'SUCCEEDED') throw new Error(`${situation}, without a kill: ${cause}`);
    await world.close();
    prepared.set(situation, { ...start, steps: process.steps() });
  }

  return {
    points: SITUATIONS.flatMap((situation) =>
      Array.from({ length: prepared.get(situation)?.steps ?? 0 }, (_, index) =>
        (['before', 'after'] as const).map((when): Point => ({ situation, at: index + 1, when })),
      ).flat(),
    ),
    /** Kills a run at a point, and continues it. */
    killed: async ({ situation, at, when }: Point): Promise<Observed> => {
      const { objects, resume, quiet } = prepared.get(situation) as Prepared;
      const world = await openWorld({ seed: 1, catalogue: quiet.catalogue, memory: await filled(objects) });
      try {
        const driven = await drive(world, {
          strikes: [[{ at, when, what: 'process' }]],
          resume,
          check: async (store) =>
            [...(await lakeIn(store)).files]
              .filter((file) => !known.has(file.join()))
              .map(([key]) => `${key} is of neither run`),
        });
        const wasKilled = driven.kills === 1 ? [] : ['the run was not killed'];
        const wrong = [...driven.wrong, ...wasKilled];
        // A run that is resumed has fewer requests than the one without faults, so its number says nothing.
        return await observed(world, quiet, { ...driven, wrong, mayRepeat: chunksOf(driven.kills) });
      } finally {
        await world.close();
      }
    },
  };
};
