import { SFNClient } from '@aws-sdk/client-sfn';
import { expect, it, onTestFinished } from 'vitest';
import { sfnExecutions } from '../../../lib/runs/executions.ts';
import { type DescribedExecution, serveDescribeExecution } from '../../../local/step-functions/describe-execution.ts';

it('DescribeExecution returns the current state of an execution to the SDK', async () => {
  const execution: DescribedExecution = {
    name: 'a',
    status: 'RUNNING',
    startDate: new Date('2026-11-20T00:30:00Z'),
    redriveCount: 0,
  };
  const served = await serveDescribeExecution(new Map([['arn:a', execution]]));
  onTestFinished(() => served.close());
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
  const executions = sfnExecutions(new SFNClient({ endpoint: served.url, region: 'us-east-1', credentials }));

  expect(await executions.isRunning('arn:a')).toBe(true);
  Object.assign(execution, { status: 'FAILED', redriveCount: 1 });
  expect(await executions.isRunning('arn:a')).toBe(false);
  expect(await executions.redriveCount('arn:a')).toBe(1);
  expect(await executions.isRunning('arn:unknown')).toBe(false);
});
