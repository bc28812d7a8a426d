import type { Handler } from '../../lib/lambda.ts';
import type { Json } from './limits.ts';
import { TaskError } from './task-error.ts';

/**
 * Calls a handler as Lambda does.
 *
 * The handler can ask how much time remains, and the call fails when none does. The handler itself can't be stopped:
 * it may go on in this process, but its result no longer counts.
 *
 * @param timeoutSeconds The function's timeout in serverless.yml.
 * @throws {TaskError} The handler's error under its own name; the message is the JSON that Lambda gives Step Functions
 * as Cause, and `cause` is the error itself. Sandbox.Timedout after the timeout.
 */
export const callAsLambda = async (handler: Handler<unknown>, event: Json, timeoutSeconds: number): Promise<Json> => {
  const endsAt = Date.now() + timeoutSeconds * 1000;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `Task timed out after ${timeoutSeconds.toFixed(2)} seconds`;
      reject(Object.assign(new Error(message), { name: 'Sandbox.Timedout' }));
    }, timeoutSeconds * 1000);
  });
  try {
    const context = { getRemainingTimeInMillis: () => Math.max(0, endsAt - Date.now()) };
    return (await Promise.race([handler(event, context), timeout])) as Json;
  } catch (error) {
    // If a thrown value isn't an Error, Lambda reports its type as the error's name.
    const thrown = error instanceof Error ? error : Object.assign(new Error(String(error)), { name: typeof error });
    const { name, message } = thrown;
    throw new TaskError(name, JSON.stringify({ errorType: name, errorMessage: message }), { cause: thrown });
  } finally {
    clearTimeout(timer);
  }
};
