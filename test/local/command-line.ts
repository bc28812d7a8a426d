import { spawn } from 'node:child_process';
import { ROOT } from '../../local/deployed.ts';

/** `npm start` as a process of its own, without npm in between, so that a signal reaches it. */
export const startCommand = (args: readonly string[], env: Record<string, string> = {}) => {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TMDB|AWS)_/.test(name)));
  const child = spawn(process.execPath, ['local/main.ts', ...args], {
    cwd: ROOT,
    env: { ...clean, ...env },
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
