import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
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
import { pythonWithPackages } from './python.ts';

/*
 * `npm run emulator`: a deployment for real, on an emulator of AWS.
 *
 * It deploys with `sls deploy`, runs, makes a run fail, redrives it, removes the service and deploys it again, and checks
 * every call of every function against the function's IAM role. It takes 10 to 20 minutes, and needs Python 3.10 or
 * later: its first run installs moto into .local/emulator-venv, which takes another minute.
 */
const STAGE = 'emulator';
const BUCKET = 'emulated-raw-zone';
const SERVICE = `tmdb-raw-zone-${STAGE}`;
const DAY = '2026-11-20';
/** Minutes to wait for one execution. One that fails takes some 3, as its retries wait half a minute and more. */
const MAX_WAIT_MINUTES = 15;

const say = (text: string) => process.stdout.write(`${text}\n`);

const python = await pythonWithPackages({
  venv: join(ROOT, '.local/emulator-venv'),
  onInstall: () => say('Installing test/emulator/requirements.txt into .local/emulator-venv …'),
}).catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
const work = await mkdtemp(join(tmpdir(), 'emulator-'));
const logs = join(work, 'logs');
await mkdir(logs);

// --- what it prints ------------------------------------------------------------------------------------------------

let failures = 0;
const check = (what: string, actual: unknown, expected: unknown) => {
  const matches = expected instanceof RegExp ? expected.test(String(actual)) : isDeepStrictEqual(actual, expected);
  if (!matches) failures += 1;
  say(
    `${matches ? '  ok  ' : 'WRONG '} ${what}${matches ? '' : `: expected ${expected instanceof RegExp ? expected : JSON.stringify(expected)}, got ${JSON.stringify(actual)}`}`,
  );
};

// --- the emulator, and TMDB's simulator ---------------------------------------------------------------------------

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
const emulatorLog = await open(join(logs, 'emulator.log'), 'w');
const emulator = spawn(
  python,
  [
    join(import.meta.dirname, 'emulator.py'),
    ...['--port', String(port)],
    ...['--folder', work],
    ...['--node', process.execPath],
    ...['--sandbox', fileURLToPath(new URL('./lambda-sandbox.ts', import.meta.url))],
    ...['--lambda-env', JSON.stringify({ TMDB_BASE_URL: simulator.url })],
  ],
  { stdio: ['ignore', emulatorLog.fd, emulatorLog.fd] },
);
const emulatorEnded = new Promise((resolve) => emulator.on('close', resolve));

const credentials = { accessKeyId: 'ak', secretAccessKey: 'sk' };
const config = { endpoint, region: 'us-east-1', credentials };
const s3 = new S3Client({ ...config, forcePathStyle: true });
const sfn = new SFNClient(config);
const ssm = new SSMClient(config);

/** Asks until there is a value; an error means that there is none yet. */
const until = async <Value>(ask: () => Promise<Value | undefined>, everyMs = 500): Promise<Value> => {
  const giveUpAt = Date.now() + MAX_WAIT_MINUTES * 60_000;
  let lastError: unknown;
  for (;;) {
    const value = await ask().catch((error: unknown) => {
      lastError = error;
      return undefined;
    });
    if (value !== undefined) return value;
    if (Date.now() > giveUpAt)
      throw new Error(`Nothing after ${MAX_WAIT_MINUTES} minutes; see ${logs}.`, { cause: lastError });
    if (emulator.exitCode !== null)
      throw new Error(`The emulator ended with exit code ${emulator.exitCode}; see ${logs}/emulator.log.`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
};

const sls = (...args: string[]) =>
  new Promise<{ code: number | null; printed: string }>((resolve) => {
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
    let printed = '';
    child.stdout.on('data', (chunk) => (printed += chunk));
    child.stderr.on('data', (chunk) => (printed += chunk));
    child.on('close', (code) => resolve({ code, printed }));
  });

/** Runs `sls` and checks that it succeeds. @returns What it printed. */
const slsSucceeds = async (...args: string[]) => {
  const { code, printed } = await sls(...args);
  check(`sls ${args.join(' ')}`, code, 0);
  if (code !== 0) say(printed);
  return printed;
};

// --- executions and the bucket ------------------------------------------------------------------------------------

const machineArn = (name: 'ingest' | 'branch') =>
  `arn:aws:states:us-east-1:123456789012:stateMachine:${SERVICE}-${name}`;
const start = async (input: object, of: 'ingest' | 'branch' = 'ingest') => {
  const { executionArn = '' } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn: machineArn(of), input: JSON.stringify(input) }),
  );
  return executionArn;
};
/** The execution once it has ended. */
const ended = (executionArn: string) =>
  until(async () => {
    const execution = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    return execution.status === 'RUNNING' ? undefined : execution;
  });
const redrive = async (executionArn: string) => {
  await sfn.send(new RedriveExecutionCommand({ executionArn }));
  return ended(executionArn);
};
const branchExecutions = async (status?: 'FAILED') => {
  const { executions = [] } = await sfn.send(
    new ListExecutionsCommand({
      stateMachineArn: machineArn('branch'),
      maxResults: 1000,
      ...(status && { statusFilter: status }),
    }),
  );
  return executions;
};
const runOf = (executionArn: string) => executionArn.split(':').at(-1) ?? '';

const keysWithPrefix = async (prefix: string): Promise<string[]> => {
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
      (await keysWithPrefix(prefix)).toSorted().map(async (key) => [key, sha256(await object(key))] as const),
    ),
  );

/** The raw zone as `npm start` writes it for the same day and catalogue; each key with the SHA-256 of its object. */
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

/** Whether all lists that were requested since concern crime in 2017. */
const onlyCrime2017 = (from: number) => {
  const lists = simulator.asked.slice(from).filter(({ path }) => path === '/discover/movie');
  return lists.every(
    ({ query }) => query.with_genres === '80' && query['primary_release_date.gte']?.startsWith('2017'),
  );
};
const requests = (from: number) => simulator.asked.slice(from).filter(({ path }) => path !== '/authentication').length;
const breakTmdb = () => simulator.use(faultsNamed('outage-crime-2017') ?? []);
const fixTmdb = () => simulator.use([]);

// --- the checks ----------------------------------------------------------------------------------------------------

const runChecks = async () => {
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

  say('Deploy, run, compare with npm start');
  await slsSucceeds('deploy');
  const noToken = await ended(await start({ dataset: 'crime-war', day: '2026-01-01' }));
  check(
    'without a token the run fails in Plan, and says how to set it',
    `${noToken.error} ${noToken.cause}`,
    /^TmdbTokenError .*The SSM parameter \/tmdb-raw-zone\/emulator\/tmdb-token could not be read .*put-parameter/,
  );
  await putToken('simulator');
  // The template enables it, but moto's CloudFormation ignores that.
  await s3.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: { Status: 'Enabled' } }));
  const printed = await slsSucceeds(
    'invoke',
    'stepf',
    '--name',
    'ingest',
    '--data',
    JSON.stringify({ dataset: 'crime-war', day: DAY }),
  );
  check('an execution started with sls invoke stepf succeeds', printed, /SUCCEEDED/);
  const names = (await branchExecutions()).map(({ name = '' }) => name.replace(/-[0-9a-f]{8}-[0-9a-f-]{27}$/, ''));
  check(
    'it has 22 branch executions with readable names',
    names.toSorted().join(' '),
    ['crime', 'war'].flatMap((genre) => Array.from({ length: 11 }, (_, at) => `${genre}-${2012 + at}`)).join(' '),
  );
  check('it writes what npm start writes, byte for byte', await rawZone('Raw/TMDB/'), await rawZoneOfNpmStart());
  check('its manifest says complete', (await json(`_manifests/crime-war/${DAY}/manifest.json`)).complete, true);
  check(
    'its parts have versions',
    (await json(`_manifests/crime-war/${DAY}/branches/crime-2017.json`)).parts[0].versionId,
    /^(?!undefined)\S+/,
  );

  say('One failed branch, redriven with the run');
  breakTmdb();
  const failing = await start({ dataset: 'crime-war', day: '2026-11-27' });
  const failed = await ended(failing);
  check('the run fails in Audit', `${failed.status} ${failed.error}`, 'FAILED BranchesUnfinishedError');
  check(
    'its cause names the branch and the error',
    failed.cause,
    /1 of 22 branches: crime-2017 \(TmdbUnavailableError/,
  );
  check(
    'the other 21 branches are written',
    (await keysWithPrefix('_manifests/crime-war/2026-11-27/branches/')).length,
    21,
  );
  let asked = simulator.asked.length;
  check('redriven while TMDB still fails, it fails again', (await redrive(failing)).status, 'FAILED');
  check('that redrive requests only crime in 2017', simulator.asked.length > asked && onlyCrime2017(asked), true);
  fixTmdb();
  asked = simulator.asked.length;
  check('redriven after TMDB is fixed, it succeeds', (await redrive(failing)).status, 'SUCCEEDED');
  check('that redrive requests only crime in 2017', onlyCrime2017(asked), true);
  check('the day is complete', (await json('_manifests/crime-war/2026-11-27/manifest.json')).complete, true);

  say('One failed branch, redriven by itself');
  const few = ['crime-2017', 'war-2012', 'war-2013'];
  breakTmdb();
  const second = await start({ dataset: 'crime-war', day: '2026-12-04', only: few });
  check('the run fails', (await ended(second)).status, 'FAILED');
  fixTmdb();
  const [latest] = (await branchExecutions('FAILED'))
    .filter(({ name = '' }) => name.startsWith('crime-2017-'))
    .toSorted((a, b) => Number(b.startDate) - Number(a.startDate));
  check('the branch, redriven, succeeds', (await redrive(latest?.executionArn ?? '')).status, 'SUCCEEDED');
  asked = simulator.asked.length;
  check('the run, redriven after it, succeeds', (await redrive(second)).status, 'SUCCEEDED');
  check('its redrive makes no request to TMDB', simulator.asked.length - asked, 0);

  say('Resume');
  breakTmdb();
  const third = await start({ dataset: 'crime-war', day: '2026-12-11', only: few });
  check('the run fails', (await ended(third)).status, 'FAILED');
  fixTmdb();
  asked = simulator.asked.length;
  const resumed = await ended(await start({ dataset: 'crime-war', resume: runOf(third) }));
  check('a new execution that resumes it succeeds', resumed.status, 'SUCCEEDED');
  check('it requests only crime in 2017', requests(asked) > 0 && onlyCrime2017(asked), true);

  say('Two starts for the same day');
  const both = await Promise.all([
    start({ dataset: 'crime-war', day: '2026-12-18', only: few }),
    start({ dataset: 'crime-war', day: '2026-12-18', only: few }),
  ]);
  const ends = await Promise.all(both.map(ended));
  check(
    'both end SUCCEEDED',
    ends.map(({ status }) => status),
    ['SUCCEEDED', 'SUCCEEDED'],
  );
  const away = ends.filter(({ output = '' }) => output.includes('turnedAway'));
  check(
    'one of them because the other is writing this day, and says so',
    away.map(({ output = '' }) => JSON.parse(output).says).join(),
    /arn:aws:states:\S+ is writing crime-war, 2026-12-18, already; this run writes nothing\.$/,
  );
  const runs = (await keysWithPrefix('_runs/crime-war/2026-12-18/')).map((key) => key.split('/')[3]);
  check('that one wrote nothing', new Set(runs).size, 2); // the lock, and the run that worked
  const holder = `${machineArn('ingest').replace('stateMachine', 'execution')}:died-long-ago`;
  await s3.send(
    new PutObjectCommand({
      Bucket: BUCKET,
      Key: '_runs/crime-war/2026-12-25/lock.json',
      Body: JSON.stringify({ holder, since: '2026-12-24T00:00:00Z' }),
    }),
  );
  check(
    'a run takes over the lock of an execution that no longer exists',
    (await ended(await start({ dataset: 'crime-war', day: '2026-12-25', only: ['war-2012'] }))).output,
    /"complete": ?true/,
  );

  say('The other datasets');
  check('popular succeeds', (await ended(await start({ dataset: 'popular', day: DAY }))).status, 'SUCCEEDED');
  const csv = join(work, 'movies.csv');
  await writeCsv(csv, { kind: 'Movies', rows: 2_000, ids: 500, seed: 1 });
  await s3.send(
    new PutObjectCommand({
      Bucket: BUCKET,
      Key: `Raw/Local/CSV/Movies/2026/11/20/movies.csv`,
      Body: await readFile(csv),
    }),
  );
  check('csv-details succeeds', (await ended(await start({ dataset: 'csv-details', day: DAY }))).status, 'SUCCEEDED');

  say('Invalid events');
  await invalidEvents();

  say('Remove, deploy again, with a wrong token');
  await slsSucceeds('remove');
  check(
    'sls remove keeps the bucket and its objects',
    (await keysWithPrefix('_manifests/crime-war/latest.json')).length,
    1,
  );
  // Under another name: a warm function caches the parameter that it has read for five minutes.
  await ssm.send(
    new PutParameterCommand({ Name: `/tmdb-raw-zone/${STAGE}/wrong-token`, Value: 'wrong', Type: 'SecureString' }),
  );
  await slsSucceeds('deploy', '--param', `tokenParameter=/tmdb-raw-zone/${STAGE}/wrong-token`);
  const wrong = await ended(await start({ dataset: 'crime-war', day: '2027-01-01', only: ['war-2012'] }));
  check(
    'with a wrong token the run fails in Plan',
    `${wrong.error} ${wrong.cause}`,
    /^TmdbTokenError .*TMDB rejected the token \(401, code 7/,
  );
  await slsSucceeds('info');

  say('IAM roles');
  await checkRoles();
};

/** Invokes each function with invalid events: each fails with a typed error, and nothing is written. */
const invalidEvents = async () => {
  const ref = { dataset: 'crime-war', day: DAY, run: 'r', branch: 'crime-2017' };
  const execution = { id: 'arn', name: 'r', startTime: '2026-11-20T00:00:00Z' };
  const events: [name: string, event: unknown, error: RegExp][] = [
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
  const before = await keysWithPrefix('');
  for (const [name, event, error] of events) {
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
    check(`${name} rejects ${JSON.stringify(event)?.slice(0, 70)}`, `${errorType}: ${errorMessage}`, error);
  }
  check('none of them wrote anything', await keysWithPrefix(''), before);
};

/**
 * Checks every call against the function's IAM role. Then removes one statement at a time and counts the calls that the
 * role would deny: a statement that no call needed is printed.
 */
const checkRoles = async () => {
  const template = JSON.parse(
    await readFile(join(ROOT, '.serverless/cloudformation-template-update-stack.json'), 'utf8'),
  );
  const policies = policiesOf(template);
  const calls = [];
  for await (const line of createInterface(createReadStream(join(logs, 'calls.jsonl'))))
    calls.push(callOf(JSON.parse(line)));
  check(
    `all functions made calls (${calls.length})`,
    [...new Set(calls.map((call) => call.function))].toSorted(),
    Object.keys(policies).toSorted(),
  );
  check('the IAM role of the function allows each call', denied(calls, policies).slice(0, 5), []);
  for (const [name, statements] of Object.entries(policies)) {
    for (const [at, statement] of statements.entries()) {
      const without = { ...policies, [name]: statements.toSpliced(at, 1) };
      const deniedCalls = denied(calls, without).length;
      const what = `${name.slice(SERVICE.length + 1)} ${[statement.Action].flat().join(', ')}`;
      if (deniedCalls === 0) say(`  --   ${what}: no call in this run needed it`);
      else check(`without ${what}, the role would deny ${deniedCalls} calls`, deniedCalls > 0, true);
    }
  }
};

try {
  await runChecks();
} catch (error) {
  failures += 1;
  say(`WRONG  ${error instanceof Error ? error.stack : error}`);
} finally {
  emulator.kill('SIGTERM');
  await emulatorEnded;
  await simulator.close();
  if (failures === 0) await rm(work, { recursive: true });
}
say(failures === 0 ? 'All checks passed.' : `${failures} checks failed; the logs are in ${logs}`);
process.exitCode = failures === 0 ? 0 : 1;
