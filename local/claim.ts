import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Another process uses the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
}

/**
 * Claims a folder for this process, because only one process may write the embedded bucket's files. The claim of a
 * process that no longer runs is ignored.
 *
 * @returns Releases the folder.
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
        `Folder ${out} is in use by process ${owner}: wait until it ends, or use another folder with --out.`,
      );
    // The file of an earlier process may contain this process's pid: a restarted container uses the same pids again.
    if (owner === process.pid && mine.has(file))
      throw new FolderInUseError(`Folder ${out} is already in use by this process: use another folder.`);
    await rm(file, { force: true });
  }
};

/** The claim files of this process. */
const mine = new Set<string>();

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};
