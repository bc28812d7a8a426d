import { Console } from 'node:console';
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import middy from '@middy/core';
import ssm from '@middy/ssm';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { systemClock } from './clock.ts';
import { parse } from './parse.ts';
import { s3Store } from './raw-zone/object-store.ts';
import { sfnExecutions } from './runs/executions.ts';
import { tmdbClient } from './tmdb/client.ts';
import { TmdbTokenError } from './tmdb/errors.ts';
import { pace } from './tmdb/pace.ts';

/**
 * The only reader of the environment: what the functions work with is put together here and handed to them.
 *
 * Each builder reads the variables that it needs and no others, so a function's environment, role and bundle hold what
 * that function uses.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A handler, once it has its services. */
export type Handler<Out> = (event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => Promise<Out>;

const read = <Shape extends z.ZodRawShape>(shape: Shape, env: Environment) =>
  parse(z.object(shape), env, 'environment');

/** Where the SDK's clients go: AWS, or the endpoint that the environment names (an address, not the name localhost, which the SDK turns into bucket.localhost). */
const client = (env: Environment, endpoint: 'AWS_ENDPOINT_URL_S3' | 'AWS_ENDPOINT_URL_SFN') => {
  const { AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = env;
  const url = env[endpoint] ?? env.AWS_ENDPOINT_URL;
  return {
    ...(url && { endpoint: url }),
    ...(AWS_REGION && { region: AWS_REGION }),
    ...(AWS_ACCESS_KEY_ID &&
      AWS_SECRET_ACCESS_KEY && {
        credentials: {
          accessKeyId: AWS_ACCESS_KEY_ID,
          secretAccessKey: AWS_SECRET_ACCESS_KEY,
          ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
        },
      }),
  };
};

/** The bucket, the time and the log: what every function needs. */
export const bucketServices = (env: Environment) => {
  const { BUCKET, CODE_VERSION } = read(
    { BUCKET: z.string().min(3), CODE_VERSION: z.string().default('unknown') },
    env,
  );
  return {
    store: s3Store(new S3Client(client(env, 'AWS_ENDPOINT_URL_S3')), BUCKET),
    clock: systemClock,
    log: logger,
    codeVersion: CODE_VERSION,
  };
};

/** Asking Step Functions about executions. */
export const executionServices = (env: Environment) => ({
  executions: sfnExecutions(new SFNClient(client(env, 'AWS_ENDPOINT_URL_SFN'))),
});

/**
 * Asking TMDB: one gate and one agent for the life of the process.
 *
 * @param token The token that a middleware has read; TMDB_TOKEN wins over it.
 */
export const tmdbServices = (
  env: Environment,
  token: () => string | undefined = () => undefined,
  clock = systemClock,
) => {
  const { TMDB_BASE_URL, TMDB_REQUESTS_PER_SECOND } = read(
    {
      TMDB_BASE_URL: z.url().default('https://api.themoviedb.org/3'),
      // 36: TMDB takes "somewhere in the 40 requests per second range"; one process alone leaves a tenth for others.
      TMDB_REQUESTS_PER_SECOND: z.coerce
        .number('requests a second are a number above 0')
        .positive()
        .max(1_000_000)
        .default(36),
    },
    env,
  );
  return {
    tmdb: tmdbClient({
      baseUrl: TMDB_BASE_URL,
      token: () => env.TMDB_TOKEN || token(),
      gate: pace(TMDB_REQUESTS_PER_SECOND, clock),
      clock,
    }),
  };
};

/** Where the planner finds the datasets, and how many walkers it lets loose. */
export const planningServices = (env: Environment) => {
  const { DATASETS, WALKERS_AT_ONCE } = read(
    {
      DATASETS: z.string().default('datasets'),
      WALKERS_AT_ONCE: z.coerce
        .number()
        .int()
        .min(1)
        .max(40, 'an inline Map runs 40 iterations at once at most')
        .default(4),
    },
    env,
  );
  return { datasets: DATASETS, walkersAtOnce: WALKERS_AT_ONCE };
};

/** Figures for CloudWatch, in its embedded metric format. */
export type PublishMetrics = (
  figures: Readonly<Record<string, { unit: 'Count' | 'Bytes' | 'Seconds'; value: number }>>,
  dataset: string,
) => void;

export const metricServices = (): { publish: PublishMetrics } => {
  const metrics = onStderr(new Metrics({ namespace: 'tmdb-raw-zone' }));
  return {
    publish: (figures, dataset) => {
      metrics.addDimension('dataset', dataset);
      for (const [name, { unit, value }] of Object.entries(figures)) metrics.addMetric(name, unit, value);
      metrics.publishStoredMetrics();
    },
  };
};

/** Minutes that a token from SSM is believed: so long, at most, a mended one takes to be used. */
const TOKEN_MINUTES = 5;

/**
 * Lambda takes what goes to stdout and to stderr alike into the function's log. Whoever calls a function on a machine
 * of his own (sls invoke local, an emulator) reads its result from stdout, so logs keep out of there.
 */
const onStderr = <Tool extends object>(tool: Tool): Tool =>
  Object.assign(tool, { console: new Console(process.stderr, process.stderr) });

const logger = onStderr(new Logger());

/**
 * A Lambda handler that builds its services on the first event and keeps them for the next.
 *
 * Its token, where it has any use for one, is read from the SSM parameter that TMDB_TOKEN_PARAMETER names.
 */
export const lambda = <Services, Out>(
  make: (services: Services) => Handler<Out>,
  services: (env: Environment, token: () => string | undefined) => Services,
) => {
  const env = process.env;
  let token: string | undefined;
  let ready: Handler<Out> | undefined;
  const handler = middy<unknown, Out, Error, Context & { tmdbToken?: unknown }>().use(injectLambdaContext(logger));
  const parameter = env.TMDB_TOKEN_PARAMETER;
  if (parameter && !env.TMDB_TOKEN) {
    handler.use(tokenFrom(parameter));
    handler.before(({ context }) => {
      token = String(context.tmdbToken);
    });
  }
  return handler.handler(async (event, context) => {
    ready ??= make(services(env, () => token));
    return ready(event, context);
  });
};

const tokenFrom = (parameter: string): middy.MiddlewareObj<unknown> => {
  const fetching = ssm({
    fetchData: { tmdbToken: parameter },
    setToContext: true,
    // Reading at import would call AWS before there is an event, and fail where there is no AWS.
    disablePrefetch: true,
    cacheExpiry: TOKEN_MINUTES * 60_000,
  });
  return {
    before: async (request) => {
      try {
        await fetching.before?.(request as never);
      } catch (error) {
        throw new TmdbTokenError(
          `The SSM parameter ${parameter} could not be read (${reasonOf(error)}). Put the token there: aws ssm put-parameter --type SecureString --name ${parameter} --value <API Read Access Token>`,
        );
      }
    },
  };
};

/** @middy/ssm wraps what went wrong: the reasons lie in `cause.data`. */
const reasonOf = (error: unknown): string => {
  const data = error instanceof Error && (error.cause as { data?: unknown } | undefined)?.data;
  const reasons = Array.isArray(data) ? data : [error];
  return reasons
    .map((reason) => (reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason)))
    .join('; ');
};
