import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StateMachine } from 'aws-local-stepfunctions';
import type { Handler } from '../../lib/wiring.ts';
import type { Functions } from '../deployed.ts';

type Json = Parameters<StateMachine['run']>[0];
type Definition = ConstructorParameters<typeof StateMachine>[0];

/** Between two states, in bytes of UTF-8. Source: docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html (read 2026-11-22). */
export const LARGEST_STATE_BYTES = 262_144;
/** Iterations of an inline Map at once; same source. */
const MOST_ITERATIONS = 40;

/** An execution, in the words of DescribeExecution. */
export interface Execution {
  executionArn: string;
  name: string;
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED';
  startDate: Date;
  input: Json;
  output?: Json;
  error?: string;
  cause?: string;
  redriveCount: number;
  /** The functions that it called: what went in, and, where one came to its end, what came out. */
  calls: { state: TaskName; input: Json; output?: Json }[];
}

export interface StepFunctionsOptions {
  machines: { ingest: Definition; branch: Definition };
  /** The real handlers, by the state that calls them. */
  handlers: { Plan: Handler<unknown>; Walk: Handler<unknown>; Write: Handler<unknown>; Audit: Handler<unknown> };
  /** What serverless.yml says of each: their timeouts hold here too. */
  functions: Functions;
  /** Milliseconds that a Retry waits here, instead of what the definition says: one laptop is no crowd. */
  retryMs: number;
}

const FUNCTION_OF = { Plan: 'planner', Walk: 'pageWalker', Write: 'writer', Audit: 'auditor' } as const;
type TaskName = keyof typeof FUNCTION_OF;

/**
 * Step Functions on this machine: the shipped definitions on aws-local-stepfunctions, with what that leaves out.
 *
 * AWS refuses more than 262,144 bytes between states and runs 40 iterations at once; it ends a function at its timeout;
 * and its Catch gets a Cause that is JSON. Executions are named, described (over HTTP, as the SDK asks) and redriven.
 */
export const stepFunctions = ({ machines, handlers, functions, retryMs }: StepFunctionsOptions) => {
  const executions = new Map<string, Execution>();
  const ingest = plain(machines.ingest);
  // Made once for all executions: the engine validates whatever it makes, which takes a tenth of a second.
  const made = { ingest: machineOf(ingest), branch: machineOf(plain(machines.branch)) };

  const caller =
    ({ calls }: Execution) =>
    (state: TaskName) =>
    async (input: Json) => {
      const { timeout } = functions[FUNCTION_OF[state]];
      const noted: Execution['calls'][number] = { state, input: guarded(state, input) };
      calls.push(noted);
      noted.output = guarded(state, await limited(handlers[state], noted.input, timeout));
      return noted.output;
    };

  const overrides = (call: ReturnType<typeof caller>) => ({
    taskResourceLocalHandlers: {
      Plan: call('Plan'),
      Audit: call('Audit'),
      Walk: call('Walk'),
      Write: call('Write'),
      RunBranch: runBranch,
    },
    retryIntervalOverrides: Object.fromEntries(Object.keys(FUNCTION_OF).map((state) => [state, retryMs])),
  });

  /** Runs a machine from a state on; the execution says how it ended. */
  const run = async (execution: Execution, machine: StateMachine, input: Json): Promise<Execution> => {
    Object.assign(execution, { status: 'RUNNING', error: undefined, cause: undefined });
    const context = {
      Execution: {
        Id: execution.executionArn,
        Name: execution.name,
        StartTime: execution.startDate.toISOString(),
        RedriveCount: execution.redriveCount,
      },
    };
    const { result } = machine.run(input, { overrides: overrides(caller(execution)), context });
    try {
      return Object.assign(execution, { status: 'SUCCEEDED', output: guarded('the end', await result) });
    } catch (error) {
      // The engine wraps what a state has thrown.
      const { name, message } = ((error as Error).cause ?? error) as Error;
      return Object.assign(execution, { status: 'FAILED', error: name, cause: message });
    }
  };

  const start = (
    machine: 'ingest' | 'branch',
    name: string,
    input: Json,
  ): { execution: Execution; ended: Promise<Execution> } => {
    const executionArn = `arn:aws:states:local:000000000000:execution:tmdb-raw-zone-local-${machine}:${name}`;
    const execution: Execution = {
      executionArn,
      name,
      status: 'RUNNING',
      startDate: new Date(),
      input,
      redriveCount: 0,
      calls: [],
    };
    executions.set(executionArn, execution);
    return { execution, ended: run(execution, made[machine], input) };
  };

  /** startExecution.sync:2. */
  const runBranch = async (parameters: Json): Promise<Json> => {
    const { Name, Input } = parameters as { Name: string; Input: Json };
    const ended = await start('branch', Name, guarded('RunBranch', Input)).ended;
    if (ended.status === 'SUCCEEDED') return { Output: ended.output ?? null };
    throw failed(
      'States.TaskFailed',
      JSON.stringify({
        ExecutionArn: ended.executionArn,
        Status: ended.status,
        Error: ended.error,
        Cause: ended.cause,
      }),
    );
  };

  return {
    start: (input: Readonly<Record<string, unknown>>, name = `local-${randomUUID()}`) =>
      start('ingest', name, input as Json),

    /** A branch by itself; what redriving its own execution in AWS's console comes to. */
    startBranch: (input: Readonly<Record<string, unknown>>) => start('branch', `local-${randomUUID()}`, input as Json),

    /** Enters Audit again with the state that it failed in, as a redrive of a run in AWS does. */
    redrive: (execution: Execution) => {
      const last = execution.calls.findLast(({ state }) => state === 'Audit');
      if (!last) throw new Error(`${execution.name} did not get as far as Audit`);
      execution.redriveCount += 1;
      // Not validated: Plan can't be reached from there, and isn't meant to.
      return run(execution, machineOf({ ...ingest, StartAt: 'Audit' }, true), last.input);
    },

    executions,

    serve: (port = 0) => serveExecutions(executions, port),
  };
};

/** DescribeExecution for the functions, which ask over HTTP and can't tell where they run. */
export const serveExecutions = async (executions: ReadonlyMap<string, Execution>, port = 0) => {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { executionArn } = JSON.parse(Buffer.concat(chunks).toString() || '{}') as { executionArn?: string };
    const known = executions.get(executionArn ?? '');
    const answer = known
      ? {
          executionArn,
          name: known.name,
          status: known.status,
          redriveCount: known.redriveCount,
          startDate: known.startDate.getTime() / 1000,
        }
      : { __type: 'ExecutionDoesNotExist', message: `There is no execution ${executionArn}` };
    response.writeHead(known ? 200 : 400, { 'Content-Type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const machineOf = (definition: Definition, noValidate = false): StateMachine =>
  new StateMachine(definition, { validationOptions: { checkArn: false, noValidate } });

/** The definition without CloudFormation's intrinsics, which the engine takes for an error: every Task is overridden anyway. */
const plain = (definition: Definition): Definition =>
  JSON.parse(JSON.stringify(definition), (key, value) => {
    if (key === 'Resource' && typeof value === 'object') return 'arn:aws:lambda:us-east-1:000000000000:function:local';
    if (key === 'StateMachineArn' && typeof value === 'object')
      return 'arn:aws:states:us-east-1:000000000000:stateMachine:local';
    if (key === 'MaxConcurrency' && value > MOST_ITERATIONS) return MOST_ITERATIONS;
    return value;
  }) as Definition;

const failed = (name: string, message: string): Error => Object.assign(new Error(message), { name });

/** What AWS refuses to hand from state to state, this refuses too; and, as there, nothing but JSON gets through. */
const guarded = (where: string, value: Json | undefined): Json => {
  const text = JSON.stringify(value ?? null);
  const bytes = Buffer.byteLength(text);
  if (bytes > LARGEST_STATE_BYTES)
    throw failed(
      'States.DataLimitExceeded',
      `${where}: ${bytes} bytes between states; Step Functions takes ${LARGEST_STATE_BYTES}`,
    );
  const { walkersAtOnce } = (value ?? {}) as { walkersAtOnce?: number };
  if (walkersAtOnce !== undefined && walkersAtOnce > MOST_ITERATIONS)
    throw failed('States.Runtime', `${walkersAtOnce} iterations at once; an inline Map runs ${MOST_ITERATIONS}`);
  return JSON.parse(text) as Json;
};

/** Calls a handler as Lambda does: it knows what time is left, and is over when none is. Its error becomes JSON in a Cause. */
const limited = async (handler: Handler<unknown>, event: Json, timeoutSeconds: number): Promise<Json> => {
  const end = Date.now() + timeoutSeconds * 1000;
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(failed('Sandbox.Timedout', `Task timed out after ${timeoutSeconds}.00 seconds`)),
      timeoutSeconds * 1000,
    );
  });
  try {
    return (await Promise.race([
      handler(event, { getRemainingTimeInMillis: () => Math.max(0, end - Date.now()) }),
      over,
    ])) as Json;
  } catch (error) {
    const { name, message } = error as Error;
    throw failed(name, JSON.stringify({ errorType: name, errorMessage: message }));
  } finally {
    clearTimeout(timer);
  }
};
