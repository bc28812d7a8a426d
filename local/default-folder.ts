import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BadInputError } from '../lib/parse.ts';

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

/**
 * Finds out that a run is in the other one of the two default folders, because TMDB_TOKEN has been set or unset since.
 *
 * @param field The option that names the run.
 * @param folder The folder that is used now, as it was given or by default.
 * @param root The folder that relative paths start from.
 * @throws {BadInputError}
 */
export const checkFolderOf = (field: 'resume' | 'reshape', run: string, folder: string, root = '.'): void => {
  const has = (one: string) => existsSync(join(root, one, 'logs', `${run}.jsonl`));
  const [other, whatToDo] =
    folder === TMDB_FOLDER
      ? [SIMULATED_FOLDER, 'it asked the simulator: unset TMDB_TOKEN to continue it']
      : [TMDB_FOLDER, 'it asked TMDB: set TMDB_TOKEN to continue it'];
  if ([SIMULATED_FOLDER, TMDB_FOLDER].includes(folder) && !has(folder) && has(other))
    throw new BadInputError(`${field}: run ${run} is in the folder ${other}, and not in ${folder}; ${whatToDo}.`);
};
