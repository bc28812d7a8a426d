import { hash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';
import type { Handler } from '../../lib/lambda.ts';
import { type Functions, ROOT } from '../deployed.ts';
import { callAsLambda } from './lambda-call.ts';
import { assertMapConcurrency, type Json, jsonWithinLimit, MAX_MAP_CONCURRENCY } from './limits.ts';
import { type AttemptOutcome, countAttempts, retriersOf } from './retries.ts';
import { TaskError } from './task-error.ts';

/** An execution, with the field names of DescribeExecution. */
export interface Execution {
  executionArn: string;
  name: string;
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED';
  startDate: Date;
  /** Absent while it runs. */
  stopDate?: Date | undefined;
  input: Json;
  output?: Json;
  error?: string;
  cause?: string;
  redriveCount: number;
  /** The calls of functions, in order: the input, and the output of those that returned. */
  calls: { state: TaskName; input: Json; output?: Json }[];
}

/** A failed attempt of a Task, and whether the definition's Retry blocks retry it. */
export interface FailedAttempt extends AttemptOutcome {
  state: TaskName;
  /** The execution's name: the run's for Plan and Audit, the branch's with a UUID for Walk and Write. */
  execution: string;
  /** The error's name, which Retry and Catch compare. */
  error: string;
  message: string;
  /** The input of the Task. */
  input: Json;
}

export interface StepFunctionsOptions {
  machines: { ingest: StateMachineDefinition; branch: StateMachineDefinition };
  /** The real handlers, by the state that calls them. */
  handlers: Record<TaskName, Handler<unknown>>;
  /** The functions' timeouts in serverless.yml. They apply here too. */
  functions: Functions;
  /** Milliseconds before a retry, in place of the definition's IntervalSeconds and BackoffRate. */
  retryMs: number;
  /** Called for each failed attempt, before the retry. It must not throw. */
  onAttempt?: ((failed: FailedAttempt) => void) | undefined;
}

/** The ARN of each execution of this engine begins like this. */
export const LOCAL_EXECUTIONS = 'arn:aws:states:local:000000000000:execution:';

const FUNCTION_OF = { Plan: 'planner', Walk: 'pageWalker', Write: 'writer', Audit: 'auditor' } as const;
type TaskName = keyof typeof FUNCTION_OF;

/**
 * Step Functions on this machine. It runs the deployed definitions on aws-local-stepfunctions, and adds missing behavior.
 *
 * As in AWS, at most 262,144 bytes pass between states and 40 iterations run at once, a function ends at its timeout,
 * a Cause is JSON, `$$.State` is in the context object, and executions have names and can be redriven.
 *
 * @throws {Error} A definition is not valid, or reads `$$.State` where this engine can't offer it.
 */
export const stepFunctions = ({ machines, handlers, functions, retryMs, onAttempt }: StepFunctionsOptions) => {
  const executions = new Map<string, Execution>();
  const definitions = { ingest: runnable(machines.ingest), branch: runnable(machines.branch) };

  /** Runs a machine from its StartAt; the execution says how it ended. */
  const run = async (execution: Execution, definition: StateMachineDefinition, input: Json): Promise<Execution> => {
    Object.assign(execution, { status: 'RUNNING', error: undefined, cause: undefined, stopDate: undefined });
    const currentState = { Name: '', EnteredTime: '', RetryCount: 0 };
    let outcomeOf = countAttempts([], retryMs);
    const enter = (name: string) => {
      Object.assign(currentState, { Name: name, EnteredTime: new Date().toISOString(), RetryCount: 0 });
      outcomeOf = countAttempts(retriersOf(definition, name), retryMs);
    };

    const task = (state: TaskName) => async (parameters: Json) => {
      try {
        const call: Execution['calls'][number] = { state, input: jsonWithinLimit(state, parameters) };
        execution.calls.push(call);
        const result = await callAsLambda(handlers[state], call.input, functions[FUNCTION_OF[state]].timeout);
        call.output = jsonWithinLimit(state, result);
        assertMapConcurrency(call.output);
        return call.output;
      } catch (error) {
        const taskError = error as TaskError;
        const outcome = outcomeOf(taskError);
        currentState.RetryCount = outcome.attempt;
        const { message } = (taskError.cause ?? taskError) as Error;
        onAttempt?.({
          state,
          execution: execution.name,
          error: taskError.name,
          message,
          input: parameters,
          ...outcome,
        });
        throw error;
      }
    };

    const machine = new StateMachine(notifyOnEntry(definition, enter), { validationOptions: { noValidate: true } });
    const { result } = machine.run(input, {
      overrides: {
        taskResourceLocalHandlers: {
          Plan: task('Plan'),
          Walk: task('Walk'),
          Write: task('Write'),
          Audit: task('Audit'),
          RunBranch: runBranch,
        },
        retryIntervalOverrides: Object.fromEntries(Object.keys(FUNCTION_OF).map((state) => [state, retryMs])),
      },
      context: {
        Execution: {
          Id: execution.executionArn,
          Name: execution.name,
          StartTime: execution.startDate.toISOString(),
          RedriveCount: execution.redriveCount,
        },
        State: currentState,
      },
    });
    try {
      const output = jsonWithinLimit('the output', await result);
      return Object.assign(execution, { status: 'SUCCEEDED', output, stopDate: new Date() });
    } catch (error) {
      // The engine wraps the error of a state in its own.
      const { name, message } = ((error as Error).cause ?? error) as Error;
      return Object.assign(execution, { status: 'FAILED', error: name, cause: message, stopDate: new Date() });
    }
  };

  const start = (
    machine: 'ingest' | 'branch',
    name: string,
    input: Json,
  ): { execution: Execution; ended: Promise<Execution> } => {
    const executionArn = `${LOCAL_EXECUTIONS}tmdb-raw-zone-local-${machine}:${name}`;
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
    return { execution, ended: run(execution, definitions[machine], input) };
  };

  /** startExecution.sync:2. */
  const runBranch = async (parameters: Json): Promise<Json> => {
    const { Name, Input } = parameters as { Name: string; Input: Json };
    const ended = await start('branch', Name, jsonWithinLimit('RunBranch', Input)).ended;
    if (ended.status === 'SUCCEEDED') return { Output: ended.output ?? null };
    throw new TaskError(
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

    /** Runs one branch alone: what a redrive of that branch's execution in the AWS console does. */
    startBranch: (input: Readonly<Record<string, unknown>>) => start('branch', `local-${randomUUID()}`, input as Json),

    /** Enters Audit again with the input of its last call, as AWS does when a run that failed there is redriven. */
    redrive: (execution: Execution) => {
      const lastAudit = execution.calls.findLast(({ state }) => state === 'Audit');
      if (!lastAudit)
        throw new Error(`${execution.name} ended before Audit, so it can't be redriven here. Start a new run.`);
      execution.redriveCount += 1;
      return run(execution, { ...definitions.ingest, StartAt: 'Audit' }, lastAudit.input);
    },

    executions,
  };
};

/** An empty file for each valid definition. `npm ci` removes it with the library that found it valid. */
const VALIDATED = join(ROOT, 'node_modules/.cache/tmdb-raw-zone/valid-definitions');

/**
 * The definition as the engine can run it.
 *
 * It is validated here and nowhere else, and once until it changes: aws-local-stepfunctions 3.0.0 compiles its JSON
 * schemas at each validation, which takes some 300 ms. A run starts an execution for each branch.
 *
 * @throws {Error} The definition is not valid, or reads `$$.State` within a Map or Parallel.
 */
const runnable = (definition: StateMachineDefinition): StateMachineDefinition => {
  const local = withLocalResources(definition);
  const text = JSON.stringify(local);
  const valid = join(VALIDATED, hash('sha256', text));
  if (!existsSync(valid)) {
    // Checks all but ARNs. It adds fields to the definition.
    new StateMachine(JSON.parse(text), { validationOptions: { checkArn: false } });
    remember(valid);
  }
  for (const [name, state] of Object.entries(local.States)) {
    const nested =
      state.Type === 'Map' ? (state.ItemProcessor ?? state.Iterator) : 'Branches' in state && state.Branches;
    if (JSON.stringify(nested ?? null).includes('$$.State.'))
      throw new Error(
        `${name}: a state inside it reads $$.State. The local engine has one $$.State for each execution; read it in a state of the top level.`,
      );
  }
  return local;
};

const remember = (file: string): void => {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
  } catch {
    // The folder can't be written: the next process validates again.
  }
};

/**
 * Replaces CloudFormation's intrinsic functions in the definition by placeholders, because the engine's validation
 * rejects them. The placeholders are never called: each Task has an override.
 */
const withLocalResources = (definition: StateMachineDefinition): StateMachineDefinition =>
  JSON.parse(JSON.stringify(definition), (key, value) => {
    if (key === 'Resource' && typeof value === 'object') return 'arn:aws:lambda:us-east-1:000000000000:function:local';
    if (key === 'StateMachineArn' && typeof value === 'object')
      return 'arn:aws:states:us-east-1:000000000000:stateMachine:local';
    if (key === 'MaxConcurrency' && value > MAX_MAP_CONCURRENCY) return MAX_MAP_CONCURRENCY;
    return value;
  }) as StateMachineDefinition;

/** Calls `enter` when the engine enters a state of the top level: it looks a state up in `States` then, and only then. */
const notifyOnEntry = (definition: StateMachineDefinition, enter: (name: string) => void): StateMachineDefinition => ({
  ...definition,
  States: new Proxy(definition.States, {
    get: (states, name) => {
      // After its last state the engine looks up the name ''.
      if (typeof name === 'string' && Object.hasOwn(states, name)) enter(name);
      return Reflect.get(states, name);
    },
  }),
});
