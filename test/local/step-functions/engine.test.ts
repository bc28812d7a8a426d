import { SFNClient } from '@aws-sdk/client-sfn';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sfnExecutions } from '../../../lib/runs/executions.ts';
import { readFunctions, readMachines } from '../../../local/deployed.ts';
import { LARGEST_STATE_BYTES, stepFunctions } from '../../../local/step-functions/engine.ts';

type Options = Parameters<typeof stepFunctions>[0];

const planned = {
  dataset: 'd',
  day: '2026-11-20',
  run: 'r',
  outcome: 'planned',
  redrive: 0,
  sweeps: 0,
  walkersAtOnce: 4,
  unfinished: ['a', 'b', 'c'],
};
const good: Options['handlers'] = {
  Plan: async () => planned,
  Walk: async (event) => ({ ...(event as object), finished: true }),
  Write: async () => ({}),
  Audit: async (event) => ({ ...(event as object), complete: true, unfinished: [] }),
};

/** The shipped machines over stand-ins for the functions. */
const engine = async (handlers: Partial<Options['handlers']>, timeouts: Record<string, { timeout: number }> = {}) =>
  stepFunctions({
    machines: (await readMachines()) as Options['machines'],
    handlers: { ...good, ...handlers },
    functions: { ...(await readFunctions()), ...timeouts },
    retryMs: 1,
  });

describe('the state machines on the local engine', () => {
  it('run a branch of its own name for each that is planned', async () => {
    const machines = await engine({});
    expect(await machines.start({}).ended).toMatchObject({ status: 'SUCCEEDED' });
    const names = [...machines.executions.values()].map(({ name }) => name.replace(/-[0-9a-f]{8}-.*$/, ''));
    expect(names.slice(1).toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('call Walk again until it has finished', async () => {
    let calls = 0;
    const machines = await engine({
      Plan: async () => ({ ...planned, unfinished: ['a'] }),
      Walk: async (event) => ({ ...(event as object), finished: ++calls === 3 }),
    });
    expect(await machines.start({}).ended).toMatchObject({ status: 'SUCCEEDED' });
    expect(calls).toBe(3);
  });

  it.each([
    { name: 'TmdbTokenError', calls: 1 },
    { name: 'BadInputError', calls: 1 },
    { name: 'NotPlannedError', calls: 1 },
    { name: 'WalkStalledError', calls: 1 },
    { name: 'TmdbThrottledError', calls: 3 },
    { name: 'TmdbUnavailableError', calls: 3 },
    { name: 'ListIncompleteError', calls: 3 },
    { name: 'Lambda.TooManyRequestsException', calls: 7 },
  ])('call a walker that fails with $name $calls times in a sweep', async ({ name, calls }) => {
    let called = 0;
    const machines = await engine({
      Plan: async () => ({ ...planned, unfinished: ['a'] }),
      Walk: async () => {
        called += 1;
        throw Object.assign(new Error('no'), { name });
      },
    });
    expect(await machines.start({}).ended).toMatchObject({ status: 'SUCCEEDED' });
    expect(called).toBe(calls);
  });

  it('sweep again over what Audit says is unfinished', async () => {
    let audits = 0;
    const walked: string[] = [];
    const machines = await engine({
      Walk: async (event) => {
        walked.push((event as { branch: string }).branch);
        return { ...(event as object), finished: true };
      },
      Audit: async (event) => ({ ...(event as object), complete: ++audits === 2, unfinished: ['b'] }),
    });
    expect(await machines.start({}).ended).toMatchObject({ status: 'SUCCEEDED' });
    expect(walked.toSorted()).toEqual(['a', 'b', 'b', 'c']);
  });

  it('end a run at once where another has the day', async () => {
    const machines = await engine({ Plan: async () => ({ ...planned, outcome: 'turnedAway', says: 'busy' }) });
    expect(await machines.start({}).ended).toMatchObject({ status: 'SUCCEEDED', output: { says: 'busy' } });
    expect(machines.executions.size).toBe(1);
  });
});

describe('the limits of AWS on this machine', () => {
  it('nothing above 262,144 bytes goes from state to state, and no Catch sees it', async () => {
    const machines = await engine({ Plan: async () => ({ ...planned, ballast: 'x'.repeat(LARGEST_STATE_BYTES) }) });
    expect(await machines.start({}).ended).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  });

  it('a function is over at its timeout', async () => {
    const machines = await engine({ Audit: () => new Promise(() => undefined) }, { auditor: { timeout: 0.01 } });
    expect(await machines.start({}).ended).toMatchObject({ status: 'FAILED', error: 'Sandbox.Timedout' });
  });

  it('the cause of a failure is the JSON that Lambda makes of an error', async () => {
    const machines = await engine({
      Audit: async () => {
        throw Object.assign(new Error('three are left'), { name: 'BranchesUnfinishedError' });
      },
    });
    const { cause } = await machines.start({}).ended;
    expect(JSON.parse(cause ?? '')).toEqual({ errorType: 'BranchesUnfinishedError', errorMessage: 'three are left' });
  });

  it('no more than 40 iterations run at once', async () => {
    const machines = await engine({ Plan: async () => ({ ...planned, walkersAtOnce: 41 }) });
    expect(await machines.start({}).ended).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
  });

  it('DescribeExecution answers the SDK', async () => {
    const { promise: described, resolve: letGo } = Promise.withResolvers<void>();
    const machines = await engine({ Plan: () => described.then(() => planned) });
    const served = await machines.serve();
    onTestFinished(() => served.close());
    const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
    const executions = sfnExecutions(new SFNClient({ endpoint: served.url, region: 'us-east-1', credentials }));
    const { execution, ended } = machines.start({});
    expect(await executions.isRunning(execution.executionArn)).toBe(true);
    letGo();
    await ended;
    expect(await executions.isRunning(execution.executionArn)).toBe(false);
    expect(await executions.redriveCount(execution.executionArn)).toBe(0);
    expect(await executions.isRunning(`${execution.executionArn}-unknown`)).toBe(false);
  });
});
