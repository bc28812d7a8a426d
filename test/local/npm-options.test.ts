import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../local/deployed.ts';
import { readOptions } from '../../local/options.ts';
import { readUploadOptions } from '../../local/upload/options.ts';
import { temporaryFolder } from './running.ts';

const start = (argv: string[], env: NodeJS.ProcessEnv) => () => readOptions(argv, env);
const upload = (argv: string[], env: NodeJS.ProcessEnv) => () => readUploadOptions(argv, new Date(), env);
const kept = (names: string, command: string) =>
  `npm kept ${names} for itself, because -- is missing before the options; nothing was run. Use: ${command}`;

describe('by the variables that npm sets', () => {
  it.each([
    [{ npm_config_dry_run: 'true' }, [], '--dry-run', 'npm start -- --dry-run'],
    [{ npm_config_only: 'crime-2017' }, [], '--only', 'npm start -- --only crime-2017'],
    [{ npm_config_seed: 'true' }, ['3'], '--seed', 'npm start -- --seed 3'],
    [{ npm_config_out: '/tmp/a b' }, [], '--out', "npm start -- --out '/tmp/a b'"],
    [{ npm_config_resume: 'true' }, ['local-1'], '--resume', 'npm start -- --resume local-1'],
    [{ npm_config_dryrun: 'true' }, [], '--dry-run', 'npm start -- --dry-run'],
    [
      { npm_config_years: 'true', npm_config_faults: 'true' },
      ['2012', 'mixed'],
      '--years, --faults',
      'npm start -- --years ... --faults ...',
    ],
  ])('npm start with %j and the arguments %j is refused', (env, argv, names, command) => {
    expect(start(argv, env)).toThrow(kept(names, command));
  });

  it('npm run upload is refused in the same way', () => {
    expect(upload(['movies.csv', 'Movies'], { npm_config_kind: 'true' })).toThrow(
      kept('--kind', 'npm run upload -- --kind ...'),
    );
  });

  it("npm's own settings are not ours", () => {
    const own =
      'cache prefix registry yes audit fund loglevel userconfig globalconfig noproxy node_gyp user_agent cafile'
        .split(' ')
        .map((name) => [`npm_config_${name}`, 'true']);
    const env = { ...Object.fromEntries(own), npm_config_only: 'production', npm_config_dry_run: '' };
    expect(readOptions([], env).input).toEqual({ dataset: 'crime-war' });
  });
});

describe("by npm's log, which has the whole command line", () => {
  const logged = async (words: string[], script = 'start', ageMs = 100) => {
    const cache = await temporaryFolder();
    await mkdir(join(cache, '_logs'));
    const stamp = new Date(Date.now() - ageMs).toISOString().replaceAll(/[:.]/g, '_');
    const line = `0 verbose cli node npm\n10 verbose argv ${words.map((word) => JSON.stringify(word)).join(' ')}\n`;
    await writeFile(join(cache, '_logs', `${stamp}-debug-0.log`), line);
    return { npm_config_cache: cache, npm_lifecycle_event: script };
  };

  it.each([
    [['start', '--only', 'crime-2017'], [], '--only', 'npm start -- --only crime-2017'],
    [
      ['start', '--only', 'crime-2017', '--', '--day', '2026-11-20'],
      ['--day', '2026-11-20'],
      '--only',
      'npm start -- --only crime-2017 --day 2026-11-20',
    ],
    [
      ['run', 'start', '--loglevel', 'info', '--all', '--yes', '2026-11-20', '--dry-run', 'true'],
      ['2026-11-20'],
      '--day, --dry-run',
      'npm start -- --day 2026-11-20 --dry-run',
    ],
    [
      ['--loglevel', 'silent', 'start', '--datset', 'popular'],
      ['popular'],
      '--dataset',
      'npm start -- --dataset popular',
    ],
  ])('%j is refused', async (words, argv, names, command) => {
    expect(start(argv, await logged(words))).toThrow(kept(names, command));
  });

  it('npm run upload keeps the files in their places', async () => {
    const env = await logged(['run', 'upload', 'movies.csv', '--kind', 'Movies'], 'upload');
    expect(upload(['movies.csv', 'Movies'], env)).toThrow(kept('--kind', 'npm run upload -- movies.csv --kind Movies'));
  });

  it.each([
    ['options after --', ['start', '--', '--only', 'crime-2017'], ['--only', 'crime-2017'], 100],
    ["npm's own options", ['start', '--loglevel', 'silent', '--', '--dry-run'], ['--dry-run'], 100],
    ['the log of an earlier command', ['start', '--only', 'crime-2017'], [], 120_000],
    ['the log of another command at the same time', ['start', '--only', 'crime-2017'], ['--only', 'war-2012'], 100],
  ])('%s: not refused', async (_, words, argv, age) => {
    const env = await logged(words, 'start', age);
    expect(start(argv, env)).not.toThrow();
  });
});

it('npm itself: npm start --only crime-2017 runs nothing, and prints the right command', async () => {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TMDB_|AWS_|npm_)/.test(name)));
  const child = spawn('npm', ['start', '--only', 'crime-2017', '--dry-run', '--out', 'never'], {
    cwd: ROOT,
    env: { ...clean, ENV_FILE: '.env.none', npm_config_cache: await temporaryFolder() },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr.on('data', (chunk) => (err += chunk));
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(err).toContain(kept('--only, --dry-run, --out', 'npm start -- --only crime-2017 --dry-run --out never'));
  expect(code).toBe(2);
});
