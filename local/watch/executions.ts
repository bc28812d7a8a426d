import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  paginateListExecutions,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import type { RunRef } from '../../lib/names.ts';
import { BadInputError } from '../../lib/parse.ts';
import type { ReadableStore } from '../../lib/raw-zone/object-store.ts';
import { readLock } from '../../lib/runs/lock.ts';
import { loadRun } from '../../lib/runs/plan.ts';
import { countAttempts, retriersOf } from '../step-functions/retries.ts';

/** The executions of a run in AWS. */
export interface RunExecutions {
  /** RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED. */
  status(): Promise<string>;
  /** The branches that run now, by name. */
  running(): Promise<ReadonlyMap<string, RunningExecution>>;
}

export interface RunningExecution {
  /** Failed attempts of the state that the branch is in; absent where there are none. */
  attempt?: number;
  attempts?: number;
}

/** The parts of the ARN of a run's execution. */
export interface ExecutionArn {
  arn: string;
  region: string;
  run: string;
  /** The state machine of the branches. */
  branchMachine: string;
}

/** @throws {BadInputError} It is the ARN of something else. */
export const executionArn = (arn: string): ExecutionArn => {
  const [, head = '', region = '', account = '', machine = '', run = ''] =
    /^(arn:[\w-]+:states):([\w-]+):(\d+):execution:([\w-]+)-ingest:([\w-]+)$/.exec(arn) ?? [];
  if (!run)
    throw new BadInputError(
      `options: use the ARN of an execution of the ingest state machine, such as arn:aws:states:us-east-1:123456789012:execution:tmdb-raw-zone-dev-ingest:NAME, or the name of a run; got "${arn}".`,
    );
  return { arn, region, run, branchMachine: `${head}:${region}:${account}:stateMachine:${machine}-branch` };
};

/** The console page of an execution. */
export const consoleUrl = ({ arn, region }: ExecutionArn): string =>
  `https://${region}.console.aws.amazon.com/states/home?region=${region}#/v2/executions/details/${arn}`;

/** The input of an execution, of a run or of a branch. */
const inputOf = async (
  sfn: SFNClient,
  arn: string,
): Promise<{ dataset?: string; resume?: string; run?: string; branch?: string }> => {
  const { input } = await sfn.send(new DescribeExecutionCommand({ executionArn: arn }));
  return JSON.parse(input ?? '{}');
};

/**
 * The dataset and the name of the run of an execution. A resumed run keeps its name, which is not that of the execution.
 *
 * @returns `dataset` is undefined where the input names none.
 */
export const runOfExecution = async (
  sfn: SFNClient,
  { arn, run }: ExecutionArn,
): Promise<{ dataset: string | undefined; run: string }> => {
  const { dataset, resume } = await inputOf(sfn, arn);
  return { dataset, run: resume ?? run };
};

/**
 * The execution of a run in AWS: the one that has the day if it resumes the run, else the one that planned it.
 *
 * @returns undefined for a run that is not in AWS.
 */
export const executionOfRun = async (
  store: ReadableStore,
  ref: RunRef,
  clientFor: (arn: ExecutionArn) => SFNClient,
): Promise<ExecutionArn | undefined> => {
  const holder = inAws((await readLock(store, ref)).lock?.holder);
  const resumed = holder && (await runOfExecution(clientFor(holder), holder)).run === ref.run;
  const execution = resumed ? holder : inAws((await loadRun(store, ref))?.execution);
  return execution && { ...execution, run: ref.run };
};

const inAws = (execution: string | undefined): ExecutionArn | undefined =>
  execution?.startsWith('arn:aws') && !execution.includes(':local:') ? executionArn(execution) : undefined;

/** The newest events of a branch that are read. A Walk with all retries of Lambda's errors has fewer. */
const EVENTS = 100;

/**
 * @param definition The branch machine, whose Retry blocks say how many attempts there are.
 */
export const runExecutions = (
  sfn: SFNClient,
  { arn, run, branchMachine }: ExecutionArn,
  definition: StateMachineDefinition,
): RunExecutions => {
  /** The branch of each execution; undefined for an execution of another run. It doesn't change. */
  const branches = new Map<string, string | undefined>();
  const branchOf = async (execution: string): Promise<string | undefined> => {
    if (!branches.has(execution)) {
      const of = await inputOf(sfn, execution);
      branches.set(execution, of.run === run ? of.branch : undefined);
    }
    return branches.get(execution);
  };
  const attemptsOf = async (execution: string): Promise<RunningExecution> => {
    const { events = [] } = await sfn.send(
      new GetExecutionHistoryCommand({ executionArn: execution, reverseOrder: true, maxResults: EVENTS }),
    );
    const entered = events.findIndex(({ type }) => type === 'TaskStateEntered');
    const state = events[entered]?.stateEnteredEventDetails?.name;
    if (state === undefined) return {};
    const outcomeOf = countAttempts(retriersOf(definition, state), 0);
    let last: ReturnType<typeof outcomeOf> | undefined;
    for (const event of events.slice(0, entered).toReversed()) {
      const { error } = event.lambdaFunctionFailedEventDetails ?? event.lambdaFunctionTimedOutEventDetails ?? {};
      if (error !== undefined) last = outcomeOf({ name: error });
    }
    return last ? { attempt: last.attempt, attempts: last.attempts } : {};
  };
  return {
    status: async () => (await sfn.send(new DescribeExecutionCommand({ executionArn: arn }))).status ?? 'RUNNING',
    running: async () => {
      const found = new Map<string, RunningExecution>();
      const pages = paginateListExecutions(
        { client: sfn },
        { stateMachineArn: branchMachine, statusFilter: 'RUNNING', maxResults: 1_000 },
      );
      for await (const { executions = [] } of pages)
        for (const { executionArn: one = '' } of executions) {
          const branch = await branchOf(one);
          if (branch !== undefined) found.set(branch, await attemptsOf(one));
        }
      return found;
    },
  };
};
