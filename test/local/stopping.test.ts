import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bucketServices } from '../../lib/wiring.ts';
import { LOCAL_BUCKET, startBucket } from '../../local/bucket.ts';
import { ROOT } from '../../local/deployed.ts';
import { startCommand, startProgram } from './command-line.ts';
import { crimeWarOf, quickSimulator, temporaryFolder } from './running.ts';
import { startInProcess } from './start-in-process.ts';

const DAY = '2026-11-20';

describe('a run that is stopped', () => {
  it.concurrent.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('by %s says how to continue it, as it said at its start', async (signal, exitCode) => {
    const simulator = await quickSimulator();
    const out = await temporaryFolder();
    const { child, ended } = startCommand(['--day', DAY, '--out', out], {
      TMDB_TOKEN: 'simulator',
      TMDB_BASE_URL: simulator.url,
      TMDB_REQUESTS_PER_SECOND: '200',
    });
    await simulator.reached(100);
    child.kill(signal);
    const { code, out: said, err } = await ended;
    const [, resume = ''] = /^Run local-\w+\. If it stops, continue it with: (.*)$/m.exec(said) ?? [];
    expect(resume).toMatch(/^npm start -- --resume local-\w+ --out \S+$/);
    expect({ code, err }).toEqual({ code: exitCode, err: `\nStopped. To continue this run: ${resume}\n` });
  });

  it('ends with the command that continues it also where the audit fails', async () => {
    const simulator = await quickSimulator();
    const out = await temporaryFolder();
    const args = ['--only', 'war-2012', '--day', DAY, '--out', out];
    const env = { TMDB_TOKEN: 'simulator', TMDB_BASE_URL: simulator.url, DATASETS: await crimeWarOf(2012, 2012) };
    // A folder in place of the day's manifest: the planner doesn't read it for a run of some branches, the auditor does.
    await mkdir(join(out, `bucket/_manifests/crime-war/${DAY}/manifest.json/folder`), { recursive: true });

    const { code, err } = await startInProcess(args, env);
    expect(code).toBe(1);
    expect(err).toMatch(
      /^Error: .*manifest\.json.*\nTo continue this run: npm start -- --resume local-\w+ --out \S+\n$/,
    );
  });
});

/** A device of Linux to which nothing can be written. */
const FULL = '/dev/full';

it.skipIf(!existsSync(FULL))('an output that could not be written ends a command with 1 and one sentence', () => {
  const full = openSync(FULL, 'w');
  onTestFinished(() => closeSync(full));
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'local/query.ts'), '--help'], {
    stdio: ['ignore', full, 'pipe'],
  });
  expect([status, String(stderr)]).toEqual([1, 'The output could not be written completely (ENOSPC).\n']);
});

describe('a request to S3 that is never answered', () => {
  it('is given up and sent again', async () => {
    const bucket = await startBucket(await temporaryFolder());
    const { port } = new URL(bucket.url);
    let puts = 0;
    const server = createServer((from, response) => {
      if (from.method === 'PUT' && ++puts === 2) return void from.resume();
      const { method, url: path, headers } = from;
      const to = request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      from.pipe(to);
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    onTestFinished(async () => {
      server.closeAllConnections();
      server.close();
      await bucket.close();
    });
    const { store } = bucketServices(
      {
        BUCKET: LOCAL_BUCKET,
        AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
      },
      { connectionTimeout: 1_000, socketTimeout: 200 },
    );
    await store.put('Raw/first', '1');
    await store.put('Raw/second', '2');
    expect(puts).toBe(3);
    expect((await store.get('Raw/second'))?.body.toString()).toBe('2');
  });

  it('does not keep the process alive after the command has ended, and all output is written', async () => {
    const program = join(await temporaryFolder(), 'open-sockets.ts');
    await writeFile(
      program,
      `import { createServer } from 'node:net';
       import { exitWith } from '${ROOT}/local/exit-code.ts';
       await exitWith(async () => {
         createServer().listen(0, '127.0.0.1');
         process.stdout.write('x'.repeat(1_000_000));
         return 3;
       });`,
    );
    const { code, out } = await startProgram(program, []).ended;
    expect({ code, written: out.length }).toEqual({ code: 3, written: 1_000_000 });
  });
});
