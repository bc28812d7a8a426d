import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { quickSimulator, readJson, temporaryFolder } from './running.ts';
import { startInProcess } from './start-in-process.ts';

const DAY = '2026-11-20';
const QUICK = ['--ceiling', 'none', '--latency', '0-0'];

describe('where the data comes from', () => {
  it('is said first, is in the plan and in the manifests, and a day has data from one TMDB only', async () => {
    const out = await temporaryFolder();
    const here = ['--only', 'war-2012', '--day', DAY, '--out', out];
    const first = await startInProcess([...here, ...QUICK]);
    expect(first.out).toMatch(/^Asking the simulator: invented movies\.\n/);
    expect(first.code).toBe(0);
    const [, run = ''] = /^Run (local-\w+)\. If it stops, continue it with: /m.exec(first.out) ?? [];

    const named = { tmdb: 'simulator:invented-movies' };
    const bucket = join(out, 'bucket');
    for (const key of [
      `_runs/crime-war/${DAY}/${run}/run.json`,
      `_runs/crime-war/${DAY}/${run}/plan/war-2012.json`,
      `_manifests/crime-war/${DAY}/branches/war-2012.json`,
      `_manifests/crime-war/${DAY}/manifest.json`,
    ])
      expect(await readJson(bucket, key)).toMatchObject(named);

    // The port of the simulator is another one now.
    const resumed = await startInProcess(['--resume', run, '--out', out, ...QUICK]);
    expect(resumed).toMatchObject({ code: 0, err: '' });

    // At 127.0.0.1, too, and not the simulator of the first run.
    const own = await quickSimulator();
    const env = { TMDB_TOKEN: 'simulator', TMDB_BASE_URL: own.url };
    const other = await startInProcess(here, env);
    expect(other).toMatchObject({
      code: 2,
      out: `Asking ${new URL(own.url).host}.\n`,
      err: `--day: ${DAY} of dataset crime-war has data from simulator:invented-movies, and this run would ask 127.0.0.1; a day never has both. Use another day, or another bucket or folder (--out).\n`,
    });
    const wrongResume = await startInProcess(['--resume', run, '--out', out], env);
    expect(wrongResume).toMatchObject({
      code: 2,
      err: `--resume: run ${run} asked simulator:invented-movies, and ids of 127.0.0.1 are not the same; set TMDB_TOKEN and TMDB_BASE_URL as they were.\n`,
    });
  });
});
