import ssm from '@middy/ssm';
import type { Middleware } from './lambda.ts';
import { TmdbTokenError } from './tmdb/errors.ts';
import type { Environment } from './wiring.ts';

/** Reads TMDB's token; undefined while there is none. Called for each request, since a token can change. */
export type Token = () => string | undefined;

/** Minutes that a token read from SSM is used before it is read again: a corrected token is in use after that time. */
const TOKEN_MINUTES = 5;

/**
 * Reads TMDB's token before each event, from the SSM parameter that TMDB_TOKEN_PARAMETER names.
 *
 * TMDB_TOKEN has precedence: then nothing is read.
 */
export const tmdbToken = (env: Environment): { middleware: Middleware | undefined; token: Token } => {
  const { TMDB_TOKEN, TMDB_TOKEN_PARAMETER: parameter, AWS_REGION: region = '<region>' } = env;
  let token: string | undefined;
  if (!parameter || TMDB_TOKEN) return { middleware: undefined, token: () => token };
  const reader = ssm({
    fetchData: { tmdbToken: parameter },
    setToContext: true,
    // Reading at import would call AWS before there is an event, and fail where there is no AWS.
    disablePrefetch: true,
    cacheExpiry: TOKEN_MINUTES * 60_000,
    // The cache is the package's own and has one entry for all readers otherwise.
    cacheKey: parameter,
  });
  const middleware: Middleware = {
    before: async (request) => {
      try {
        await reader.before?.(request as never);
      } catch (error) {
        throw new TmdbTokenError(
          `The SSM parameter ${parameter} could not be read in region ${region} (${reasonOf(error)}). Put the token there: aws ssm put-parameter --region ${region} --type SecureString --name ${parameter} --value <API Read Access Token>`,
        );
      }
      token = String((request.context as { tmdbToken?: unknown }).tmdbToken);
    },
  };
  return { middleware, token: () => token };
};

/** What went wrong: @middy/ssm puts the reasons into `cause.data`. */
const reasonOf = (error: unknown): string => {
  const data = error instanceof Error && (error.cause as { data?: unknown } | undefined)?.data;
  const reasons = Array.isArray(data) ? data : [error];
  return reasons
    .map((reason) => (reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason)))
    .join('; ');
};
