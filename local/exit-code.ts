import { resolve } from 'node:path';
import { BadInputError } from '../lib/parse.ts';
import {
  TmdbRefusedError,
  TmdbShapeError,
  TmdbThrottledError,
  TmdbTokenError,
  TmdbUnavailableError,
} from '../lib/tmdb/errors.ts';
import { FolderInUseError } from './claim.ts';
import { ROOT } from './deployed.ts';
import { DiskError, diskError } from './disk.ts';
import { readEnvFile } from './env-file.ts';
import { BucketError } from './inspect/bucket-error.ts';
import { NotReachableError } from './reachable.ts';

/** What to print for an error, and the exit code. For an error that the user can fix, it is only the message; for a bug, the stack. */
export const failure = (error: unknown): { text: string; code: number } => {
  if (error instanceof BadInputError) return { text: error.message, code: 2 };
  const known = diskError(error) ?? error;
  if (!(known instanceof Error)) return { text: String(known), code: 1 };
  const isKnown = known !== error || KNOWN.some((kind) => known instanceof kind);
  return { text: isKnown ? known.message : (known.stack ?? known.message), code: 1 };
};

const KNOWN = [
  FolderInUseError,
  NotReachableError,
  DiskError,
  BucketError,
  TmdbTokenError,
  TmdbThrottledError,
  TmdbUnavailableError,
  TmdbRefusedError,
  TmdbShapeError,
];

/** Codes of an output whose reader has gone (npm start | head), and of a closed terminal: nobody misses the rest. */
const NO_READER = ['EPIPE', 'EIO'];

/**
 * Reads .env, runs a command, and ends the process with its exit code. It doesn't wait for what is still open: a request
 * that is never answered would keep the process alive.
 */
export const exitWith = async (
  main: (argv: readonly string[], env: NodeJS.ProcessEnv) => Promise<number>,
): Promise<void> => {
  const streams = [process.stdout, process.stderr];
  let unwritten: string | undefined;
  // Without a listener, an error ends the process with a stack.
  for (const stream of streams)
    stream.on('error', ({ code = '' }: NodeJS.ErrnoException) => {
      if (!NO_READER.includes(code)) unwritten ??= code;
    });
  let exitCode: number;
  try {
    // Tests set ENV_FILE, so that they don't ask TMDB with a person's token.
    readEnvFile(resolve(ROOT, process.env.ENV_FILE ?? '.env'), process.env);
    exitCode = await main(process.argv.slice(2), process.env);
  } catch (error) {
    const { text, code } = failure(error);
    process.stderr.write(`${text}\n`);
    exitCode = code;
  }
  await Promise.all(streams.map((stream) => new Promise((written) => stream.write('', written))));
  if (unwritten !== undefined) {
    // Half of an output can look like all of it.
    process.stderr.write(`The output could not be written completely (${unwritten}).\n`);
    exitCode ||= 1;
  }
  process.exit(exitCode);
};
