import { hash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import type { Fetched, ObjectStore, ReadableStore } from '../../lib/raw-zone/object-store.ts';
import { inFolder } from '../folder.ts';
import { type FirstFailure, failuresOf } from './failures.ts';
import { type ObjectFile, objectFiles } from './object-files.ts';

/**
 * The embedded bucket, read from its files. It needs no lock: a file is replaced as a whole, so a run that writes at the
 * same time doesn't disturb it.
 *
 * @param folder The folder of the bucket: `<out>/bucket`.
 */
export const folderStore = (folder: string): ReadableStore => {
  const files = objectFiles(folder);
  return {
    get: async (key): Promise<Fetched | undefined> => {
      const body = await readFile(files.fileOf(key)).catch(ifAbsent);
      return body && { body, etag: etagOf(body) };
    },

    stream: async (key) => {
      try {
        const opened = await open(files.fileOf(key));
        const stats = await opened.stat();
        // The open file keeps its content, also where another process replaces it.
        if (stats.isFile()) return { body: opened.createReadStream(), bytes: stats.size };
        await opened.close();
        return undefined;
      } catch (error) {
        return ifAbsent(error as NodeJS.ErrnoException);
      }
    },

    list: async (prefix) => sorted(files.below(prefix)).map(({ key }) => key),

    newest: async (prefix, isWanted) =>
      sorted(files.below(prefix))
        .filter(isWanted)
        // The sort is stable: of two keys with the same time, the later key is newer, as in lib/raw-zone/s3-store.ts.
        .toSorted((one, other) => one.modified.getTime() - other.modified.getTime())
        .at(-1)?.key,

    folders: async (prefix) => [
      ...new Set(sorted(files.below(prefix)).flatMap(({ key }) => /^[^/]*\//.exec(key.slice(prefix.length)) ?? [])),
    ],
  };
};

/**
 * The embedded bucket of the process that may write it. It claims the folder first (claim.ts).
 *
 * An object is read, compared and written without a break, so no other operation comes between (object-files.ts).
 *
 * @param folder The folder of the bucket: `<out>/bucket`.
 * @throws {FolderError} The folder can't be read or written. Later, an operation rejects with it.
 */
export const openFolderStore = (folder: string): FirstFailure & { store: ObjectStore } => {
  const files = objectFiles(folder);
  inFolder(folder, files.open);
  const { onDisk, failure, failed } = failuresOf(files, { ofKey: (message) => new Error(message) });

  const read = (key: string): Buffer | undefined =>
    onDisk(key, () => {
      try {
        // Most often there is none, and an error takes longer than this question.
        return files.isTaken(key) ? files.read(key) : undefined;
      } catch (error) {
        return ifAbsent(error as NodeJS.ErrnoException);
      }
    });
  const put = (key: string, body: string | Uint8Array) => {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    if (files.isAnother(key))
      throw new Error(`${key} can't be stored: ${files.fileOf(key)} exists, and is not this object.`);
    onDisk(key, () => files.write(key, [bytes]));
    return { etag: etagOf(bytes) };
  };

  return {
    failure,
    failed,
    store: {
      ...folderStore(folder),
      get: async (key) => {
        const body = read(key);
        return body && { body, etag: etagOf(body) };
      },
      put: async (key, body) => put(key, body),
      putIf: async (key, body, etag) => {
        const now = read(key);
        return (now && etagOf(now)) === etag ? put(key, body) : undefined;
      },
      remove: async (keys) => {
        for (const key of keys) onDisk(key, () => files.remove(key));
      },
    },
  };
};

/** As S3 computes it, in quotation marks. */
const etagOf = (body: Uint8Array): string => `"${hash('md5', body)}"`;

/** By UTF-8 bytes, as S3 does. */
const sorted = (objects: readonly ObjectFile[]): ObjectFile[] =>
  objects.toSorted((one, other) => Buffer.compare(Buffer.from(one.key), Buffer.from(other.key)));

/** A folder is no object. */
const ifAbsent = (error: NodeJS.ErrnoException): undefined => {
  if (!['ENOENT', 'ENOTDIR', 'EISDIR'].includes(error.code ?? '')) throw error;
};
