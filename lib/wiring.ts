import { tmpdir } from 'node:os';
import { Logger } from '@aws-lambda-powertools/logger';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { systemClock } from './clock.ts';
import { timeZone } from './day.ts';
import { logEvents } from './events.ts';
import { datasetName } from './names.ts';
import { parse } from './parse.ts';
import { s3Store } from './raw-zone/s3-store.ts';
import { AWS_TIMEOUTS, AWS_TRIES } from './raw-zone/timeouts.ts';
import { sfnExecutions } from './runs/executions.ts';
import { onStderr } from './stderr.ts';
import { agentsFor, proxyFrom } from './tmdb/agents.ts';
import { connectionsFor, tmdbClient } from './tmdb/client.ts';
import { highestRate, pace } from './tmdb/pace.ts';

/*
 * Creates the services of the functions. No other file reads the environment.
 *
 * Each function here reads only the variables that it needs. So the environment, the role and the bundle of a Lambda
 * function contain only what it uses.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

export const environment = (): Environment => process.env;

export const logger = onStderr(new Logger());

const read = <Shape extends z.ZodRawShape>(shape: Shape, env: Environment) =>
  parse(z.object(shape), env, 'environment');

/** The region as the AWS CLI and `sls deploy` find it. The SDK knows AWS_REGION and the profile, and not AWS_DEFAULT_REGION. */
export const awsRegion = ({ AWS_REGION, AWS_DEFAULT_REGION }: Environment): { region?: string } => {
  const region = AWS_REGION || AWS_DEFAULT_REGION;
  return region ? { region } : {};
};

/** Connections of one client to AWS through a proxy: the SDK's default without one. */
const AWS_SOCKETS = 50;

/** Another server than AWS: an emulator. Without one, the SDK knows the address. */
const endpointUrl = (env: Environment, name: 'AWS_ENDPOINT_URL_S3' | 'AWS_ENDPOINT_URL_SFN') => {
  const given = env[name] || env.AWS_ENDPOINT_URL || undefined;
  return read(
    {
      [name]: z.url({ protocol: /^https?$/, error: 'use a URL such as https://s3.eu-west-1.amazonaws.com' }).optional(),
    },
    { [name]: given },
  )[name];
};

/** @param url Says only whether it is an address of this machine, which is never asked through a proxy. */
const agentsToAws = (env: Environment, url = 'https://amazonaws.com') => {
  const proxy = proxyFrom(env);
  return Object.keys(proxy).length > 0 ? agentsFor(url, proxy, AWS_SOCKETS) : {};
};

/**
 * The SDK's clients connect to AWS, or to the endpoint in the environment, and through its proxy: the SDK itself knows
 * none. Use an IP address in the endpoint: from localhost, the SDK makes the host bucket.localhost.
 */
export const awsClientSettings = (
  env: Environment,
  endpoint: 'AWS_ENDPOINT_URL_S3' | 'AWS_ENDPOINT_URL_SFN',
  timeouts = AWS_TIMEOUTS,
) => {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = env;
  const url = endpointUrl(env, endpoint);
  return {
    requestHandler: { ...timeouts, ...agentsToAws(env, url) },
    maxAttempts: AWS_TRIES,
    // A user's settings for AWS (AWS_USE_FIPS_ENDPOINT, ~/.aws/config) don't apply to another server: the SDK refuses both.
    ...(url && { endpoint: url, useFipsEndpoint: false, useDualstackEndpoint: false }),
    ...awsRegion(env),
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

/** The services that every function needs: the bucket, the time and the log. */
export const bucketServices = (env: Environment, timeouts = AWS_TIMEOUTS) => {
  const { BUCKET, CODE_VERSION } = read(
    { BUCKET: z.string().min(3), CODE_VERSION: z.string().default('unknown') },
    env,
  );
  return {
    store: s3Store(new S3Client(awsClientSettings(env, 'AWS_ENDPOINT_URL_S3', timeouts)), BUCKET),
    clock: systemClock,
    emit: logEvents(logger),
    codeVersion: CODE_VERSION,
  };
};

/** The folder for files that a call doesn't keep: on AWS, /tmp with the function's ephemeralStorageSize. */
export const scratchServices = () => ({ scratch: tmpdir() });

export const stepFunctionsClient = (env: Environment, timeouts = AWS_TIMEOUTS) =>
  new SFNClient(awsClientSettings(env, 'AWS_ENDPOINT_URL_SFN', timeouts));

/** Step Functions, to read the state of executions. */
export const executionServices = (env: Environment, timeouts = AWS_TIMEOUTS) => ({
  executions: sfnExecutions(stepFunctionsClient(env, timeouts)),
});

const baseUrl = z
  .url({ protocol: /^https?$/ })
  .refine(
    (url) => !/^http:\/\/([^/]*\.)?themoviedb\.org(:|\/|$)/i.test(url),
    'use https:// for TMDB: with http://, others can read the token',
  )
  .default('https://api.themoviedb.org/3');

/** Where TMDB is, and the proxy to it. */
export const tmdbAddress = (env: Environment) => ({
  baseUrl: read({ TMDB_BASE_URL: baseUrl }, env).TMDB_BASE_URL,
  proxy: proxyFrom(env),
});

const rate = z
  .string()
  .regex(/^\d+(\.\d+)?$/, 'use a number above 0')
  .transform(Number)
  .pipe(z.number().positive().max(1_000_000))
  // TMDB's limit is "somewhere in the 40 requests per second range"; this is 10 % below it.
  .default(36);

/** Requests to TMDB that one process sends in a second at its beginning; `highestRate` says how many it may reach. */
export const requestsPerSecond = (env: Environment): number =>
  read({ TMDB_REQUESTS_PER_SECOND: rate }, env).TMDB_REQUESTS_PER_SECOND;

/**
 * The TMDB client, with one gate and one agent for each process.
 *
 * @param token Used where TMDB_TOKEN is not set.
 */
export const tmdbServices = (
  env: Environment,
  token: () => string | undefined = () => undefined,
  clock = systemClock,
) => {
  const { TMDB_BASE_URL, TMDB_NAME } = read(
    {
      TMDB_BASE_URL: baseUrl,
      /** Name for plans and manifests, where the host says nothing: a simulator's is 127.0.0.1. */
      TMDB_NAME: z.string().min(1).optional(),
    },
    env,
  );
  return {
    tmdb: tmdbClient({
      baseUrl: TMDB_BASE_URL,
      name: TMDB_NAME,
      token: () => env.TMDB_TOKEN || token(),
      gate: pace(requestsPerSecond(env), clock),
      limits: { sockets: connectionsFor(TMDB_BASE_URL, highestRate(requestsPerSecond(env))) },
      clock,
      proxy: proxyFrom(env),
    }),
  };
};

/** Walkers at once where the environment does not say. Four send 40 requests a second, also while some wait for a list. */
const WALKERS = 4;
/** Above so many requests a second, a run with eight walkers is about a quarter shorter. */
const FAST = { perSecond: 100, walkers: 8 };

/** The folder of the datasets, and the number of walkers that run at once. */
export const planningServices = (env: Environment) => {
  const { DATASETS, WALKERS_AT_ONCE } = read(
    {
      DATASETS: z.string().default('datasets'),
      // An inline Map of Step Functions runs at most 40 iterations at once.
      WALKERS_AT_ONCE: z
        .string()
        .regex(/^\d+$/, 'use a whole number from 1 to 40')
        .transform(Number)
        .pipe(z.int().min(1).max(40, 'use at most 40: an inline Map runs no more iterations at once'))
        .default(requestsPerSecond(env) > FAST.perSecond ? FAST.walkers : WALKERS),
    },
    env,
  );
  return { datasets: DATASETS, walkersAtOnce: WALKERS_AT_ONCE };
};

/** The datasets that are watched: SCHEDULED is a JSON object with the time zone of each one. */
export const watchingServices = (env: Environment) => {
  const { SCHEDULED } = read({ SCHEDULED: z.string() }, env);
  return { scheduled: parse(z.record(datasetName, timeZone), JSON.parse(SCHEDULED), 'environment: SCHEDULED') };
};
