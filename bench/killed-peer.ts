import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ROOT } from '../local/deployed.ts';
import { pythonWithPackages } from '../local/python.ts';
import { startTmdb, workloadOf } from './simulated-tmdb.ts';

/*
 * Kills dlt in the middle of a load, starts it again, and counts the requests that it repeats. Prints the figures that
 * docs/reliability.md has beside ours: `node bench/killed-peer.ts`.
 */
const python = await pythonWithPackages({
  venv: join(ROOT, '.local/bench-venv'),
  requirements: join(ROOT, 'bench/peers/requirements.txt'),
});
const { genres, years } = workloadOf('crime-war');

/** Milliseconds between two looks at the number of requests. */
const LOOK_MS = 50;

for (const killAfter of [600, 1_200, 2_000]) {
  const tmdb = await startTmdb({ workload: 'crime-war', ceiling: false, latencyMs: 50 });
  const out = await mkdtemp(join(tmpdir(), 'bench-killed-'));
  const load = () =>
    spawn(
      python,
      [
        join(ROOT, 'bench/peers/dlt_tmdb.py'),
        tmdb.url,
        out,
        '20',
        genres.join(','),
        String(years.from),
        String(years.to),
      ],
      { stdio: 'ignore' },
    );
  const killed = load();
  while ((await tmdb.traffic()).requests < killAfter) await setTimeout(LOOK_MS);
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  const { requests: before } = await tmdb.traffic();
  const [code] = await once(load(), 'exit');
  const { requests } = await tmdb.traffic();
  process.stdout.write(
    `killed after ${before} requests; the second start made ${requests - before} requests and ended with ${code}\n`,
  );
  await rm(out, { recursive: true });
  await tmdb.close();
}
