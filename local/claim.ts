import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FolderError, inFolder, makeFolder } from './folder.ts';

const LOCK = 'in-use.lock';

/** Another process uses the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
}

/**
 * Claims a folder for this process, because only one process may write the embedded bucket's files.
 *
 * The claim is a lock of the operating system, which ends with its process, even after SIGKILL or a power cut. Node has
 * no function for such locks, but SQLite takes one on its file: docs/decisions/0013-one-file-for-each-object.md.
 *
 * @returns Releases the folder.
 * @throws {FolderInUseError}
 * @throws {FolderError}
 */
export const claim = async (out: string): Promise<() => Promise<void>> => {
  // This file stays empty, and is never removed: two processes could then lock two files of the same name.
  const file = join(out, LOCK);
  inFolder(out, () => {
    makeFolder(out);
    // SQLite's own error doesn't say why a file can't be created. A file that is there is not opened here: closing it
    // would end a lock that this process has on it.
    if (!existsSync(file)) createIfAbsent(file);
  });
  const lock = lockFile(file);
  // Only for the message of the next process.
  const owner = join(out, 'in-use-by.pid');
  if (!lock) {
    const pid = pidIn(owner);
    const by = pid === process.pid ? 'this process' : pid ? `process ${pid}` : 'another process';
    throw new FolderInUseError(
      `Folder ${out} is in use by ${by}: wait until it ends, or use another folder with --out.`,
    );
  }
  held.add(lock);
  try {
    inFolder(owner, () => writeFileSync(owner, String(process.pid)));
  } catch (error) {
    free(lock);
    throw error;
  }
  return async () => {
    rmSync(owner, { force: true });
    free(lock);
  };
};

/**
 * Whether a process has claimed a folder. It takes the lock for a moment; a process that claims the folder meanwhile waits
 * for it.
 *
 * @returns undefined where the file can't be locked, as on a file system without locks.
 */
export const isClaimed = (out: string): boolean | undefined => {
  const file = join(out, LOCK);
  if (!existsSync(file)) return false;
  try {
    const lock = lockFile(file);
    lock?.close();
    return !lock;
  } catch (error) {
    if (error instanceof FolderError) return undefined;
    throw error;
  }
};

/** The garbage collector closes a database that nobody refers to, and with it the lock. */
const held = new Set<DatabaseSync>();

const free = (lock: DatabaseSync): void => {
  held.delete(lock);
  lock.close();
};

/** SQLite's result code of a file that another connection has locked; extended codes have it in their lowest byte. */
const SQLITE_BUSY = 5;

/**
 * Milliseconds to wait for the lock. SQLite takes it in steps, so of several processes that start at once, all could find
 * it taken and none have it.
 */
const LOCK_MS = 100;

const createIfAbsent = (file: string): void => {
  try {
    closeSync(openSync(file, 'wx'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
};

/** @returns The lock, until it is closed; undefined if another process has it, or this one. */
const lockFile = (file: string): DatabaseSync | undefined => {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: LOCK_MS });
    // With the journal in memory, there is only one file.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    const { errcode, message } = error as { errcode?: number; message: string };
    if (((errcode ?? 0) & 0xff) === SQLITE_BUSY) return undefined;
    // For example, a network folder whose server has no locks.
    throw new FolderError(file, { code: 'ENOLCK', message: `${file} can't be locked (${message})`, cause: error });
  }
};

const pidIn = (file: string): number | undefined => {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
};
