import { DescribeExecutionCommand, ExecutionDoesNotExist, type SFNClient } from '@aws-sdk/client-sfn';

/** What the pipeline asks about executions of its own state machine. */
export interface Executions {
  isRunning(arn: string): Promise<boolean>;
  /** How often somebody has redriven it. */
  redriveCount(arn: string): Promise<number>;
}

export const sfnExecutions = (sfn: SFNClient): Executions => {
  const describe = async (arn: string) => {
    try {
      return await sfn.send(new DescribeExecutionCommand({ executionArn: arn }));
    } catch (error) {
      // Step Functions forgets an execution 90 days after its end.
      if (error instanceof ExecutionDoesNotExist) return undefined;
      throw error;
    }
  };
  return {
    isRunning: async (arn) => (await describe(arn))?.status === 'RUNNING',
    redriveCount: async (arn) => (await describe(arn))?.redriveCount ?? 0,
  };
};
