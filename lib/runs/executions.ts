import { DescribeExecutionCommand, ExecutionDoesNotExist, InvalidArn, type SFNClient } from '@aws-sdk/client-sfn';

/** The facts about executions that the pipeline reads from Step Functions. */
export interface Executions {
  /** @returns undefined where the role has no access to the execution: it belongs to another service that uses the same bucket. */
  isRunning(arn: string): Promise<boolean | undefined>;
  /** The number of times the execution was redriven. */
  redriveCount(arn: string): Promise<number>;
}

export const sfnExecutions = (sfn: SFNClient): Executions => {
  const describe = async (arn: string) => {
    try {
      return await sfn.send(new DescribeExecutionCommand({ executionArn: arn }));
    } catch (error) {
      // Step Functions deletes an execution 90 days after it ends. A local run's name is not an ARN, and the run ends with its process.
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
