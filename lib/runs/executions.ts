import { DescribeExecutionCommand, ExecutionDoesNotExist, InvalidArn, type SFNClient } from '@aws-sdk/client-sfn';

/** What the pipeline asks about executions of its own state machine. */
export interface Executions {
  /** undefined where this one may not ask: an execution of another service's, in a bucket that both use. */
  isRunning(arn: string): Promise<boolean | undefined>;
  /** How often somebody has redriven it. */
  redriveCount(arn: string): Promise<number>;
}

export const sfnExecutions = (sfn: SFNClient): Executions => {
  const describe = async (arn: string) => {
    try {
      return await sfn.send(new DescribeExecutionCommand({ executionArn: arn }));
    } catch (error) {
      // Step Functions forgets an execution 90 days after its end.
      // An ARN that isn't one is a laptop's: its executions end with their process.
      if (error instanceof ExecutionDoesNotExist || error instanceof InvalidArn) return undefined;
      throw error;
    }
  };
  return {
    isRunning: async (arn) => {
      try {
        return (await describe(arn))?.status === 'RUNNING';
      } catch (error) {
        if ((error as Error).name === 'AccessDeniedException') return undefined;
        throw error;
      }
    },
    redriveCount: async (arn) => (await describe(arn))?.redriveCount ?? 0,
  };
};
