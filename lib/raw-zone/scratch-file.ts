import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a text is in a scratch file. */
export interface Place {
  /** Bytes before the text. */
  at: number;
  /** Length of the text in UTF-8, or of the bytes. */
  bytes: number;
}

/** Texts, or bytes, on the local disk that don't fit in memory together. */
export interface ScratchFile {
  add(text: string | Uint8Array): Promise<Place>;
  /** The texts at these places, as UTF-8, or the bytes, in this order. */
  read(places: readonly Place[]): Promise<Buffer[]>;
  close(): Promise<void>;
}

/**
 * Bytes that are collected before they are written: the number of writes, not their size, takes the time. A branch of
 * usual size has fewer, and needs no file.
 */
const WRITE_AT_ONCE = 1024 * 1024;

/**
 * A scratch file in a folder. It is made when there is something to write.
 *
 * The file has no name when it is written. So nothing is left, even if the process is killed.
 */
export const scratchFile = (folder: string): ScratchFile => {
  let opened: FileHandle | undefined;
  /** What is not written yet, by its place. */
  let waiting = new Map<number, Buffer>();
  let waitingBytes = 0;
  let written = 0;

  const flush = async () => {
    const bytes = Buffer.concat([...waiting.values()]);
    waiting = new Map();
    waitingBytes = 0;
    try {
      const file = (opened ??= await nameless(folder));
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, written);
        done += bytesWritten;
        written += bytesWritten;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      throw new Error(
        `${folder} has no space left after ${written} bytes of records (ENOSPC): free some space there; for a function on AWS, raise its ephemeralStorageSize in serverless.yml.`,
        { cause: error },
      );
    }
  };

  const readOne = async ({ at, bytes }: Place): Promise<Buffer> => {
    const text = Buffer.allocUnsafe(bytes);
    for (let done = 0; done < bytes; ) {
      const { bytesRead = 0 } = (await opened?.read(text, done, bytes - done, at + done)) ?? {};
      if (bytesRead === 0) throw new Error(`the scratch file in ${folder} ends at byte ${at + done}: run again.`);
      done += bytesRead;
    }
    return text;
  };

  return {
    add: async (text) => {
      // A copy of bytes, too: the caller may use its buffer again.
      const bytes = Buffer.from(text as string);
      const at = written + waitingBytes;
      waiting.set(at, bytes);
      waitingBytes += bytes.length;
      if (waitingBytes >= WRITE_AT_ONCE) await flush();
      return { at, bytes: bytes.length };
    },
    // The next text has the same place as an empty one.
    read: (places) => Promise.all(places.map((place) => (place.bytes > 0 && waiting.get(place.at)) || readOne(place))),
    close: async () => opened?.close(),
  };
};

/** A new file without a name. The system frees its space when it is closed. */
const nameless = async (folder: string): Promise<FileHandle> => {
  const own = await mkdtemp(join(folder, 'tmdb-raw-zone-'));
  try {
    return await open(join(own, 'records'), 'wx+', 0o600);
  } finally {
    await rm(own, { recursive: true });
  }
};
