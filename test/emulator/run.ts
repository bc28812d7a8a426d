import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isDeepStrictEqual } from 'node:util';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  RedriveExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { ROOT } from '../../local/deployed.ts';
import { openPipeline } from '../../local/pipeline.ts';
import { defaultCatalogue } from '../../local/simulator/catalogue.ts';
import { writeCsv } from '../../local/simulator/csv.ts';
import { faultsNamed } from '../../local/simulator/faults.ts';
import { startSimulator } from '../../local/simulator/simulator.ts';
import { callOf, denied, policiesOf } from './permissions.ts';

/*
 * `sls deploy`, for real, on an emulator of AWS: deployed, run, failed, redriven, removed and deployed again, and every
 * call of every function held against its role. One command, some 20 minutes:
 *
 *   AWS_EMULATOR=<emulator.py> PYTHON=<python with moto[server,all]==5.2.5> npm run emulator
 *
 * The emulator serves `python emulator.py PORT NODE` as AWS, runs the deployed zips, and logs the functions' calls to
 * RIG_LOGS/calls.jsonl.
 */
const { AWS_EMULATOR = '', PYTHON = 'python3' } = process.env;
if (!existsSync(AWS_EMULATOR)) {
  process.stderr.write(
    'It needs AWS_EMULATOR, the path of the emulator, and PYTHON, a Python with moto[server,all]==5.2.5: see test/emulator/run.ts.\n',
  );
  process.exit(2);
}

const STAGE = 'emulator';
const BUCKET = 'emulated-raw-zone';
const SERVICE = `tmdb-raw-zone-${STAGE}`;
const DAY = '2026-11-20';
const work = await mkdtemp(join(tmpdir(), 'emulator-'));
const logs = join(work, 'logs');

// --- what this says ------------------------------------------------------------------------------------------------

let failures = 0;
const say = (text: string) => process.stdout.write(`${text}\n`);
const check = (what: string, actual: unknown, expected: unknown) => {
  const good = expected instanceof RegExp ? expected.test(String(actual)) : isDeepStrictEqual(actual, expected);
  if (!good) failures += 1;
  say(
    `${good ? '  ok  ' : 'WRONG '} ${what}${good ? '' : `: expected ${expected instanceof RegExp ? expected : JSON.stringify(expected)}, got ${JSON.stringify(actual)}`}`,
  );
};

// --- the emulator, and what stands around it ----------------------------------------------------------------------

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

const simulator = await startSimulator({
  catalogue: defaultCatalogue(),
  seed: 1,
  ceiling: false,
  latencyMs: { from: 0, to: 20 },
  connections: 1_000,
});
const port = await freePort();
const endpoint = `http://127.0.0.1:${port}`;
const emulator: ChildProcess = spawn(PYTHON, [AWS_EMULATOR, String(port), process.execPath], {
  env: { ...process.env, RIG_LOGS: logs, RIG_LAMBDA_ENV: JSON.stringify({ TMDB_BASE_URL: simulator.url }) },
  stdio: 'ignore',
});
const ended = new Promise((resolve) => emulator.on('close', resolve));

const credentials = { accessKeyId: 'ak', secretAccessKey: 'sk' };
const config = { endpoint, region: 'us-east-1', credentials };
const s3 = new S3Client({ ...config, forcePathStyle: true });
const sfn = new SFNClient(config);
const ssm = new SSMClient(config);

const until = async <Value>(what: () => Promise<Value | undefined>, everyMs = 500): Promise<Value> => {
  for (;;) {
    const value = await what().catch(() => undefined);
    if (value !== undefined) return value;
    if (emulator.exitCode !== null) throw new Error(`the emulator has ended with ${emulator.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
};

const sls = (...args: string[]) =>
  new Promise<{ code: number | null; said: string }>((resolve) => {
    const child = spawn(
      process.execPath,
      ['node_modules/serverless/bin/serverless.js', ...args, '--stage', STAGE, '--param', `bucket=${BUCKET}`],
      {
        cwd: ROOT,
        env: {
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          AWS_ENDPOINT_URL: endpoint,
          AWS_ACCESS_KEY_ID: 'ak',
          AWS_SECRET_ACCESS_KEY: 'sk',
          AWS_REGION: 'us-east-1',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let said = '';
    child.stdout.on('data', (chunk) => (said += chunk));
    child.stderr.on('data', (chunk) => (said += chunk));
    child.on('close', (code) => resolve({ code, said }));
  });

const deployed = async (...args: string[]) => {
  const { code, said } = await sls(...args);
  check(`sls ${args.join(' ')}`, code, 0);
  if (code !== 0) say(said);
  return said;
};

// --- executions and the bucket ------------------------------------------------------------------------------------

const machine = (name: 'ingest' | 'branch') => `arn:aws:states:us-east-1:123456789012:stateMachine:${SERVICE}-${name}`;
const start = async (input: object, of: 'ingest' | 'branch' = 'ingest') => {
  const { executionArn = '' } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn: machine(of), input: JSON.stringify(input) }),
  );
  return executionArn;
};
const end = (executionArn: string) =>
  until(async () => {
    const execution = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    return execution.status === 'RUNNING' ? undefined : execution;
  });
const redrive = async (executionArn: string) => {
  await sfn.send(new RedriveExecutionCommand({ executionArn }));
  return end(executionArn);
};
const branchesOf = async (status?: 'FAILED') => {
  const { executions = [] } = await sfn.send(
    new ListExecutionsCommand({
      stateMachineArn: machine('branch'),
      maxResults: 1000,
      ...(status && { statusFilter: status }),
    }),
  );
  return executions;
};
const runOf = (executionArn: string) => executionArn.split(':').at(-1) ?? '';

const keysBelow = async (prefix: string): Promise<string[]> => {
  const keys: string[] = [];
  let next: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix, ContinuationToken: next }));
    keys.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []));
    next = page.NextContinuationToken;
  } while (next);
  return keys;
};
const object = async (key: string) =>
  (await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }))).Body?.transformToByteArray() ?? new Uint8Array();
const json = async (key: string) => JSON.parse(Buffer.from(await object(key)).toString());
const sha256 = (body: Uint8Array) => createHash('sha256').update(body).digest('hex');

const rawZone = async (prefix: string): Promise<Record<string, string>> =>
  Object.fromEntries(
    await Promise.all(
      (await keysBelow(prefix)).toSorted().map(async (key) => [key, sha256(await object(key))] as const),
    ),
  );

/** What `npm start` writes for the same day and catalogue. */
const rawZoneOfNpmStart = async (): Promise<Record<string, string>> => {
  const env = { TMDB_BASE_URL: simulator.url, TMDB_TOKEN: 'simulator', TMDB_REQUESTS_PER_SECOND: '100000' };
  const pipeline = await openPipeline({ out: join(work, 'local'), env });
  await pipeline.start({ dataset: 'crime-war', day: DAY }).ended;
  const keys = (await pipeline.store.list('Raw/TMDB/')).toSorted();
  const files = await Promise.all(
    keys.map(async (key) => [key, sha256((await pipeline.store.get(key))?.body ?? Buffer.alloc(0))] as const),
  );
  await pipeline.close();
  return Object.fromEntries(files);
};

/** Whether TMDB was asked about crime in 2017 alone since. */
const onlyCrime2017 = (from: number) => {
  const asked = simulator.asked.slice(from).filter(({ path }) => path === '/discover/movie');
  return asked.every(
    ({ query }) => query.with_genres === '80' && query['primary_release_date.gte']?.startsWith('2017'),
  );
};
const movies = (from: number) => simulator.asked.slice(from).filter(({ path }) => path !== '/authentication').length;
const refusing = () => simulator.use(faultsNamed('outage-crime-2017') ?? []);
const mended = () => simulator.use([]);

// --- the story ----------------------------------------------------------------------------------------------------

const story = async () => {
  await until(async () => ((await fetch(`${endpoint}/moto-api/`)).ok ? true : undefined));
  const putToken = (Value: string) =>
    ssm.send(
      new PutParameterCommand({
        Name: `/tmdb-raw-zone/${STAGE}/tmdb-token`,
        Value,
        Type: 'SecureString',
        Overwrite: true,
      }),
    );

  say('deploy, run, compare');
  await deployed('deploy');
  const noToken = await end(await start({ dataset: 'crime-war', day: '2026-01-01' }));
  check(
    'without a token the run fails at Plan, in one sentence',
    `${noToken.error} ${noToken.cause}`,
    /^TmdbTokenError .*The SSM parameter \/tmdb-raw-zone\/emulator\/tmdb-token could not be read .*put-parameter/,
  );
  await putToken('simulator');
  // The template asks for it; the emulator's CloudFormation leaves it out.
  await s3.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: { Status: 'Enabled' } }));
  const said = await deployed(
    'invoke',
    'stepf',
    '--name',
    'ingest',
    '--data',
    JSON.stringify({ dataset: 'crime-war', day: DAY }),
  );
  check('an execution started with sls invoke stepf', said, /SUCCEEDED/);
  const names = (await branchesOf()).map(({ name = '' }) => name.replace(/-[0-9a-f]{8}-[0-9a-f-]{27}$/, ''));
  check(
    'has 22 branch executions with readable names',
    names.toSorted().join(' '),
    ['crime', 'war'].flatMap((genre) => Array.from({ length: 11 }, (_, at) => `${genre}-${2012 + at}`)).join(' '),
  );
  check('writes what npm start writes, byte for byte', await rawZone('Raw/TMDB/'), await rawZoneOfNpmStart());
  check('and the manifest says complete', (await json(`_manifests/crime-war/${DAY}/manifest.json`)).complete, true);
  check(
    'its parts have versions',
    (await json(`_manifests/crime-war/${DAY}/branches/crime-2017.json`)).parts[0].versionId,
    /^(?!undefined)\S+/,
  );

  say('a pair that TMDB refuses');
  refusing();
  const failing = await start({ dataset: 'crime-war', day: '2026-11-27' });
  const failed = await end(failing);
  check('the run fails in Audit', `${failed.status} ${failed.error}`, 'FAILED BranchesUnfinishedError');
  check('and names the branch and its error', failed.cause, /1 of 22 branches: crime-2017 \(TmdbUnavailableError/);
  check('21 branches are written', (await keysBelow('_manifests/crime-war/2026-11-27/branches/')).length, 21);
  let asked = simulator.asked.length;
  check('redriven while TMDB still refuses, it fails again', (await redrive(failing)).status, 'FAILED');
  check('and asks for nothing but that pair', simulator.asked.length > asked && onlyCrime2017(asked), true);
  mended();
  asked = simulator.asked.length;
  check('redriven after TMDB is mended, it succeeds', (await redrive(failing)).status, 'SUCCEEDED');
  check('and nothing was asked for the 21', onlyCrime2017(asked), true);
  check('the day is complete', (await json('_manifests/crime-war/2026-11-27/manifest.json')).complete, true);

  say('its own execution redriven, then the run');
  const few = ['crime-2017', 'war-2012', 'war-2013'];
  refusing();
  const second = await start({ dataset: 'crime-war', day: '2026-12-04', only: few });
  check('the run fails', (await end(second)).status, 'FAILED');
  mended();
  const [latest] = (await branchesOf('FAILED'))
    .filter(({ name = '' }) => name.startsWith('crime-2017-'))
    .toSorted((a, b) => Number(b.startDate) - Number(a.startDate));
  check('the branch succeeds', (await redrive(latest?.executionArn ?? '')).status, 'SUCCEEDED');
  asked = simulator.asked.length;
  check('the run succeeds', (await redrive(second)).status, 'SUCCEEDED');
  check('with no request to TMDB', simulator.asked.length - asked, 0);

  say('resume');
  refusing();
  const third = await start({ dataset: 'crime-war', day: '2026-12-11', only: few });
  check('the run fails', (await end(third)).status, 'FAILED');
  mended();
  asked = simulator.asked.length;
  const resumed = await end(await start({ dataset: 'crime-war', resume: runOf(third) }));
  check('a new execution that resumes it succeeds', resumed.status, 'SUCCEEDED');
  check('and asks for nothing but that pair', movies(asked) > 0 && onlyCrime2017(asked), true);

  say('one day, two starts');
  const both = await Promise.all([
    start({ dataset: 'crime-war', day: '2026-12-18', only: few }),
    start({ dataset: 'crime-war', day: '2026-12-18', only: few }),
  ]);
  const ends = await Promise.all(both.map(end));
  check(
    'both end SUCCEEDED',
    ends.map(({ status }) => status),
    ['SUCCEEDED', 'SUCCEEDED'],
  );
  const away = ends.filter(({ output = '' }) => output.includes('turnedAway'));
  check(
    'one of them because the other has the day, and says so',
    away.map(({ output = '' }) => JSON.parse(output).says).join(),
    /arn:aws:states:\S+ is running for crime-war, 2026-12-18, already; this one writes nothing\.$/,
  );
  const runs = (await keysBelow('_runs/crime-war/2026-12-18/')).map((key) => key.split('/')[3]);
  check('and wrote nothing', new Set(runs).size, 2); // the lock, and the one run that worked
  const holder = `${machine('ingest').replace('stateMachine', 'execution')}:died-long-ago`;
  await s3.send(
    new PutObjectCommand({
      Bucket: BUCKET,
      Key: '_runs/crime-war/2026-12-25/lock.json',
      Body: JSON.stringify({ holder, since: '2026-12-24T00:00:00Z' }),
    }),
  );
  check(
    'a lock left by a dead execution is taken over',
    (await end(await start({ dataset: 'crime-war', day: '2026-12-25', only: ['war-2012'] }))).output,
    /"complete": ?true/,
  );

  say('the other datasets');
  check('popular', (await end(await start({ dataset: 'popular', day: DAY }))).status, 'SUCCEEDED');
  const csv = join(work, 'movies.csv');
  await writeCsv(csv, { kind: 'Movies', rows: 2_000, ids: 500, seed: 1 });
  await s3.send(
    new PutObjectCommand({
      Bucket: BUCKET,
      Key: `Raw/Local/CSV/Movies/2026/11/20/movies.csv`,
      Body: await readFile(csv),
    }),
  );
  check('csv-details', (await end(await start({ dataset: 'csv-details', day: DAY }))).status, 'SUCCEEDED');

  say('nonsense');
  await nonsense();

  say('removed, deployed again, with a wrong token');
  await deployed('remove');
  check(
    'sls remove keeps the bucket and what is in it',
    (await keysBelow('_manifests/crime-war/latest.json')).length,
    1,
  );
  // From a parameter of another name: what a warm function has read is believed for five minutes.
  await ssm.send(
    new PutParameterCommand({ Name: `/tmdb-raw-zone/${STAGE}/wrong-token`, Value: 'wrong', Type: 'SecureString' }),
  );
  await deployed('deploy', '--param', `tokenParameter=/tmdb-raw-zone/${STAGE}/wrong-token`);
  const wrong = await end(await start({ dataset: 'crime-war', day: '2027-01-01', only: ['war-2012'] }));
  check(
    'deployed again, a wrong token fails at Plan',
    `${wrong.error} ${wrong.cause}`,
    /^TmdbTokenError .*TMDB rejected the token \(401, code 7/,
  );
  await deployed('info');

  say('roles');
  await permissions();
};

/** Each function with events that nobody should send: one typed error, and nothing written. */
const nonsense = async () => {
  const ref = { dataset: 'crime-war', day: DAY, run: 'r', branch: 'crime-2017' };
  const execution = { id: 'arn', name: 'r', startTime: '2026-11-20T00:00:00Z' };
  const events: [string, unknown, RegExp][] = [
    ...['planner', 'pageWalker', 'writer', 'auditor'].flatMap((name): [string, unknown, RegExp][] => [
      [name, {}, /BadInputError/],
      [name, null, /BadInputError/],
      [name, [1, 2], /BadInputError/],
      [name, 'text', /BadInputError/],
    ]),
    ['planner', { input: { dataset: 'nope' }, execution }, /BadInputError.*There is no dataset/],
    ['planner', { input: { dataset: '../crime-war' }, execution }, /BadInputError.*dataset/],
    [
      'planner',
      { input: { dataset: 'crime-war', onyl: ['crime-2017'] }, execution },
      /BadInputError.*unknown field \\*"onyl/,
    ],
    ['planner', { input: { dataset: 'crime-war', day: 20261120 }, execution }, /BadInputError.*day/],
    ['planner', { input: { dataset: 'crime-war', only: ['crime-1066'] }, execution }, /BadInputError.*crime-1066/],
    ['pageWalker', { ...ref, branch: '../../Raw/x' }, /BadInputError.*branch/],
    ['pageWalker', { ...ref, run: '..' }, /BadInputError.*run/],
    ['pageWalker', ref, /NotPlannedError/],
    ['writer', { ...ref, day: '2026-13-01' }, /BadInputError.*day/],
    ['writer', { ...ref, dataset: 'nope' }, /NotPlannedError/],
    ['auditor', { ...ref, execution: 'arn', redrive: 'no', sweeps: 0, walkersAtOnce: 4 }, /BadInputError.*redrive/],
    [
      'auditor',
      { ...ref, run: 'unknown', execution: 'arn', redrive: 0, sweeps: 0, walkersAtOnce: 4 },
      /NotPlannedError/,
    ],
  ];
  const before = await keysBelow('');
  for (const [name, event, says] of events) {
    const answer = await fetch(`${endpoint}/2015-03-31/functions/${SERVICE}-${name}/invocations`, {
      method: 'POST',
      headers: {
        Authorization:
          'AWS4-HMAC-SHA256 Credential=ak/20261120/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0',
      },
      body: JSON.stringify(event),
    });
    const { errorType = '', errorMessage = '' } = ((await answer.json()) ?? {}) as {
      errorType?: string;
      errorMessage?: string;
    };
    check(`${name} answers ${JSON.stringify(event)?.slice(0, 70)}`, `${errorType}: ${errorMessage}`, says);
  }
  check('and nothing was written', await keysBelow(''), before);
};

/** Every call that a function made is allowed by its role; and would not be, were a statement that it needed taken away. */
const permissions = async () => {
  const template = JSON.parse(
    await readFile(join(ROOT, '.serverless/cloudformation-template-update-stack.json'), 'utf8'),
  );
  const policies = policiesOf(template);
  const calls = [];
  for await (const line of createInterface(createReadStream(join(logs, 'calls.jsonl'))))
    calls.push(callOf(JSON.parse(line)));
  check(
    `${calls.length} calls were made by`,
    [...new Set(calls.map((call) => call.function))].toSorted(),
    Object.keys(policies).toSorted(),
  );
  check('each is allowed by its role', denied(calls, policies).slice(0, 5), []);
  for (const [name, statements] of Object.entries(policies)) {
    for (const [at, statement] of statements.entries()) {
      const without = { ...policies, [name]: statements.toSpliced(at, 1) };
      const missed = denied(calls, without).length;
      const what = `${name.slice(SERVICE.length + 1)} ${[statement.Action].flat().join(', ')}`;
      if (missed === 0) say(`  --   ${what}: no call of this run needed it`);
      else check(`without ${what}, ${missed} calls would be denied, and this would fail`, missed > 0, true);
    }
  }
};

try {
  await story();
} catch (error) {
  failures += 1;
  say(`WRONG  ${error instanceof Error ? error.stack : error}`);
} finally {
  emulator.kill('SIGTERM');
  await ended;
  await simulator.close();
  if (failures === 0) await rm(work, { recursive: true });
}
say(failures === 0 ? 'All of it is as it should be.' : `${failures} wrong; the functions' logs are in ${logs}`);
process.exitCode = failures === 0 ? 0 : 1;
