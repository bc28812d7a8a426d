import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import type { Fetched, ReadableStore } from '../../lib/raw-zone/object-store.ts';
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
      return body && { body, etag: `"${createHash('md5').update(body).digest('hex')}"` };
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

/** By UTF-8 bytes, as S3 does. */
const sorted = (objects: readonly ObjectFile[]): ObjectFile[] =>
  objects.toSorted((one, other) => Buffer.compare(Buffer.from(one.key), Buffer.from(other.key)));

/** A folder is no object. */
const ifAbsent = (error: NodeJS.ErrnoException): undefined => {
  if (!['ENOENT', 'ENOTDIR', 'EISDIR'].includes(error.code ?? '')) throw error;
};
