import { SFNClient } from '@aws-sdk/client-sfn';
import { expect, it, onTestFinished } from 'vitest';
import { sfnExecutions } from '../../../lib/runs/executions.ts';
import { type DescribedExecution, serveDescribeExecution } from '../../../local/step-functions/describe-execution.ts';

it('DescribeExecution returns the current state of an execution to the SDK', async () => {
  const execution: DescribedExecution = {
    name: 'a',
    status: 'RUNNING',
    startDate: new Date('2026-11-20T00:30:00Z'),
  };
  const served = await serveDescribeExecution(new Map([['arn:a', execution]]));
  onTestFinished(() => served.close());
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
  const executions = sfnExecutions(new SFNClient({ endpoint: served.url, region: 'us-east-1', credentials }));

  expect(await executions.state('arn:a')).toBe('running');
  const stopDate = new Date('2026-11-20T00:31:00.500Z');
  Object.assign(execution, { status: 'FAILED', stopDate });
  expect(await executions.state('arn:a')).toEqual({ endedAt: stopDate });
  // An execution of an earlier process ended with it.
  expect(await executions.state('arn:unknown')).toEqual({ endedAt: expect.any(Date) });
});
