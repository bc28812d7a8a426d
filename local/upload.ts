import { resolve } from 'node:path';
import { BadInputError } from '../lib/parse.ts';
import { exitWith } from './exit-code.ts';
import { type Looked, lookAt } from './upload/csv-file.ts';
import { type OpenFarEnd, openFarEnd } from './upload/destination.ts';
import { keyOf, readUploadOptions, type UploadOptions, USAGE } from './upload/options.ts';
import { showUpload } from './upload/progress.ts';
import { sentenceOn } from './upload/s3-errors.ts';
import { send } from './upload/send.ts';

/** A file that may be sent: it is what it says, and has a place in the bucket. */
interface Ready {
  /** As it was said on the command line. */
  said: string;
  looked: Looked;
  key: string;
}

/** `npm run upload`: looks at all files, then sends them. Its return value is the exit code. */
const main = async (argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> => {
  const options = readUploadOptions(argv, new Date());
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  // npm runs its scripts in the project's folder; a path is meant from where the person stands.
  const from = (env.npm_lifecycle_event === 'upload' && env.INIT_CWD) || process.cwd();
  const files = await lookAtAll(options, from);
  const to = await openFarEnd({ out: resolve(options.out), bucket: options.bucket, env });
  const closing = interruptible();
  try {
    return await sendAll(files, to, closing.signal);
  } finally {
    await to.close();
    closing.done();
  }
};

/** @throws {BadInputError} A sentence for each file that is not to be sent. */
const lookAtAll = async (options: UploadOptions, from: string): Promise<Ready[]> => {
  const ready: Ready[] = [];
  const wrong: string[] = [];
  for (const said of options.files) {
    try {
      const looked = await lookAt(resolve(from, said), options.delimiter, said, options.columns);
      const key = keyOf(said, options);
      const other = ready.find((one) => one.key === key);
      if (other)
        throw new BadInputError(
          `${said}: it would become the same object as ${other.said}, ${key}; rename one of them.`,
        );
      ready.push({ said, looked, key });
    } catch (error) {
      if (!(error instanceof BadInputError)) throw error;
      wrong.push(error.message);
    }
  }
  if (wrong.length) throw new BadInputError([...wrong, 'Nothing was sent.'].join('\n'));
  return ready;
};

/** One after the other: a line is filled by the parts of one file, and what fails leaves the fewest files half done. */
const sendAll = async (files: readonly Ready[], to: OpenFarEnd, signal: AbortSignal): Promise<number> => {
  const progress = showUpload(process.stdout);
  for (const [at, { said, looked, key }] of files.entries()) {
    const began = Date.now();
    try {
      progress.begin(said, looked.bytes, key);
      const sent = await send(looked, key, to, { signal, progress: progress.at });
      progress.end(said, sent, (Date.now() - began) / 1000);
    } catch (error) {
      progress.stop();
      const unsent = files.slice(at).map((file) => file.said);
      const again = `Not uploaded: ${unsent.join(', ')}. The same command again goes on with what is missing.\n`;
      if (signal.aborted) {
        process.stderr.write(`\nStopped. ${again}`);
        return signal.reason.exitCode;
      }
      const sentence = sentenceOn(error, said, to.bucket);
      process.stderr.write(`${sentence ?? (error instanceof Error ? error.stack : error)}\n${again}`);
      return 1;
    }
  }
  process.stdout.write(`${files.length === 1 ? '1 file is' : `${files.length} files are`} in ${to.shown}\n`);
  return 0;
};

/** Ctrl-C ends the upload in order: what has been sent of the file at hand is given up. A second one ends it at once. */
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

await exitWith(main);
