/** Folder of runs with the simulator, and of the stand-ins for single functions. */
export const SIMULATED_FOLDER = '.local';

/**
 * Folder of runs with a real TMDB. It is not below the other one: whoever removes the simulator's files to start again
 * must not remove real data with them.
 */
const TMDB_FOLDER = '.tmdb';

/**
 * The folder that a command uses without --out. Real and invented movies never share a bucket, and all commands with the
 * same environment use the same one.
 */
export const defaultFolder = (env: Readonly<Record<string, string | undefined>>): string =>
  env.TMDB_TOKEN ? TMDB_FOLDER : SIMULATED_FOLDER;
