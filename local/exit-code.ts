import { BadInputError } from '../lib/parse.ts';
import { FolderInUseError } from './claim.ts';

/** Runs a command and sets the exit code. For an error that the user can fix, it prints only the message; for a bug, the stack. */
export const exitWith = async (
  main: (argv: readonly string[], env: NodeJS.ProcessEnv) => Promise<number>,
): Promise<void> => {
  try {
    process.exitCode = await main(process.argv.slice(2), process.env);
  } catch (error) {
    const known = error instanceof BadInputError || error instanceof FolderInUseError;
    process.stderr.write(`${known ? error.message : error instanceof Error ? error.stack : error}\n`);
    process.exitCode = error instanceof BadInputError ? 2 : 1;
  }
};
