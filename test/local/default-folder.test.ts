import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkFolderOf, defaultFolder } from '../../local/default-folder.ts';
import { readOptions } from '../../local/options.ts';
import { readUploadOptions } from '../../local/upload/options.ts';
import { temporaryFolder } from './running.ts';

const foldersOf = (env: Record<string, string>, ...args: string[]) => [
  readOptions(args, env).out,
  readUploadOptions(['movies.csv', ...args], new Date(), env).out,
];

describe('without --out', () => {
  it('all commands use one folder with the simulator, and another one with a real TMDB', () => {
    expect(foldersOf({})).toEqual(['.local', '.local']);
    expect(foldersOf({ TMDB_TOKEN: 'x' })).toEqual(['.tmdb', '.tmdb']);
    expect(defaultFolder({ TMDB_TOKEN: '' })).toBe('.local');
  });

  it('else they use the given one', () => {
    expect(foldersOf({ TMDB_TOKEN: 'x' }, '--out', 'mine')).toEqual(['mine', 'mine']);
  });
});

describe('a run to be resumed', () => {
  const withRunIn = async (folder: string) => {
    const root = await temporaryFolder();
    await mkdir(join(root, folder, 'logs'), { recursive: true });
    await writeFile(join(root, folder, 'logs', 'local-1.jsonl'), '');
    return root;
  };

  it.each([
    ['.local', '.tmdb', 'it asked the simulator: unset TMDB_TOKEN to continue it'],
    ['.tmdb', '.local', 'it asked TMDB: set TMDB_TOKEN to continue it'],
  ])('in %s is refused where %s is used', async (folder, used, whatToDo) => {
    const root = await withRunIn(folder);
    expect(() => checkFolderOf('resume', 'local-1', used, root)).toThrow(
      `resume: run local-1 is in the folder ${folder}, and not in ${used}; ${whatToDo}.`,
    );
    expect(() => checkFolderOf('resume', 'local-1', folder, root)).not.toThrow();
    expect(() => checkFolderOf('resume', 'local-1', 'mine', root)).not.toThrow();
    expect(() => checkFolderOf('resume', 'local-2', used, root)).not.toThrow();
  });
});
