import { createWriteStream } from 'node:fs';
import { diskError } from './disk.ts';

export interface RunLog {
  write(line: string): void;
  /** Rejected when the file can't be written: a run must not go on without its log. */
  failed: Promise<never>;
  /** Resolves when all lines are in the file, or can't be. */
  close(): Promise<void>;
}

/** The log file of a run. */
export const openRunLog = (file: string): RunLog => {
  const stream = createWriteStream(file);
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => undefined);
  stream.on('error', (error) => reject(diskError(error, file) ?? error));
  return {
    write: (line) => void stream.write(line),
    failed,
    close: () => new Promise((done) => stream.end(() => done())),
  };
};
