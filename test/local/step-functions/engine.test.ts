import { describe, expect, it } from 'vitest';
import { readFunctions, readMachines } from '../../../local/deployed.ts';
import {
  type FailedAttempt,
  type StepFunctionsOptions as Options,
  stepFunctions,
} from '../../../local/step-functions/engine.ts';
import { MAX_STATE_BYTES } from '../../../local/step-functions/limits.ts';

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

const shippedMachines = async () => (await readMachines()) as Options['machines'];

/** The shipped state machines with fake functions. */
const engine = async (
  handlers: Partial<Options['handlers']>,
  options: Partial<Omit<Options, 'functions'>> & { functions?: Partial<Options['functions']> } = {},
) =>
  stepFunctions({
    machines: await shippedMachines(),
    retryMs: 1,
    ...options,
    handlers: { ...good, ...handlers },
    functions: { ...(await readFunctions()), ...options.functions },
  });

const failing = (name: string, message = 'no') => Object.assign(new Error(message), { name });

describe('the state machines on the local engine', () => {
  it('start one execution for each planned branch, named after it', async () => {
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

  it('run the branches again that Audit reports as unfinished', async () => {
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

  it('end a run at once where another run is writing the day', async () => {
    const machines = await engine({ Plan: async () => ({ ...planned, outcome: 'turnedAway', says: 'busy' }) });
    expect(await machines.start({}).ended).toMatchObject({ status: 'SUCCEEDED', output: { says: 'busy' } });
    expect(machines.executions.size).toBe(1);
  });

  it('enter Audit again when a run is redriven, with the number of the redrive in the context object', async () => {
    const { ingest, branch } = await shippedMachines();
    const audited: unknown[] = [];
    const machines = await engine(
      {
        Audit: async (event) => {
          audited.push((event as { redriven: number }).redriven);
          if (audited.length === 1) throw failing('BranchesUnfinishedError');
          return { ...(event as object), complete: true, unfinished: [] };
        },
      },
      { machines: { ingest: withParameters(ingest, 'Audit', { 'redriven.$': '$$.Execution.RedriveCount' }), branch } },
    );
    const { execution, ended } = machines.start({});
    expect(await ended).toMatchObject({ status: 'FAILED' });
    expect(await machines.redrive(execution)).toMatchObject({ status: 'SUCCEEDED', redriveCount: 1 });
    expect(audited).toEqual([0, 1]);
  });
});

/** The definition with further Parameters on one of its states. */
const withParameters = <Definition extends Options['machines']['branch']>(
  definition: Definition,
  state: string,
  parameters: object,
): Definition => {
  const copy = structuredClone(definition);
  const changed = copy.States[state] as { Parameters?: object };
  changed.Parameters = { ...changed.Parameters, ...parameters };
  return copy;
};

describe('the attempts of a Task', () => {
  const oneBranch = async () => ({ ...planned, unfinished: ['a'] });

  it.each([
    { name: 'TmdbTokenError', calls: 1 },
    { name: 'BadInputError', calls: 1 },
    { name: 'NotPlannedError', calls: 1 },
    { name: 'WalkStalledError', calls: 1 },
    { name: 'TmdbThrottledError', calls: 3 },
    { name: 'TmdbUnavailableError', calls: 3 },
    { name: 'ListIncompleteError', calls: 3 },
    { name: 'Lambda.TooManyRequestsException', calls: 7 },
  ])('are $calls for a walker that fails with $name, and as many are reported', async ({ name, calls }) => {
    let called = 0;
    const failed: FailedAttempt[] = [];
    const machines = await engine(
      {
        Plan: oneBranch,
        Walk: async () => {
          called += 1;
          throw failing(name);
        },
      },
      { onAttempt: (attempt) => failed.push(attempt) },
    );
    expect(await machines.start({}).ended).toMatchObject({ status: 'SUCCEEDED' });
    expect(called).toBe(calls);
    const execution = [...machines.executions.values()].at(-1)?.name;
    expect(execution).toMatch(/^a-/);
    expect(failed).toEqual(
      Array.from({ length: calls }, (_, at) => ({
        state: 'Walk',
        execution,
        error: name,
        message: 'no',
        input: expect.objectContaining({ branch: 'a' }),
        attempt: at + 1,
        attempts: calls,
        retryInMs: at + 1 < calls ? 1 : undefined,
      })),
    );
  });

  it('are reported before the next one begins', async () => {
    const order: string[] = [];
    const machines = await engine(
      {
        Plan: async () => {
          order.push('call');
          if (order.length === 1) throw failing('TmdbThrottledError');
          return oneBranch();
        },
      },
      { onAttempt: ({ state, attempt, attempts }) => order.push(`${state} ${attempt} of ${attempts}`) },
    );
    await machines.start({}).ended;
    expect(order).toEqual(['call', 'Plan 1 of 4', 'call']);
  });

  it('count from 1 again each time a state is entered', async () => {
    let called = 0;
    const failed: FailedAttempt[] = [];
    const machines = await engine(
      {
        Plan: oneBranch,
        // Every second call fails; every call that returns but the last leaves the walk unfinished.
        Walk: async (event) => {
          called += 1;
          if (called % 2 === 1) throw failing('TmdbThrottledError');
          return { ...(event as object), finished: called === 6 };
        },
      },
      { onAttempt: (attempt) => failed.push(attempt) },
    );
    expect(await machines.start({}).ended).toMatchObject({ status: 'SUCCEEDED' });
    expect(called).toBe(6);
    expect(failed.map(({ attempt, attempts }) => [attempt, attempts])).toEqual([
      [1, 3],
      [1, 3],
      [1, 3],
    ]);
  });

  it('are in the context object as $$.State.RetryCount, with the name of the state', async () => {
    const { ingest, branch } = await shippedMachines();
    const seen: unknown[] = [];
    const machines = await engine(
      {
        Walk: async (event) => {
          const { branch: name, state } = event as { branch: string; state: { Name: string; RetryCount: number } };
          seen.push([name, state.Name, state.RetryCount]);
          if (state.RetryCount < 2) throw failing('TmdbThrottledError');
          return { ...(event as object), finished: true };
        },
        Plan: async () => ({ ...planned, unfinished: ['a', 'b'] }),
      },
      {
        machines: {
          ingest,
          branch: withParameters(branch, 'Walk', {
            'state.$': '$$.State',
            'branch.$': '$.branch',
            'day.$': '$.day',
            'dataset.$': '$.dataset',
            'run.$': '$.run',
          }),
        },
      },
    );
    expect(await machines.start({}).ended).toMatchObject({ status: 'SUCCEEDED' });
    expect(seen.toSorted()).toEqual(
      ['a', 'b'].flatMap((name) => [0, 1, 2].map((retryCount) => [name, 'Walk', retryCount])),
    );
  });
});

describe('a definition', () => {
  it('that is not valid is rejected before anything runs', async () => {
    const { ingest, branch } = await shippedMachines();
    await expect(engine({}, { machines: { ingest, branch: { ...branch, StartAt: 'Nowhere' } } })).rejects.toThrow(
      /definition is invalid/,
    );
  });

  it('that reads $$.State inside a Map is rejected, because the engine shares it between iterations', async () => {
    const { ingest, branch } = await shippedMachines();
    const { States } = structuredClone(ingest);
    const map = States.WalkBranches as { ItemProcessor: { States: Record<string, { Parameters: object }> } };
    Object.assign(map.ItemProcessor.States.RunBranch?.Parameters ?? {}, { 'attempt.$': '$$.State.RetryCount' });
    await expect(engine({}, { machines: { ingest: { ...ingest, States }, branch } })).rejects.toThrow(
      /^WalkBranches: a state inside it reads \$\$\.State/,
    );
  });
});

describe('the limits of AWS on this machine', () => {
  it('reject more than 262,144 bytes between states, without a retry', async () => {
    let called = 0;
    const machines = await engine({
      Plan: async () => {
        called += 1;
        return { ...planned, ballast: 'x'.repeat(MAX_STATE_BYTES) };
      },
    });
    expect(await machines.start({}).ended).toMatchObject({
      status: 'FAILED',
      error: 'States.DataLimitExceeded',
      cause: expect.stringMatching(/^Plan: the data has 262\d{3} bytes; Step Functions allows 262144/),
    });
    expect(called).toBe(1);
  });

  it('end a function at its timeout', async () => {
    const machines = await engine(
      { Audit: () => new Promise(() => undefined) },
      { functions: { auditor: { timeout: 0.01 } } },
    );
    expect(await machines.start({}).ended).toMatchObject({ status: 'FAILED', error: 'Sandbox.Timedout' });
  });

  it("give the Cause of a failure the JSON of Lambda's errors", async () => {
    const machines = await engine({
      Audit: async () => {
        throw failing('BranchesUnfinishedError', 'three are left');
      },
    });
    const { cause } = await machines.start({}).ended;
    expect(JSON.parse(cause ?? '')).toEqual({ errorType: 'BranchesUnfinishedError', errorMessage: 'three are left' });
  });

  it('allow at most 40 iterations at once', async () => {
    const withWalkers = (walkersAtOnce: number) => engine({ Plan: async () => ({ ...planned, walkersAtOnce }) });
    expect(await (await withWalkers(40)).start({}).ended).toMatchObject({ status: 'SUCCEEDED' });
    expect(await (await withWalkers(41)).start({}).ended).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
    });
  });
});
