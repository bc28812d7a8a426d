import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

/** What one process took. */
export interface Measured {
  code: number | null;
  stdout: string;
  stderr: string;
  wallSeconds: number;
  /** User and system time; undefined where the system has no /proc. */
  cpuSeconds: number | undefined;
  /** Largest resident memory; undefined where the system has no /proc. */
  peakMegabytes: number | undefined;
}

/** Milliseconds between two readings: what the last reading misses at most. */
const READ_MS = 50;
/** Ticks of the times in /proc/<pid>/stat, in a second: USER_HZ, which is 100 on every Linux that Node supports. */
const TICKS = 100;

/** Runs a program and measures it. Linux counts its memory and its CPU time in /proc; they are read until it ends. */
export const measuredProcess = async (
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Measured> => {
  const startedAt = performance.now();
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const closed = once(child, 'close') as Promise<[number | null]>;
  let cpuSeconds: number | undefined;
  let peakMegabytes: number | undefined;
  let isRunning = true;
  const reading = (async () => {
    while (isRunning) {
      const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8').catch(() => '');
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
      // The second field, in brackets, may have spaces. utime and stime are the fields 14 and 15.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields.length > 13) cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS;
      const peak = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
      if (peak) peakMegabytes = (Number(peak) * 1024) / 1e6;
      await setTimeout(READ_MS);
    }
  })();
  const [code] = await closed;
  const wallSeconds = (performance.now() - startedAt) / 1000;
  isRunning = false;
  await reading;
  return { code, stdout, stderr, wallSeconds, cpuSeconds, peakMegabytes };
};
