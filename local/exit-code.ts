import { resolve } from 'node:path';
import { BadInputError } from '../lib/parse.ts';
import { FolderInUseError } from './claim.ts';
import { ROOT } from './deployed.ts';
import { readEnvFile } from './env-file.ts';

/** Reads .env, runs a command and sets the exit code. For an error that the user can fix, it prints only the message; for a bug, the stack. */
export const exitWith = async (
  main: (argv: readonly string[], env: NodeJS.ProcessEnv) => Promise<number>,
): Promise<void> => {
  // Nobody reads on, as after `| head`. The run goes on.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  try {
    // Tests set ENV_FILE, so that they don't ask TMDB with a person's token.
    readEnvFile(resolve(ROOT, process.env.ENV_FILE ?? '.env'), process.env);
    process.exitCode = await main(process.argv.slice(2), process.env);
  } catch (error) {
    const known = error instanceof BadInputError || error instanceof FolderInUseError;
    process.stderr.write(`${known ? error.message : error instanceof Error ? error.stack : error}\n`);
    process.exitCode = error instanceof BadInputError ? 2 : 1;
  }
};
