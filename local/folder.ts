import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * The file system refused an operation in the output folder: the disk is full (ENOSPC), the folder is read-only (EROFS)
 * or belongs to somebody else (EACCES), or this process has too many open files (EMFILE).
 */
export class FolderError extends Error {
  override readonly name = 'FolderError';
  /** The error number of the operating system by name, for example ENOSPC. */
  readonly code: string;
  /** The file or folder of the operation. */
  readonly path: string;

  constructor(path: string, { code = 'EIO', message, cause }: { code?: string; message: string; cause?: unknown }) {
    super(message, { cause });
    this.code = code;
    this.path = path;
  }
}

/** Runs an operation on `path`. An error of the file system becomes a FolderError. */
export const inFolder = <Result>(path: string, operation: () => Result): Result => {
  try {
    return operation();
  } catch (error) {
    const { code, path: at = path, message, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined || code === undefined) throw error;
    // The message of a write names no path, because a write has only the number of the file.
    throw new FolderError(at, { code, message: message.includes(at) ? message : `${message} ${at}`, cause: error });
  }
};

/**
 * Creates a folder, and the folders above it. Nothing happens if it exists.
 *
 * Node's own option `recursive` never ends below some pseudo file systems, for example with /proc/x (Node 24.21.0).
 */
export const makeFolder = (folder: string): void => {
  const make = () => {
    try {
      mkdirSync(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (!statSync(folder).isDirectory())
        throw Object.assign(new Error(`${folder} is a file`), { code: 'ENOTDIR', path: folder, syscall: 'mkdir' });
    }
  };
  try {
    make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(folder) === folder) throw error;
    makeFolder(dirname(folder));
    make();
  }
};
