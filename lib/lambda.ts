import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { branchRef } from './names.ts';
import { type Environment, environment, logger } from './wiring.ts';

/** A handler that has its services. */
export type Handler<Out> = (event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => Promise<Out>;

export type Middleware = middy.MiddlewareObj<unknown>;

/** Reads a token before each event. Only functions that need a token import it, so that other bundles don't contain its client. */
type TokenReader<Token> = (env: Environment) => { middleware: Middleware | undefined; token: Token };

/**
 * A Lambda handler that creates its services at the first event and reuses them. Each line of its log has the dataset,
 * the day, the run and the branch of the event, where it has them.
 *
 * @param make Creates the handler from its services.
 * @param services Creates the services from the environment and the token.
 */
export const lambda = <Services, Out, Token = undefined>(
  make: (services: Services) => Handler<Out>,
  services: (env: Environment, token?: Token) => Services,
  readToken?: TokenReader<Token>,
) => {
  const env = environment();
  const reader = readToken?.(env);
  const handler = middy<unknown, Out>().use(injectLambdaContext(logger, { resetKeys: true }));
  if (reader?.middleware) handler.use(reader.middleware);
  let ready: Handler<Out> | undefined;
  return handler.handler(async (event, context) => {
    // All lines of a call say what they are about. The planner's event has no such names; it sends 'dayDecided' instead.
    logger.appendKeys(namesIn.safeParse(event).data ?? {});
    ready ??= make(services(env, reader?.token));
    return ready(event, context);
  });
};

const namesIn = branchRef.partial();
