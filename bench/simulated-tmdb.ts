import { fork } from 'node:child_process';
import { once } from 'node:events';
import { startSimulator } from '../local/simulator/simulator.ts';
import { allGenres, crimeWar, type Workload } from './workloads.ts';

/** What a client did, as the simulator saw it. */
export interface Traffic {
  requests: number;
  throttled: number;
  /** From the first request to the last one. */
  seconds: number;
  /** Distinct movies whose details were answered with 200. */
  movies: number;
}

export interface TmdbOptions {
  /** `crime-war`, or the number of movies over all genres. */
  workload: 'crime-war' | number;
  /** Requests in each second, or false. */
  ceiling: number | false;
  latencyMs: number;
}

export const workloadOf = (name: TmdbOptions['workload']): Workload =>
  name === 'crime-war' ? crimeWar() : allGenres(name);

/** Starts the simulator in a process of its own, so that its work is not counted as that of a client. */
export const startTmdb = async (options: TmdbOptions) => {
  const child = fork(import.meta.filename, [JSON.stringify(options)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  return {
    url,
    traffic: async (): Promise<Traffic> => {
      child.send('traffic');
      const [traffic] = (await once(child, 'message')) as [Traffic];
      return traffic;
    },
    close: async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  };
};

if (process.send && process.argv[1] === import.meta.filename) {
  const { workload, ceiling, latencyMs }: TmdbOptions = JSON.parse(process.argv[2] ?? '');
  const simulator = await startSimulator({
    catalogue: workloadOf(workload).catalogue,
    seed: 1,
    ceiling,
    latencyMs: { from: latencyMs, to: latencyMs },
  });
  process.on('message', () => {
    const { asked } = simulator;
    const movies = asked.flatMap(({ path, status }) => (status === 200 ? (/^\/movie\/\d+/.exec(path)?.[0] ?? []) : []));
    process.send?.({
      requests: asked.length,
      throttled: asked.filter(({ status }) => status === 429).length,
      seconds: ((asked.at(-1)?.at ?? 0) - (asked[0]?.at ?? 0)) / 1000,
      movies: new Set(movies).size,
    } satisfies Traffic);
  });
  process.once('disconnect', () => void simulator.close());
  process.send({ url: simulator.url });
}
