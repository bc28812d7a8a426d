import { DescribeExecutionCommand, ExecutionDoesNotExist, InvalidArn, type SFNClient } from '@aws-sdk/client-sfn';

/** What the pipeline asks about executions of its own state machine. */
export interface Executions {
  /** @returns undefined where the role does not allow to ask: an execution of another service that uses the same bucket. */
  isRunning(arn: string): Promise<boolean | undefined>;
  /** How often the execution was redriven. */
  redriveCount(arn: string): Promise<number>;
}

export const sfnExecutions = (sfn: SFNClient): Executions => {
  const describe = async (arn: string) => {
    try {
      return await sfn.send(new DescribeExecutionCommand({ executionArn: arn }));
    } catch (error) {
      // Step Functions deletes an execution 90 days after its end. A local run's name is no ARN, and ends with its process.
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
