/**
 * An error of a Task in Step Functions. Retry and Catch compare `name`, and `message` becomes the Cause.
 *
 * `cause` is the error that a function threw, if one did. The engine asks `isRetryable` before a Retry and
 * `isCatchable` before a Catch.
 */
export class TaskError extends Error {
  override readonly name: string;
  readonly isRetryable: boolean;
  readonly isCatchable: boolean;

  /**
   * @param terminal Whether the error always ends the execution. In AWS, neither Retry nor Catch on States.ALL matches
   * States.DataLimitExceeded and States.Runtime.
   * Source: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html (read 2026-11-25).
   */
  constructor(
    name: string,
    message: string,
    { terminal = false, cause }: { terminal?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.name = name;
    this.isRetryable = !terminal;
    this.isCatchable = !terminal;
  }
}
