import { spawn } from 'node:child_process';
import * as z from 'zod';
import { ROOT } from '../local/deployed.ts';

const measured = z.object({
  calls: z.number(),
  seconds: z.number(),
  cpuSeconds: z.number(),
  loadMs: z.number(),
  loadedBytes: z.number(),
  peakBytes: z.number(),
});
export type Measured = z.output<typeof measured>;

/** Runs a program of the project in a process of its own, and returns what it printed. */
export const program = (args: readonly string[], env: Record<string, string> = {}) =>
  new Promise<string>((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, POWERTOOLS_LOG_LEVEL: 'SILENT', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stdout.on('data', (chunk) => (said += chunk));
    // The log and the metrics of a function: only needed where it fails.
    let logged = '';
    child.stderr.on('data', (chunk) => (logged += chunk));
    child.on('close', (code) =>
      code === 0 ? resolve(said) : reject(new Error(`${args.join(' ')} ended with ${code}: ${logged}`)),
    );
  });

/** Calls the function of a bundle in a process of its own. */
export const called = async (
  bundle: string,
  event: object,
  { env, nodeOptions = [] }: { env: Record<string, string>; nodeOptions?: readonly string[] },
): Promise<Measured> => {
  const said = await program([...nodeOptions, 'bench/one-call.js', bundle, JSON.stringify(event)], env);
  return measured.parse(JSON.parse(said.trim().split('\n').at(-1) ?? ''));
};

export const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
