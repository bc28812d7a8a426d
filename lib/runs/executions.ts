import { DescribeExecutionCommand, ExecutionDoesNotExist, InvalidArn, type SFNClient } from '@aws-sdk/client-sfn';

/**
 * What Step Functions says about an execution.
 *
 * - `absent`: it doesn't exist. Step Functions deletes an execution 90 days after it ends.
 * - `noAccess`: the role may not ask. The execution belongs to another service that uses the same bucket.
 */
export type ExecutionState = 'running' | { endedAt: Date } | 'absent' | 'noAccess';

/** The facts about executions that the pipeline reads from Step Functions. */
export interface Executions {
  /**
   * The answer can be some seconds old: an execution that has just started may be absent, and one that was just redriven
   * may still have the end of its last drive.
   * Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html (read 2026-11-25).
   */
  state(arn: string): Promise<ExecutionState>;
}

export const sfnExecutions = (sfn: SFNClient): Executions => ({
  state: async (arn) => {
    try {
      const { status, stopDate } = await sfn.send(new DescribeExecutionCommand({ executionArn: arn }));
      // PENDING_REDRIVE: a redrive that is about to start.
      return stopDate === undefined || status === 'RUNNING' || status === 'PENDING_REDRIVE'
        ? 'running'
        : { endedAt: stopDate };
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist || error instanceof InvalidArn) return 'absent';
      if ((error as Error).name === 'AccessDeniedException') return 'noAccess';
      throw error;
    }
  },
});
