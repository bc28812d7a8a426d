import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { makeFolder } from '../folder.ts';

/** An object, as its file shows it. */
export interface ObjectFile {
  key: string;
  bytes: number;
  modified: Date;
}

/** Files that are being written. No key begins with it, because a dot at the start of a name is encoded. */
const WRITING = '.writing';

/** Memory for reading a file in pieces, in bytes. */
const PIECE_BYTES = 4 * 1_048_576;

/**
 * Objects as plain files: the object `a/b.json` is the file `<folder>/a/b.json`, and nothing else.
 *
 * A file is written aside and then renamed. So at any moment, and after a kill at any moment, each object is either the
 * old one or the new one, and the folder contains what has been written so far, in that order. There is no second file
 * that could disagree: size, time and MD5 are read from the file.
 *
 * There is no fsync, because it stops this process for up to 200 ms on a busy disk, and then the requests to TMDB come in
 * a burst. So a power cut, unlike a kill, can leave an empty file in place of what was written in the last seconds.
 *
 * All operations are synchronous, so that none happens in the middle of another.
 */
export const objectFiles = (folder: string) => {
  const writing = join(folder, WRITING);
  const fileOf = (key: string): string => join(folder, ...key.split('/').map(encodeName));
  let written = 0;

  const write = (file: string, pieces: Iterable<Uint8Array>): void => {
    const aside = join(writing, `${++written}`);
    try {
      const descriptor = openSync(aside, 'w');
      try {
        for (const piece of pieces) {
          for (let from = 0; from < piece.length; ) from += writeSync(descriptor, piece, from);
        }
      } finally {
        closeSync(descriptor);
      }
      rename(aside, file);
    } catch (error) {
      rmSync(aside, { force: true });
      throw error;
    }
  };

  return {
    /** Begins to use the folder. What an earlier process had not finished to write is removed. */
    open: (): void => {
      rmSync(writing, { recursive: true, force: true });
      makeFolder(writing);
    },

    fileOf,

    /** Whether there is a file or a folder in the place of this object. */
    isTaken: (key: string): boolean => existsSync(fileOf(key)),

    /**
     * Whether the file of this object is that of another key: where upper and lower case are the same to the file system,
     * `A.json` and `a.json` are one file. A link is another file, too.
     */
    isAnother: (key: string): boolean => {
      const file = fileOf(key);
      return (
        existsSync(file) && relative(realpathSync.native(folder), realpathSync.native(file)) !== relative(folder, file)
      );
    },

    /**
     * The objects whose keys begin with a prefix, in no order. A file that another process removes meanwhile is left out.
     */
    below: (prefix: string): ObjectFile[] => {
      const end = prefix.lastIndexOf('/');
      return filesIn(end < 0 ? folder : fileOf(prefix.slice(0, end))).flatMap((file) => {
        const key = keyOf(relative(folder, file));
        const stats = key?.startsWith(prefix) && statSync(file, { throwIfNoEntry: false });
        return key !== undefined && stats ? [{ key, bytes: stats.size, modified: stats.mtime }] : [];
      });
    },

    write: (key: string, pieces: Iterable<Uint8Array>): void => write(fileOf(key), pieces),

    remove: (key: string): void => {
      const file = fileOf(key);
      try {
        unlinkSync(file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        return;
      }
      for (let parent = dirname(file); parent !== folder; parent = dirname(parent)) {
        try {
          rmdirSync(parent);
        } catch {
          return; // It has other files.
        }
      }
    },

    read: (key: string): Buffer => readFileSync(fileOf(key)),

    /** In hexadecimal digits. */
    md5: (key: string): string => {
      const hash = createHash('md5');
      for (const piece of piecesOf(fileOf(key))) hash.update(piece);
      return hash.digest('hex');
    },

    /** The parts of uploads that are not complete, on disk: they may be larger than the memory. */
    parts: {
      write: (upload: string, number: number, body: Uint8Array) => write(join(writing, upload, `${number}`), [body]),
      /** The bytes of these parts, in this order. A piece is valid until the next one is read. */
      read: function* (upload: string, numbers: readonly number[]): Generator<Uint8Array> {
        for (const number of numbers) yield* piecesOf(join(writing, upload, `${number}`));
      },
      remove: (upload: string) => rmSync(join(writing, upload), { recursive: true, force: true }),
    },
  };
};

/** The paths of all files below a folder; none if there is no such folder. */
const filesIn = (folder: string): string[] =>
  entriesOf(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : entry.isFile() ? [path] : [];
  });

const entriesOf = (folder: string) => {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    // Another process may have removed it. ENOTDIR: an object has the name of the folder.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
};

/** Most files come to a folder that exists already. */
const rename = (aside: string, file: string): void => {
  try {
    renameSync(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    makeFolder(dirname(file));
    renameSync(aside, file);
  }
};

export type ObjectFiles = ReturnType<typeof objectFiles>;

function* piecesOf(file: string): Generator<Uint8Array> {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  const descriptor = openSync(file, 'r');
  try {
    for (let bytes = readSync(descriptor, piece); bytes > 0; bytes = readSync(descriptor, piece))
      yield piece.subarray(0, bytes);
  } finally {
    closeSync(descriptor);
  }
}

/** The name of the file for an empty part of a key: `a//b`, or a folder that was created in the console of S3, `a/`. */
const EMPTY = '%';

/**
 * Characters that some file systems refuse in names, and a dot at the start: names that begin with a dot belong to the
 * operating system and to us (.DS_Store, .writing), and `..` would leave the folder.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: file systems refuse them
const REFUSED = /^\.|[<>:"|?*\\%\x00-\x1f]/g;

const encodeName = (name: string): string =>
  name === ''
    ? EMPTY
    : name.replaceAll(REFUSED, (refused) => `%${refused.charCodeAt(0).toString(16).padStart(2, '0')}`);

const decodeName = (name: string): string =>
  name === EMPTY
    ? ''
    : name.replaceAll(/%([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

/** The key of a file's object. undefined: it is no object, but for example .DS_Store. */
const keyOf = (path: string): string | undefined => {
  const names = path.split(sep);
  const decoded = names.map(decodeName);
  return names.every((name, index) => encodeName(decoded[index] ?? '') === name) ? decoded.join('/') : undefined;
};
