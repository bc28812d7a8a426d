import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { type Environment, environment, logger } from './wiring.ts';

/** A handler that has its services. */
export type Handler<Out> = (event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => Promise<Out>;

export type Middleware = middy.MiddlewareObj<unknown>;

/** Reads a token before each event. Only functions that need one bring it, so that no other bundle holds its client. */
type TokenReader<Token> = (env: Environment) => { middleware: Middleware | undefined; token: Token };

/**
 * A Lambda handler that makes its services on the first event and keeps them for the next.
 *
 * @param make The handler out of its services.
 * @param services The services out of the environment and the token.
 */
export const lambda = <Services, Out, Token = undefined>(
  make: (services: Services) => Handler<Out>,
  services: (env: Environment, token?: Token) => Services,
  readToken?: TokenReader<Token>,
) => {
  const env = environment();
  const reader = readToken?.(env);
  const handler = middy<unknown, Out>().use(injectLambdaContext(logger));
  if (reader?.middleware) handler.use(reader.middleware);
  let ready: Handler<Out> | undefined;
  return handler.handler(async (event, context) => {
    ready ??= make(services(env, reader?.token));
    return ready(event, context);
  });
};
