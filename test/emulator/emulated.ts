import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  RedriveExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { ROOT } from '../../local/deployed.ts';
import { defaultCatalogue } from '../../local/simulator/catalogue.ts';
import { faultsNamed } from '../../local/simulator/faults.ts';
import { startSimulator } from '../../local/simulator/simulator.ts';

export const STAGE = 'emulator';
/** Named by the first deployment only; later ones must find it. */
export const BUCKET = 'emulated-raw-zone';
export const SERVICE = `tmdb-raw-zone-${STAGE}`;
/** The day of the first run. */
export const DAY = '2026-11-20';
/** Three branches, for scenarios that don't need all 22. crime-2017 is the one that an outage concerns. */
export const FEW = ['crime-2017', 'war-2012', 'war-2013'];
/** Minutes to wait for one execution. One that fails takes some 3, as its retries wait half a minute and more. */
const MAX_WAIT_MINUTES = 15;

/** What a scenario gets. */
export type Emulated = Awaited<ReturnType<typeof startEmulated>>;

/** Some checks that belong together. They run in the order of run.ts, in one emulator, so use other days than the others. */
export interface Scenario {
  /** What is said before its checks, and what a pattern on the command line is compared with. */
  title: string;
  /** Whether it runs too if the command line selects others: those need what it does. */
  always?: true;
  run: (emulated: Emulated) => Promise<void>;
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

export const sha256 = (body: Uint8Array) => createHash('sha256').update(body).digest('hex');
/** The name of the run of an execution of the ingest machine. */
export const runOf = (executionArn: string) => executionArn.split(':').at(-1) ?? '';

/**
 * Starts the emulator of AWS and TMDB's simulator.
 *
 * @param python A Python with the packages of requirements.txt.
 * @param say Prints one line.
 */
export const startEmulated = async (python: string, say: (text: string) => void) => {
  const work = await mkdtemp(join(tmpdir(), 'emulator-'));
  const logs = join(work, 'logs');
  await mkdir(logs);

  let failures = 0;
  const check = (what: string, actual: unknown, expected: unknown) => {
    const matches = expected instanceof RegExp ? expected.test(String(actual)) : isDeepStrictEqual(actual, expected);
    if (!matches) failures += 1;
    say(
      `${matches ? '  ok  ' : 'WRONG '} ${what}${matches ? '' : `: expected ${expected instanceof RegExp ? expected : JSON.stringify(expected)}, got ${JSON.stringify(actual)}`}`,
    );
  };

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
  await emulatorLog.close(); // the process has its own copy
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

  /** Runs `sls`, for STAGE if no other one is named. */
  const sls = (...args: string[]) =>
    new Promise<{ code: number | null; printed: string }>((resolve) => {
      const child = spawn(
        process.execPath,
        ['node_modules/serverless/bin/serverless.js', ...args, ...(args.includes('--stage') ? [] : ['--stage', STAGE])],
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

  /** Runs `sls` and checks that it fails and says why. */
  const slsRefuses = async (says: RegExp, ...args: string[]) => {
    const { code, printed } = await sls(...args);
    check(`sls ${args.join(' ')} is refused`, code, 1);
    check('it says why', printed, says);
  };

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
    (await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }))).Body?.transformToByteArray() ??
    new Uint8Array();
  const json = async (key: string) => JSON.parse(Buffer.from(await object(key)).toString());
  const rawZone = async (prefix: string): Promise<Record<string, string>> =>
    Object.fromEntries(
      await Promise.all(
        (await keysWithPrefix(prefix)).toSorted().map(async (key) => [key, sha256(await object(key))] as const),
      ),
    );

  /** Whether all lists that were requested since concern crime in 2017. */
  const onlyCrime2017 = (from: number) => {
    const lists = simulator.asked.slice(from).filter(({ path }) => path === '/discover/movie');
    return lists.every(
      ({ query }) => query.with_genres === '80' && query['primary_release_date.gte']?.startsWith('2017'),
    );
  };
  const requests = (from: number) =>
    simulator.asked.slice(from).filter(({ path }) => path !== '/authentication').length;
  const breakTmdb = () => simulator.use(faultsNamed('outage-crime-2017') ?? []);
  const fixTmdb = () => simulator.use([]);

  /** Stores TMDB's token under a name in SSM. */
  const putToken = (Value: string, name = 'tmdb-token') =>
    ssm.send(
      new PutParameterCommand({
        Name: `/tmdb-raw-zone/${STAGE}/${name}`,
        Value,
        Type: 'SecureString',
        Overwrite: true,
      }),
    );
  const putObject = (Key: string, Body: Uint8Array | string) =>
    s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));

  /** Invokes a function by its name in serverless.yml. @returns Its result, or its error with `errorType`. */
  const invoke = async (name: string, event: unknown): Promise<unknown> => {
    const answer = await fetch(`${endpoint}/2015-03-31/functions/${SERVICE}-${name}/invocations`, {
      method: 'POST',
      headers: {
        Authorization:
          'AWS4-HMAC-SHA256 Credential=ak/20261120/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0',
      },
      body: JSON.stringify(event),
    });
    return answer.json();
  };

  /** Stops both, and deletes what they wrote if no check failed. */
  const close = async () => {
    emulator.kill('SIGTERM');
    await emulatorEnded;
    await simulator.close();
    if (failures === 0) await rm(work, { recursive: true });
  };

  await until(async () => ((await fetch(`${endpoint}/moto-api/`)).ok ? true : undefined));

  return {
    python,
    say,
    work,
    logs,
    endpoint,
    simulator,
    s3,
    sfn,
    check,
    until,
    /** Counts a scenario that threw an error. */
    failed: () => {
      failures += 1;
    },
    failures: () => failures,
    sls,
    slsSucceeds,
    slsRefuses,
    machineArn,
    start,
    ended,
    redrive,
    branchExecutions,
    keysWithPrefix,
    object,
    json,
    rawZone,
    putObject,
    putToken,
    invoke,
    onlyCrime2017,
    requests,
    breakTmdb,
    fixTmdb,
    close,
  };
};
