import { access, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from './folder.ts';

/** A file or folder can't be written. A person must make room, or choose another folder. */
export class DiskError extends Error {
  override readonly name = 'DiskError';
}

/** What is wrong and what to do, by the code of Node's error. */
const PROBLEMS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'the disk quota is used up; free some space',
  EFBIG: 'the file would be larger than the file system allows; use another folder with --out',
  EROFS: 'the file system is read-only; use another folder with --out',
  EACCES: 'this user may not read or write there; use another folder with --out, or change its owner',
  EPERM: 'this user may not read or write there; use another folder with --out, or change its owner',
  ENOENT: 'no folder or file can be created there; use another folder with --out',
  ENOTDIR: 'a part of the path is a file, not a folder; use another folder with --out',
  EISDIR: 'a folder is there, not a file; use another path',
  EEXIST: 'a file is there, not a folder; use another path',
  ELOOP: 'the path has symbolic links that form a circle; use another folder with --out',
  ENAMETOOLONG: 'the path is too long; use another folder with --out',
  EIO: 'the disk reported an error; check it, or use another folder with --out',
  ENOLCK: 'its file system has no locks; use another folder with --out',
  EMFILE: 'this process has too many open files; raise the limit with ulimit -n',
};

/** @returns undefined for an error that has another cause than the disk. */
export const diskError = (error: unknown, path?: string): DiskError | undefined => {
  if (error instanceof DiskError) return error;
  // Errors of network calls have these codes too, but no path.
  const { code = '', path: itsPath, syscall } = error as NodeJS.ErrnoException;
  const where = path ?? itsPath ?? (syscall === 'write' ? 'A file' : undefined);
  const problem = PROBLEMS[code];
  return where !== undefined && problem ? new DiskError(`${where}: ${problem} (${code}).`) : undefined;
};

/** Folders of the pipeline below `--out`. */
const SUBFOLDERS = ['logs', 'bucket'];

/** Largest file that the first check writes, in bytes. It finds a disk that is full, and not one that soon will be. */
const CHECKED_BYTES = 64 * 1024;

/**
 * Makes the folder of a run, and checks that files can be written there.
 *
 * @param name The folder as the user wrote it.
 * @throws {DiskError}
 */
export const makeWritable = async (folder: string, name: string): Promise<void> => {
  try {
    makeFolder(join(folder, 'logs'));
  } catch (error) {
    throw diskError(error, name) ?? error;
  }
  const problem = await diskProblem(folder, CHECKED_BYTES);
  if (problem) throw problem;
};

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** Tries to write a file of this size to the folder of a run. */
const diskProblem = async (out: string, bytes: number): Promise<DiskError | undefined> => {
  for (const folder of [out, ...SUBFOLDERS.map((name) => join(out, name))]) {
    if (!(await exists(folder))) continue;
    const file = join(folder, `.is-writable-${process.pid}`);
    try {
      await writeFile(file, Buffer.alloc(bytes, 1));
    } catch (error) {
      return diskError(error, folder);
    } finally {
      await rm(file, { force: true }).catch(() => undefined);
    }
  }
  return undefined;
};
