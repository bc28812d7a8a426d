import { basename } from 'node:path';

/**
 * The simulator's name in plans and manifests. It stays the same when the port changes, so a run can be resumed. No host
 * can have it, because of the colon: a TMDB of somebody's own at 127.0.0.1 is never taken for the simulator.
 *
 * @param catalogue The file of the movies, if they are not the invented ones.
 */
export const nameOfSimulator = (catalogue?: string | undefined): string =>
  `simulator:${catalogue === undefined ? 'invented-movies' : basename(catalogue)}`;
