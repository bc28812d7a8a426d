import { describe, expect, it } from 'vitest';
import { defaultFolder } from '../../local/default-folder.ts';
import { readOptions } from '../../local/options.ts';
import { readUploadOptions } from '../../local/upload/options.ts';

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
