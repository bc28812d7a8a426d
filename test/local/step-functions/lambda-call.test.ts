import { describe, expect, it } from 'vitest';
import { callAsLambda } from '../../../local/step-functions/lambda-call.ts';

describe('a handler, called as in Lambda,', () => {
  it('gets the event, and returns its result', async () => {
    expect(await callAsLambda(async (event) => ({ event }), 'in', 1)).toEqual({ event: 'in' });
  });

  it('can ask how much time remains, and never gets a negative number', async () => {
    const remaining = await callAsLambda(
      async (_, { getRemainingTimeInMillis }) => {
        const atStart = getRemainingTimeInMillis();
        const inTime = atStart <= 60_000 && atStart > 50_000;
        return { inTime };
      },
      {},
      60,
    );
    expect(remaining).toEqual({ inTime: true });

    let late = -1;
    const ended = Promise.withResolvers<void>();
    const slow = callAsLambda(
      async (_, { getRemainingTimeInMillis }) => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        late = getRemainingTimeInMillis();
        ended.resolve();
      },
      {},
      0.01,
    );
    await expect(slow).rejects.toThrow();
    await ended.promise;
    expect(late).toBe(0);
  });

  it('fails with Sandbox.Timedout at its timeout', async () => {
    await expect(callAsLambda(() => new Promise(() => undefined), {}, 0.01)).rejects.toMatchObject({
      name: 'Sandbox.Timedout',
      message: JSON.stringify({ errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out after 0.01 seconds' }),
    });
  });

  it.each([
    { thrown: Object.assign(new Error('no'), { name: 'TmdbTokenError' }), type: 'TmdbTokenError', text: 'no' },
    { thrown: new TypeError('not a function'), type: 'TypeError', text: 'not a function' },
    { thrown: 'a text', type: 'string', text: 'a text' },
  ])('that throws $type has the JSON of the error as its message', async ({ thrown, type, text }) => {
    const call = callAsLambda(
      async () => {
        throw thrown;
      },
      {},
      1,
    );
    await expect(call).rejects.toMatchObject({
      name: type,
      message: JSON.stringify({ errorType: type, errorMessage: text }),
      cause: { message: text },
    });
  });
});
