import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { BadInputError } from '../lib/parse.ts';
import { ROOT } from './deployed.ts';
import { diskError } from './disk.ts';
import { exitWith } from './exit-code.ts';
import { type CheckedFile, checkCsvFile } from './upload/csv-file.ts';
import { type OpenDestination, openDestination } from './upload/destination.ts';
import { keyOf, readUploadOptions, type UploadOptions, USAGE } from './upload/options.ts';
import { showUpload } from './upload/progress.ts';
import { messageFor } from './upload/s3-errors.ts';
import { send } from './upload/send.ts';
import { withHelp } from './with-help.ts';

/** A file that passed the checks, and its key in the bucket. */
interface Ready {
  /** The path as given on the command line. */
  name: string;
  file: CheckedFile;
  key: string;
}

/** `npm run upload`: checks all files, then sends them. Returns the exit code. */
export const main = withHelp(USAGE, async (argv, env) => {
  const options = readUploadOptions(argv, new Date(), env);
  // npm runs scripts in the project's folder. Relative paths are relative to the folder in which npm was called.
  const from = (env.npm_lifecycle_event === 'upload' && env.INIT_CWD) || process.cwd();
  const files = await checkAll(options, from);
  const to = await openDestination({ out: resolve(options.out), bucket: options.bucket, env });
  const closing = interruptible();
  try {
    return await sendAll(files, to, closing.signal);
  } finally {
    await to.close();
    closing.done();
  }
});

/** @throws {BadInputError} One line for each file that fails a check. */
const checkAll = async (options: UploadOptions, from: string): Promise<Ready[]> => {
  const ready: Ready[] = [];
  const wrong: string[] = [];
  for (const name of options.files) {
    try {
      const file = await checkCsvFile(resolve(from, name), options.delimiter, name, options.columns);
      const key = keyOf(name, options);
      const other = ready.find((one) => one.key === key);
      if (other)
        throw new BadInputError(`${name}: it has the same key as ${other.name} (${key}): rename one of the files.`);
      ready.push({ name, file, key });
    } catch (error) {
      if (!(error instanceof BadInputError)) throw error;
      wrong.push(error.message);
    }
  }
  if (wrong.length) throw new BadInputError([...wrong, 'No file was uploaded.'].join('\n'));
  return ready;
};

/** Sends one file at a time: the parts of one file use the whole bandwidth, and a failure interrupts only one file. */
const sendAll = async (files: readonly Ready[], to: OpenDestination, signal: AbortSignal): Promise<number> => {
  const progress = showUpload(process.stdout, process.env);
  for (const [index, { name, file, key }] of files.entries()) {
    const startedAt = Date.now();
    try {
      progress.begin(name, file.bytes, key);
      const sent = await send(file, key, to, { signal, progress: progress.update });
      progress.end(name, key, sent, (Date.now() - startedAt) / 1000);
    } catch (error) {
      progress.stop();
      const unsent = files.slice(index).map((one) => one.name);
      const again = `Not uploaded: ${unsent.join(', ')}. To upload the missing files, repeat the command.\n`;
      if (signal.aborted) {
        process.stderr.write(`\nStopped. ${again}`);
        return signal.reason.exitCode;
      }
      const broken = to.failure?.();
      const message = (broken && diskError(broken)?.message) ?? messageFor(error, name, to.bucket);
      process.stderr.write(`${message ?? (error instanceof Error ? error.stack : error)}\n${again}`);
      return 1;
    }
  }
  process.stdout.write(`${files.length === 1 ? '1 file is' : `${files.length} files are`} in ${to.shown}\n`);
  return 0;
};

/** The first Ctrl-C stops the upload and aborts the current multipart upload. A second Ctrl-C ends the process at once. */
const interruptible = () => {
  const controller = new AbortController();
  const handlers = [
    { name: 'SIGINT', exitCode: 130 },
    { name: 'SIGTERM', exitCode: 143 },
  ].map(({ name, exitCode }) => {
    const stop = () => {
      if (controller.signal.aborted) process.exit(exitCode);
      controller.abort(Object.assign(new Error(name), { exitCode }));
    };
    process.on(name, stop);
    return { name, stop };
  });
  return {
    signal: controller.signal,
    done: () => {
      for (const { name, stop } of handlers) process.off(name, stop);
    },
  };
};

// Tests import this file and call main.
if (realpathSync(process.argv[1] ?? ROOT) === import.meta.filename) await exitWith(main);
