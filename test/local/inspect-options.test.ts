import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layout } from '../../lib/runs/layout.ts';
import { INSPECT_USAGE, readInspectOptions } from '../../local/inspect/options.ts';
import { dayToInspect, openPlace, reading } from '../../local/inspect/place.ts';
import { temporaryFolder } from './running.ts';

const read = (argv: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  readInspectOptions('npm run why', { all: { type: 'boolean' } }, argv, env);
const wrong = (message: string) => expect.objectContaining({ name: 'BadInputError', message });

/** A folder of a run that has these objects. */
const folderWith = async (...keys: string[]): Promise<string> => {
  const out = await temporaryFolder();
  for (const key of keys) {
    const file = join(out, 'bucket', key);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, '{}');
  }
  return out;
};

describe('the options that report, why, verify and watch have in common', () => {
  it('have the defaults of npm start', () => {
    expect(read(['tt0111161', '--all'])).toEqual({
      options: { out: '.local', dataset: 'crime-war', json: false },
      values: expect.objectContaining({ all: true }),
      words: ['tt0111161'],
    });
    expect(read([], { TMDB_TOKEN: 'x' }).options.out).toBe('.tmdb');
  });

  it.each([
    [['--day', '2026-02-30'], '--day: use YYYY-MM-DD, for example 2026-11-20; got "2026-02-30".'],
    [['--out', ''], '--out: use a folder; got "".'],
    [
      ['--dataset', 'a/b'],
      '--dataset: use lower-case letters, digits and single hyphens, for example crime-war; got "a/b".',
    ],
    [
      ['--bucket', 'A'],
      '--bucket: use a bucket name of 3 to 63 lower-case letters, digits, dots and hyphens; got "A".',
    ],
    [['--out', 'a', '--bucket', 'abc'], '--out and --bucket name two buckets: leave one of them out.'],
    [
      ['--dya', '2026-11-20'],
      "options: Unknown option '--dya'; did you mean --day? To list the options: npm run why -- --help.",
    ],
  ])('are refused with one sentence: %j', (argv, message) => {
    expect(() => read(argv)).toThrow(wrong(message));
  });

  it('are all in the help', () => {
    const named = [...INSPECT_USAGE.matchAll(/^ {2}--(\w+)/gm)].map(([, name]) => name);
    expect(named).toEqual(['out', 'bucket', 'dataset', 'day', 'json', 'help', 'version']);
    expect(() => read(named.flatMap((name) => (name === 'out' ? [] : [`--${name}`, 'x'])))).not.toThrow(/Unknown/);
  });

  it('are found out where npm kept them for itself', () => {
    expect(() => read([], { npm_config_json: 'true' })).toThrow(
      wrong(
        'npm kept --json for itself, because -- is missing before the options; nothing was run. Use: npm run why -- --json',
      ),
    );
  });
});

describe('the day that is inspected', () => {
  const days = ['2026-11-13', '2026-11-20'] as const;
  const dayOf = async (...argv: string[]) => {
    const out = await folderWith(
      layout.branchManifest({ dataset: 'crime-war', day: days[1], branch: 'crime-2017' }),
      layout.dayManifest({ dataset: 'crime-war', day: days[0] }),
      layout.latest('crime-war'),
    );
    const { options } = read([...argv, '--out', out]);
    return { out, day: () => dayToInspect(openPlace(options, {}), options) };
  };

  it('is the newest one that has a manifest, or the one that --day names', async () => {
    await expect((await dayOf()).day()).resolves.toBe(days[1]);
    await expect((await dayOf('--day', days[0])).day()).resolves.toBe(days[0]);
  });

  it('is one that the bucket has', async () => {
    const { out, day } = await dayOf('--day', '2026-11-27');
    await expect(day()).rejects.toThrow(
      wrong(
        `--day: ${join(out, 'bucket')} has no manifest of dataset crime-war on 2026-11-27; use one of 2026-11-13, 2026-11-20.`,
      ),
    );
    const popular = await dayOf('--dataset', 'popular');
    await expect(popular.day()).rejects.toThrow(
      wrong(
        `--dataset: ${join(popular.out, 'bucket')} has no manifest of dataset popular; use another dataset, --out or --bucket.`,
      ),
    );
  });

  it('needs a folder with a bucket', async () => {
    const out = await temporaryFolder();
    expect(() => openPlace(read(['--out', out]).options, {})).toThrow(
      wrong(`--out: ${out} has no bucket; use the folder of a run, or start one with npm start.`),
    );
  });
});

it('an error of S3 becomes one sentence', async () => {
  const { options } = read(['--bucket', 'my-bucket']);
  const denied = Object.assign(new Error('Access Denied'), { name: 'AccessDenied' });
  await expect(reading(options, () => Promise.reject(denied))).rejects.toThrow(
    expect.objectContaining({
      name: 'BucketError',
      message: expect.stringContaining('they need s3:ListBucket and s3:GetObject on it'),
    }),
  );
});
