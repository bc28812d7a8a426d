import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../local/deployed.ts';

/** Node's compile cache. It halves the time of the many short processes. */
export const NODE_COMPILE_CACHE = join(tmpdir(), 'tmdb-raw-zone-compiled');

/**
 * Starts a program of the project as a separate process, without npm, so that it receives signals. It doesn't get the
 * variables of this process that select a TMDB, AWS or another folder.
 */
export const startProgram = (program: string, args: readonly string[], env: Record<string, string> = {}) => {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(TMDB_|AWS_|npm_|INIT_CWD)/.test(name)),
  );
  const child = spawn(process.execPath, [program, ...args], {
    cwd: ROOT,
    env: { ...clean, NODE_COMPILE_CACHE, ENV_FILE: '.env.none', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (err += chunk));
  const ended = new Promise<{ code: number | null; signal: string | null; out: string; err: string }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal, out, err })),
  );
  return { child, ended };
};

/** `npm start`. */
export const startCommand = (args: readonly string[], env?: Record<string, string>) =>
  startProgram('local/main.ts', args, env);
