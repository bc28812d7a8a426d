import { execFileSync } from 'node:child_process';
import { readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { diskError, makeWritable } from '../../local/disk.ts';
import { failure } from '../../local/exit-code.ts';
import { openRunLog } from '../../local/run-log.ts';
import { startCommand } from './command-line.ts';
import { quickPipeline, quickSimulator, rawZone, readJson, temporaryFolder } from './running.ts';

/** For root on Linux. knip takes literal names of programs for packages. */
const system = (program: 'mount' | 'umount', ...args: string[]) => execFileSync(program, args, { stdio: 'ignore' });

const mounted: string[] = [];
afterEach(() => {
  for (const folder of mounted.splice(0)) system('umount', folder);
});
/** A disk in memory. */
const disk = async (options: string) => {
  const folder = await temporaryFolder();
  system('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', folder);
  mounted.push(folder);
  return folder;
};
const canMount = await disk('size=64k').then(
  (folder) => {
    system('umount', folder);
    mounted.pop();
    return true;
  },
  () => false,
);

const outcome = async (make: () => Promise<unknown>) => {
  try {
    await make();
    return { code: 0, text: '' };
  } catch (error) {
    return failure(error);
  }
};

describe('a folder that files cannot be written to', () => {
  const file = async () => {
    const path = join(await temporaryFolder(), 'file');
    await writeFile(path, '');
    return path;
  };
  const withLogs = async (make: (path: string) => Promise<unknown>) => {
    const out = await temporaryFolder();
    await make(join(out, 'logs'));
    return out;
  };

  it.each([
    ['a file', file, 'a part of the path is a file, not a folder; use another folder with --out (ENOTDIR).'],
    [
      'below a file',
      async () => join(await file(), 'a', 'b'),
      'a part of the path is a file, not a folder; use another folder with --out (ENOTDIR).',
    ],
    [
      'below /proc, where mkdir never returned',
      async () => '/proc/1/a/b',
      'no folder or file can be created there; use another folder with --out (ENOENT).',
    ],
    [
      'too long',
      async () => join(await temporaryFolder(), 'x'.repeat(300)),
      'the path is too long; use another folder with --out (ENAMETOOLONG).',
    ],
    [
      'whose logs are a file',
      () => withLogs((path) => writeFile(path, '')),
      'a part of the path is a file, not a folder; use another folder with --out (ENOTDIR).',
    ],
    [
      'whose logs are a circle of links',
      () => withLogs((path) => symlink(path, path)),
      'the path has symbolic links that form a circle; use another folder with --out (ELOOP).',
    ],
  ])('is refused in one sentence, with exit code 1: %s', async (_, folder, says) => {
    const out = await folder();
    expect(await outcome(() => makeWritable(out, '--out'))).toEqual({ code: 1, text: `--out: ${says}` });
  });

  it.runIf(canMount).each([
    ['read-only', 'size=1m,ro', 'the file system is read-only; use another folder with --out (EROFS).'],
    ['full', 'size=4k', 'the disk is full; free some space (ENOSPC).'],
  ])('is refused: %s', async (_, options, says) => {
    const out = await disk(options);
    expect(await outcome(() => makeWritable(out, out))).toEqual({ code: 1, text: `${out}: ${says}` });
  });

  it('is every other one made, with its parents, and left empty', async () => {
    const out = join(await temporaryFolder(), 'a', 'b', 'c');
    await makeWritable(out, 'c');
    await makeWritable(out, 'c');
    expect(await readdir(out, { recursive: true })).toEqual(['logs']);
  });
});

describe('a disk that is full in the middle of a run', () => {
  it.runIf(canMount)('ends it in one sentence, and a resumed run completes when there is space', async () => {
    const simulator = await quickSimulator();
    const out = await disk('size=500k');
    const env = { TMDB_TOKEN: 'simulator', TMDB_BASE_URL: simulator.url, TMDB_REQUESTS_PER_SECOND: '1000' };
    const input = { dataset: 'crime-war', day: '2026-11-20', only: ['crime-2017', 'crime-2018'] };
    const args = ['--only', input.only.join(), '--day', input.day, '--out', out];
    const full = await startCommand(args, env).ended;
    expect(full.code).toBe(1);
    const [, resume = ''] =
      /^\S+: the disk is full; free some space \(ENOSPC\)\.\nTo continue this run: npm start -- (--resume .*)\n$/.exec(
        full.err,
      ) ?? [];
    expect(resume).toMatch(/^--resume local-\w+ --out /);

    system('mount', '-o', 'remount,size=60m', out);
    expect(await startCommand(resume.split(' '), env).ended).toMatchObject({ code: 0, err: '' });
    const undisturbed = await quickPipeline(simulator);
    await undisturbed.start(input).ended;
    await undisturbed.mirror();
    expect(await rawZone(join(out, 'bucket'))).toEqual(await rawZone(undisturbed.bucket));
    const { unfinished } = await readJson(out, 'bucket/_manifests/crime-war/2026-11-20/manifest.json');
    expect(unfinished).toEqual([]);
  });

  it('ends the log with a sentence, too', async () => {
    const log = openRunLog('/dev/full');
    log.write('a line\n');
    await expect(log.failed).rejects.toThrow('/dev/full: the disk is full; free some space (ENOSPC).');
    log.write('another line\n');
    await log.close();
  });

  it('is not the reason of an error of the network with the same code', () => {
    const refused = Object.assign(new Error('connect EACCES'), { code: 'EACCES', syscall: 'connect' });
    expect(diskError(refused)).toBeUndefined();
  });
});
