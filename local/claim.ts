import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Somebody else works in this folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
}

/**
 * One process at a time: the embedded bucket's files have one writer. A process that was killed has lost its claim.
 *
 * @returns Gives the folder back.
 * @throws {FolderInUseError}
 */
export const claim = async (out: string): Promise<() => Promise<void>> => {
  await mkdir(out, { recursive: true });
  const file = join(out, 'in-use-by.pid');
  for (;;) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' });
      mine.add(file);
      return async () => {
        mine.delete(file);
        await rm(file, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    if (owner && owner !== process.pid && isAlive(owner))
      throw new FolderInUseError(
        `Process ${owner} works in ${out} at the moment; wait for it, or take another folder with --out.`,
      );
    // Our own number in the file of another time: a container that was killed starts again with the same pids.
    if (owner === process.pid && mine.has(file)) throw new FolderInUseError(`This process works in ${out} already.`);
    await rm(file, { force: true });
  }
};

/** What this process has claimed. */
const mine = new Set<string>();

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};
