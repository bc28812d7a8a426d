import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AttemptOutcome, countAttempts } from '../../../local/step-functions/retries.ts';
import { TaskError } from '../../../local/step-functions/task-error.ts';

type Retriers = Parameters<typeof countAttempts>[0];

/**
 * Runs one Task with these Retry blocks on the engine; its n-th call throws the n-th error, and a call after the last
 * error returns.
 *
 * @returns The results of countAttempts for all failed calls, and whether the execution failed.
 */
const runTask = async (retriers: Retriers, errors: readonly { name: string; terminal?: boolean }[]) => {
  const definition: StateMachineDefinition = {
    StartAt: 'Task',
    States: { Task: { Type: 'Task', Resource: 'arn:local', Retry: [...retriers], End: true } },
  };
  const outcomeOf = countAttempts(retriers, 0);
  const outcomes: AttemptOutcome[] = [];
  const task = async () => {
    const error = errors[outcomes.length];
    if (!error) return {};
    const taskError = new TaskError(error.name, 'no', { terminal: error.terminal ?? false });
    outcomes.push(outcomeOf(taskError));
    throw taskError;
  };
  const { result } = new StateMachine(definition, { validationOptions: { noValidate: true } }).run(
    {},
    { overrides: { taskResourceLocalHandlers: { Task: task }, retryIntervalOverrides: { Task: 0 } } },
  );
  const failed = await result.then(
    () => false,
    () => true,
  );
  return { outcomes, failed };
};

const A = { ErrorEquals: ['A'], MaxAttempts: 2 };
const repeated = (name: string, times = 10) => Array.from({ length: times }, () => ({ name }));
const shown = ({ attempt, attempts, retryInMs }: AttemptOutcome) =>
  `${attempt} of ${attempts}${retryInMs === undefined ? '' : ', again'}`;

describe('the attempts of a Task', () => {
  it.each<{ of: string; retriers: Retriers; errors: readonly { name: string; terminal?: boolean }[]; says: string[] }>([
    { of: 'no Retry block', retriers: [], errors: repeated('A'), says: ['1 of 1'] },
    { of: 'no block for the error', retriers: [A], errors: repeated('B'), says: ['1 of 1'] },
    { of: 'MaxAttempts 2', retriers: [A], errors: repeated('A'), says: ['1 of 3, again', '2 of 3, again', '3 of 3'] },
    { of: 'MaxAttempts 0', retriers: [{ ...A, MaxAttempts: 0 }], errors: repeated('A'), says: ['1 of 1'] },
    {
      of: 'no MaxAttempts, which means 3',
      retriers: [{ ErrorEquals: ['A'] }],
      errors: repeated('A'),
      says: ['1 of 4, again', '2 of 4, again', '3 of 4, again', '4 of 4'],
    },
    {
      of: 'States.ALL after a block for the error: the first block that matches decides',
      retriers: [
        { ErrorEquals: ['A'], MaxAttempts: 0 },
        { ErrorEquals: ['States.ALL'], MaxAttempts: 5 },
      ],
      errors: repeated('A'),
      says: ['1 of 1'],
    },
    {
      of: 'two errors: each block counts its own retries',
      retriers: [
        { ErrorEquals: ['A'], MaxAttempts: 1 },
        { ErrorEquals: ['States.ALL'], MaxAttempts: 2 },
      ],
      errors: [{ name: 'A' }, { name: 'B' }, { name: 'B' }, { name: 'A' }],
      says: ['1 of 2, again', '2 of 4, again', '3 of 4, again', '4 of 4'],
    },
    {
      of: 'States.TaskFailed, which stands for every error of a function',
      retriers: [{ ErrorEquals: ['States.TaskFailed'], MaxAttempts: 1 }],
      errors: repeated('A'),
      says: ['1 of 2, again', '2 of 2'],
    },
    {
      of: 'an error that always ends the execution',
      retriers: [{ ErrorEquals: ['States.ALL'], MaxAttempts: 5 }],
      errors: [{ name: 'States.DataLimitExceeded', terminal: true }],
      says: ['1 of 1'],
    },
  ])('with $of: $says', async ({ retriers, errors, says }) => {
    const { outcomes, failed } = await runTask(retriers, errors);
    expect(outcomes.map(shown)).toEqual(says);
    expect(failed).toBe(true);
  });

  it('wait no longer than MaxDelaySeconds', () => {
    expect(countAttempts([{ ErrorEquals: ['A'] }], 3_000)({ name: 'A' }).retryInMs).toBe(3_000);
    expect(countAttempts([{ ErrorEquals: ['A'], MaxDelaySeconds: 2 }], 3_000)({ name: 'A' }).retryInMs).toBe(2_000);
  });

  const names = fc.constantFrom('A', 'B', 'C');
  const patterns = fc.constantFrom('A', 'B', 'States.ALL', 'States.TaskFailed');
  const blocks = fc.array(
    fc.record({ ErrorEquals: fc.array(patterns, { minLength: 1, maxLength: 2 }), MaxAttempts: fc.nat({ max: 3 }) }),
    { maxLength: 3 },
  );

  it('are reported as the engine makes them, for any blocks and errors', async () => {
    await fc.assert(
      fc.asyncProperty(blocks, fc.array(names, { minLength: 1, maxLength: 12 }), async (retriers, thrown) => {
        const { outcomes, failed } = await runTask(
          retriers,
          thrown.map((name) => ({ name })),
        );
        // A retry is reported for every failure except the one that ends the execution.
        const retries = outcomes.filter(({ retryInMs }) => retryInMs !== undefined).length;
        expect(retries).toBe(outcomes.length - (failed ? 1 : 0));
        expect(outcomes.map(({ attempt }) => attempt)).toEqual(outcomes.map((_, at) => at + 1));
      }),
    );
  });

  it('are as many as reported, when the same error is thrown again', async () => {
    await fc.assert(
      fc.asyncProperty(blocks, names, async (retriers, name) => {
        const { outcomes, failed } = await runTask(retriers, repeated(name));
        expect(failed).toBe(true);
        expect(outcomes.map(({ attempts }) => attempts)).toEqual(outcomes.map(() => outcomes.length));
      }),
    );
  });
});
