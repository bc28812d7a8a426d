import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ROOT } from '../../local/deployed.ts';
import { NODE_COMPILE_CACHE } from '../local/command-line.ts';
import { temporaryFolder } from '../local/running.ts';

/** An environment without AWS. */
const bare = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  npm_config_cache: process.env.npm_config_cache,
  NODE_COMPILE_CACHE,
};

/** Runs a program of the project with the pinned Node. Resolves with its output. */
const run = (script: string, args: readonly string[]) =>
  new Promise<{ code: number | null; said: string }>((resolve) => {
    const child = spawn(process.execPath, [script, ...args], {
      cwd: ROOT,
      env: bare,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stdout.on('data', (chunk) => (said += chunk));
    child.stderr.on('data', (chunk) => (said += chunk));
    child.on('close', (code) => resolve({ code, said }));
  });

/** Starts `npm run stand-ins`. Returns its options for sls invoke local. */
const standIns = async () => {
  const out = await temporaryFolder();
  const child = spawn(process.execPath, ['local/stand-ins.ts', '--out', out], {
    cwd: ROOT,
    env: bare,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = new Promise((resolve) => child.on('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await closed;
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const options = (await readFile(join(out, 'stand-ins'), 'utf8')).split(' ');
  // A single walker may use the whole request rate, instead of a quarter of it.
  return [...options, '-e', 'TMDB_REQUESTS_PER_SECOND=36'];
};

describe('sls invoke local, with no AWS account, no credentials and no token', () => {
  it('calls each function with its sample event against the stand-ins', async () => {
    const options = await standIns();
    const sls = join(ROOT, 'node_modules/serverless/bin/serverless.js');
    const invoke = (fn: string, event: string) =>
      run(sls, ['invoke', 'local', '-f', fn, '--path', `test/events/${event}.json`, ...options]);

    expect(await invoke('planner', 'planner')).toMatchObject({
      code: 0,
      said: expect.stringContaining('"outcome": "planned"'),
    });
    expect(await invoke('pageWalker', 'page-walker')).toMatchObject({
      code: 0,
      said: expect.stringContaining('"finished": true'),
    });
    expect(await invoke('writer', 'writer')).toMatchObject({
      code: 0,
      said: expect.stringContaining('branch written'),
    });
    expect(await invoke('auditor', 'auditor')).toMatchObject({
      code: 0,
      said: expect.stringContaining('"complete": true'),
    });
  });
});
