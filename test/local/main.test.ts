import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { CHUNK } from '../../lib/stages/walk-items.ts';
import { claim } from '../../local/claim.ts';
import { report } from '../../local/report.ts';
import type { Simulator } from '../../local/simulator/simulator.ts';
import { startCommand } from './command-line.ts';
import { crimeWarOf, quickPipeline, quickSimulator, rawZone, readJson, temporaryFolder } from './running.ts';
import { startInProcess } from './start-in-process.ts';

const DAY = '2026-11-20';
const asking = (simulator: Simulator, perSecond = 100_000) => ({
  TMDB_TOKEN: 'simulator',
  TMDB_BASE_URL: simulator.url,
  TMDB_REQUESTS_PER_SECOND: String(perSecond),
});
const runIn = async (out: string) => (await readdir(join(out, 'logs')))[0]?.replace('.jsonl', '') ?? '';

const KEY = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' };

describe('npm start', () => {
  it('runs the pipeline, prints a summary, and exits with 0', async () => {
    const simulator = await quickSimulator();
    const out = await temporaryFolder();
    const {
      code,
      out: said,
      err,
    } = await startCommand(['--only', 'crime-2017', '--day', DAY, '--out', out], asking(simulator)).ended;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(said).toMatch(/crime-2017: 19 kept, 55 left out, 1 part/);
    expect(said).toMatch(/Run local-\w+ of crime-war, 2026-11-20: complete/);
    expect(said).toContain('21 branches have no manifest: crime-2012, ');
  });

  it('prints one sentence where a dry run has a wrong token', async () => {
    const args = ['--dry-run', '--only', 'war-2012', '--faults', 'token-revoked-after-0', '--out'];
    const { code, err } = await startInProcess([...args, await temporaryFolder()]);
    expect(code).toBe(1);
    expect(err).toMatch(/^[^\n]*token[^\n]*\n$/i);
  });

  it('exits with 1 when an object of the planned run is damaged, and prints the command that continues the run', async () => {
    const pipeline = await quickPipeline(await quickSimulator(), { env: { DATASETS: await crimeWarOf(2017, 2017) } });
    const { execution, ended } = pipeline.start({ dataset: 'crime-war', day: DAY, only: ['war-2017'] });
    await ended;
    const message =
      '_runs/crime-war/run.json: it is not JSON, so it was damaged; remove this object, and start a new run.';
    const damaged = {
      ...execution,
      status: 'FAILED' as const,
      cause: JSON.stringify({ errorType: 'BadInputError', errorMessage: message }),
    };
    const stderr = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    const place = { bucket: pipeline.bucket, out: pipeline.out, seconds: 1, resume: 'npm start -- --resume x' };
    const code = await report(damaged, pipeline, { ...place, isResumed: false });
    const said = stderr.mock.calls.map(([text]) => text).join('');
    stderr.mockRestore();
    expect({ code, said }).toEqual({
      code: 1,
      said: `BadInputError: ${message}\nTo continue this run: npm start -- --resume x\n`,
    });
  });

  it('exits with 1 when a branch is unfinished, and prints the reason and the command that continues the run', async () => {
    // A permanent fault, because the command would wait for all retries of a transient one.
    const simulator = await quickSimulator({ faults: [{ kind: 'outage', genre: 80, year: 2017, forGood: true }] });
    const out = await temporaryFolder();
    const only = ['--only', 'crime-2017', '--only', 'war-2012'];
    const first = await startInProcess([...only, '--day', DAY, '--out', out], asking(simulator));
    expect(first.code).toBe(1);
    expect(first.out).toContain('1 of 2 branches unfinished');
    expect(first.out).toMatch(
      /Unfinished: crime-2017 \(TmdbRefusedError: GET \/discover\/movie: TMDB rejected the request \(422, code 5/,
    );
    const resume = /npm start -- (--resume local-\w+ --out \S+)/.exec(first.out)?.[1];
    expect(resume).toBe(`--resume ${await runIn(out)} --out ${out}`);

    simulator.use([]);
    const before = simulator.asked.length;
    const second = await startInProcess(resume?.split(' ') ?? [], asking(simulator));
    expect(second.code).toBe(0);
    expect(simulator.asked.slice(before).some(({ query }) => query.with_genres === '10752')).toBe(false);
    expect(Object.keys(await rawZone(join(out, 'bucket')))).toHaveLength(2);
  });

  it('writes the same bytes when it is killed and resumed, and repeats at most one chunk per running branch', async () => {
    const env = { DATASETS: await crimeWarOf(2020, 2022) }; // six branches with 260 movies
    const simulator = await quickSimulator();
    const out = await temporaryFolder();
    const killed = startCommand(['--day', DAY, '--out', out], { ...asking(simulator, 400), ...env });
    await simulator.reached(150);
    killed.child.kill('SIGKILL');
    expect(await killed.ended).toMatchObject({ signal: 'SIGKILL' });

    const resume = ['--resume', await runIn(out), '--out', out];
    const { code } = await startCommand(resume, { ...asking(simulator), ...env }).ended;
    expect(code).toBe(0);
    const questions = simulator.asked
      .filter(({ path }) => path !== '/authentication')
      .map(({ path, query }) => `${path} ${JSON.stringify(query)}`);
    // Page 1 is requested by the planner and by the walker. Apart from that, only movies of both genres are requested twice.
    const times = Map.groupBy(questions, (question) => question);
    const undisturbed = await quickPipeline(await quickSimulator(), { env });
    await undisturbed.start({ dataset: 'crime-war', day: DAY }).ended;
    const { requests } = await readJson(undisturbed.bucket, `_manifests/crime-war/${DAY}/manifest.json`);
    const [BRANCHES, WALKERS] = [6, 4];
    expect(times.size).toBeLessThan(questions.length);
    expect(questions.length - (requests + BRANCHES)).toBeLessThanOrEqual(WALKERS * CHUNK);
    expect(await rawZone(join(out, 'bucket'))).toEqual(await rawZone(undisturbed.bucket));
  });

  it('prints one clear error for a wrong token, before any branch starts', async () => {
    const simulator = await quickSimulator();
    const { code, err } = await startInProcess(['--out', await temporaryFolder()], {
      ...asking(simulator),
      TMDB_TOKEN: 'wr0ng-t0ken',
    });
    expect(code).toBe(1);
    expect(err).toMatch(/^TmdbTokenError: TMDB rejected the token \(401, code 7: Invalid API key.*\n$/);
    expect(err).not.toContain('wr0ng-t0ken');
    const [check, ...asked] = simulator.asked;
    expect(check).toMatchObject({ path: '/authentication', status: 401 });
    expect(asked.every(({ path }) => path === '/discover/movie')).toBe(true);
    expect(simulator.asked.length).toBeLessThan(22);
  });

  it('refuses a folder that another process uses', async () => {
    const out = await temporaryFolder();
    onTestFinished(await claim(out));
    const { code, err } = await startCommand(['--out', out]).ended;
    expect({ code, err }).toMatchObject({
      code: 1,
      err: expect.stringMatching(new RegExp(`^Folder ${out} is in use by process ${process.pid}: wait .*--out\\.\n$`)),
    });
  });

  it('ends its process with 2 and one clear error for a wrong option and for a wrong variable', async () => {
    const option = startCommand(['--day', '2026-02-30', '--out', await temporaryFolder()]).ended;
    const variable = startCommand(['--out', await temporaryFolder()], { DATASETS: '/nowhere' }).ended;
    expect([await option, await variable]).toEqual([
      {
        code: 2,
        signal: null,
        out: '',
        err: '--day: use YYYY-MM-DD, for example 2026-11-20; got "2026-02-30".\n',
      },
      expect.objectContaining({
        code: 2,
        err: expect.stringMatching(/^environment: DATASETS: use a folder with dataset files; got "\/nowhere"\..*\n$/),
      }),
    ]);
  });

  it.each([
    { args: ['--dataset', 'nope'], says: /^There is no dataset "nope"; use one of .*crime-war.*\.\n$/ },
    {
      args: ['--dataset', '../crime-war'],
      says: /^--dataset: use lower-case letters.*"\.\.\/crime-war"\.\n$/,
    },
    {
      args: ['--only', 'crime-1999'],
      says: /^--only: dataset crime-war has no branch "crime-1999"; it has crime-2012, .*\.\n$/,
    },
    {
      args: ['--day', '2026-02-30'],
      says: /^--day: use YYYY-MM-DD, for example 2026-11-20; got "2026-02-30"\.\n$/,
    },
    {
      args: ['--years', '2022-2012'],
      says: /^--years: use a last year that is not before the first; got .*\n$/,
    },

    {
      args: ['--fault', 'mixed'],
      says: /^options: Unknown option '--fault'; did you mean --faults\? To list the options: npm start -- --help\.\n$/,
    },
    { args: ['--faults', 'many'], says: /^--faults: use one of none, mixed, .*; got "many"\.\n$/ },
    { args: ['--catalogue', 'nowhere.jsonl'], says: /^--catalogue: .*nowhere\.jsonl.*\n$/ },
    { args: ['--redrive', 'local-unknown'], says: /^--resume: dataset crime-war has no run "local-unknown".*\n$/ },
    { args: ['--resume', 'local-unknown'], says: /^--resume: dataset crime-war has no run "local-unknown".*\n$/ },
    {
      args: ['--bucket', 'No_Bucket'],
      says: /^--bucket: use a bucket name of 3 to 63 .*; got "No_Bucket"\.\n$/,
    },
    {
      args: ['--bucket', 'my-bucket'],
      says: /^--bucket: TMDB_TOKEN is not set, so the run would write invented movies of the simulator to a bucket in AWS\. Set TMDB_TOKEN,/,
    },
    { args: ['--seed', 'x'], says: /^--seed: use a whole number; got "x"\.\n$/ },
    {
      args: ['--latency', '100-1'],
      says: /^--latency: use a first number that is at most the second; got .*\n$/,
    },
    { args: ['stray'], says: /^options: .*stray.*\n$/ },
  ])('prints one clear error for $args and exits with 2', async ({ args, says }) => {
    const { code, err } = await startInProcess([
      ...args,
      ...(args.includes('--bucket') ? [] : ['--out', await temporaryFolder()]),
    ]);
    expect(err).toMatch(says);
    expect(code).toBe(2);
  });

  it.each([
    {
      more: [],
      env: { AWS_REGION: 'us-east-1' },
      says: /^There are no AWS credentials for bucket my-bucket: log in .*\n$/,
    },
    { more: ['--dry-run'], env: KEY, says: /^No AWS region is set for bucket my-bucket: set AWS_REGION\.\n$/ },
    {
      more: ['--resume', 'local-1'],
      env: { ...KEY, AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9' },
      says: /^s3:\/\/my-bucket: the connection to bucket my-bucket failed \(ECONNREFUSED\): check the network, .*\n$/,
    },
  ])('prints one clear error where a bucket in AWS cannot be used: $says', async ({ more, env, says }) => {
    const args = ['--bucket', 'my-bucket', '--seed', '1', '--out', await temporaryFolder(), ...more];
    const home = { HOME: await temporaryFolder(), AWS_EC2_METADATA_DISABLED: 'true' };
    const { code, err } = await startCommand(args, { ...home, ...env }).ended;
    expect(err).toMatch(says);
    expect(code).toBe(1);
  });

  it.each([
    {
      env: { TMDB_BASE_URL: 'http://127.0.0.1:9' },
      args: [],
      says: /^TMDB_BASE_URL is set, but TMDB_TOKEN is not: set TMDB_TOKEN too,/,
    },
    {
      env: { TMDB_TOKEN: 'x' },
      args: ['--faults', 'mixed'],
      says: /^--faults is only for the simulator, but TMDB_TOKEN is set: remove the option, or unset TMDB_TOKEN\./,
    },
    {
      env: { TMDB_REQUESTS_PER_SECOND: 'fast' },
      args: [],
      says: /^environment: TMDB_REQUESTS_PER_SECOND: use a number above 0; got "fast"\./,
    },
    {
      env: { DATASETS: '/nowhere' },
      args: [],
      says: /^environment: DATASETS: use a folder with dataset files; got "\/nowhere"\./,
    },
    {
      env: { WALKERS_AT_ONCE: 'x' },
      args: [],
      says: /^environment: WALKERS_AT_ONCE: use a whole number from 1 to 40; got "x"\./,
    },
    {
      env: { WALKERS_AT_ONCE: '41' },
      args: [],
      says: /^environment: WALKERS_AT_ONCE: use at most 40: an inline Map runs no more iterations at once/,
    },
  ])('prints one clear error for $env and exits with 2', async ({ env, args, says }) => {
    const out = ['--out', await temporaryFolder()];
    const { code, err } = await startInProcess([...args, ...out], env as Record<string, string>);
    expect(err).toMatch(says);
    expect(code).toBe(2);
  });
});
