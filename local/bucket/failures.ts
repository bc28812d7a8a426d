import { FolderError, inFolder } from '../folder.ts';
import type { ObjectFiles } from './object-files.ts';

/** Runs an operation on the file of an object. */
export type OnDisk = <Result>(key: string, operation: () => Result) => Result;

export interface FirstFailure {
  /** The first error of the file system since the start. */
  failure(): FolderError | undefined;
  /** Rejected with that error. No retry helps then, so a run that waits for it can end at once. */
  failed: Promise<never>;
}

/**
 * Tells errors of the file system from those of a key, and remembers the first one.
 *
 * @param ofKey The error for a key that can't be a file name.
 * @param ofDisk The error that the caller of an operation gets. By default, it is the error of the file system.
 */
export const failuresOf = (
  { fileOf }: Pick<ObjectFiles, 'fileOf'>,
  { ofKey, ofDisk = (error) => error }: { ofKey(message: string): Error; ofDisk?(error: FolderError): Error },
): FirstFailure & { onDisk: OnDisk } => {
  let failure: FolderError | undefined;
  const broken = Promise.withResolvers<never>();
  // For users of the bucket that don't wait for it.
  broken.promise.catch(() => undefined);
  return {
    failure: () => failure,
    failed: broken.promise,
    onDisk: (key, operation) => {
      const file = fileOf(key);
      try {
        return inFolder(file, operation);
      } catch (error) {
        if (!(error instanceof FolderError)) throw error;
        if (NO_FILE_NAME.includes(error.code))
          throw ofKey(`${key} can't be stored as the file ${file} (${error.code}).`);
        failure ??= error;
        broken.reject(error);
        throw ofDisk(error);
      }
    },
  };
};

/** Errors that come from a key, not from the disk: a name that is too long, or `a` and `a/b`, a file and a folder. */
const NO_FILE_NAME = ['ENAMETOOLONG', 'EEXIST', 'ENOTDIR', 'EISDIR'];
