import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { AxiosError, type AxiosResponse } from 'axios';
import axiosRetry from 'axios-retry';
import type * as z from 'zod';
import type { Clock } from '../clock.ts';
import {
  TmdbRefusedError,
  TmdbShapeError,
  TmdbThrottledError,
  TmdbTokenError,
  TmdbUnavailableError,
} from './errors.ts';
import type { Gate } from './pace.ts';
import { failure } from './responses.ts';
import { retryAfterMs } from './retry-after.ts';

/** Counts of requests to TMDB. */
export interface Tally {
  /** Requests sent, retries included. */
  requests: number;
  retries: number;
  /** Responses with status 429. */
  throttles: number;
}

export const newTally = (): Tally => ({ requests: 0, retries: 0, throttles: 0 });

/** Who asks: its requests are counted in `tally`, and it hears when a request waits before a retry, and when the retry is sent. */
export interface Asker {
  tally: Tally;
  onWait?(wait: Wait): void;
  /** @param retry The number of the retry that is sent now: 1, 2 and so on. */
  onRetry?(retry: number): void;
}

/** A wait before a retry. */
export interface Wait {
  /** In plain English, such as 'TMDB answers 503' or 'TMDB throttles (429)'. */
  reason: string;
  /** The number of the retry that follows: 1, 2 and so on. */
  retry: number;
  /** Highest number of retries for this reason. */
  retries: number;
  waitMs: number;
}

export interface Answer<Body> {
  /** The parsed `text`. For checks only: JSON.parse turns 7.0 into 7. */
  body: Body;
  /** The JSON text as TMDB sent it, unpacked and without a byte order mark. */
  text: string;
}

export type Query = Readonly<Record<string, string | number | boolean>>;

export interface Tmdb {
  /** Host of the API, such as api.themoviedb.org. Ids are valid only on the host that issued them. */
  host: string;
  /**
   * One GET. It is retried where a retry can help.
   *
   * @param path Path below the API's root, such as '/discover/movie'.
   * @returns TMDB's own text and object, unchanged, after `schema` has checked the object.
   * @throws {TmdbTokenError | TmdbThrottledError | TmdbUnavailableError | TmdbRefusedError | TmdbShapeError}
   */
  get<Shape extends z.ZodType>(
    path: string,
    query: Query,
    schema: Shape,
    asker: Asker,
  ): Promise<Answer<z.output<Shape>>>;
  /** Like `get`, but a 404 is a result and not an error: the id is in TMDB's list, but TMDB has deleted the movie. */
  lookUp<Shape extends z.ZodType>(
    path: string,
    query: Query,
    schema: Shape,
    asker: Asker,
  ): Promise<Answer<z.output<Shape>> | 'gone'>;
}

export interface TmdbOptions {
  /** The API's root, such as https://api.themoviedb.org/3. */
  baseUrl: string;
  /** Called for every request, because the token may be replaced while the process runs. */
  token: () => string | undefined;
  /** The gate that all clients of this process share. */
  gate: Gate;
  clock: Clock;
  /** Uniform in [0, 1). Used as jitter. */
  random?: () => number;
  limits?: Partial<Limits>;
}

interface Limits {
  /** Timeout of one try in milliseconds, from the first byte sent to the last byte received. TMDB answers in well under a second. */
  tryMs: number;
  /** Timeout of one question with all its retries, in milliseconds. The time that a walker reserves must be longer (lib/stages/walk.ts). */
  questionMs: number;
  /** Highest number of retries of one question. */
  retries: number;
  /** First backoff in milliseconds. It doubles with each retry. */
  backoffMs: number;
  /** Largest body in bytes, after decompression. The largest recorded body has 0.2 MB; a hostile body may be endless. */
  bodyBytes: number;
  /** Connections to one host at once. TMDB's CDN allows 20 for each IP address. Source: TMDB staff, talk/62c7c1b2 (2022). */
  sockets: number;
}

const LIMITS: Limits = {
  tryMs: 15_000,
  questionMs: 90_000,
  retries: 4,
  backoffMs: 500,
  bodyBytes: 8 * 1024 * 1024,
  sockets: 15,
};

/** Longest backoff. A Retry-After header may ask for more. */
const LONGEST_BACKOFF_MS = 30_000;

/** State of one question. It is a class because axios copies plain objects in a request's config, but passes class instances on. */
class Question {
  readonly tally: Tally;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  constructor(tally: Tally, startedAt: number) {
    this.tally = tally;
    this.startedAt = startedAt;
  }
}

declare module 'axios' {
  interface AxiosRequestConfig {
    question?: Question;
  }
}

/**
 * A client for TMDB's API: one keep-alive agent, one request rate, a Bearer token, and a check of every response.
 *
 * It adds this to axios and axios-retry:
 * - It retries after truncated bodies, timeouts and responses that are not JSON. Some of these have status 200.
 * - After a 429, all requests of the process wait.
 * - It follows no redirect, because axios would send the token along.
 * - It limits the size of a body and the time of a question.
 */
export const tmdbClient = ({ baseUrl, token, gate, clock, random = Math.random, limits = {} }: TmdbOptions): Tmdb => {
  const { tryMs, questionMs, retries, backoffMs, bodyBytes, sockets } = { ...LIMITS, ...limits };
  const http = axios.create({
    baseURL: baseUrl.replace(/\/+$/, ''),
    httpAgent: new HttpAgent({ keepAlive: true, maxSockets: sockets }),
    httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: sockets }),
    maxRedirects: 0,
    maxContentLength: bodyBytes,
    proxy: false,
    responseType: 'text',
    transformResponse: (body) => body,
    validateStatus: () => true,
    headers: { Accept: 'application/json', 'Accept-Encoding': 'gzip' },
  });

  const backoff = (retry: number): number => random() * Math.min(LONGEST_BACKOFF_MS, backoffMs * 2 ** (retry - 1));

  http.interceptors.response.use((response) => {
    if (response.status === 429) {
      // TMDB's limit covers the whole process, so all requests wait, even when this was the question's last try.
      const retry = (response.config['axios-retry']?.retryCount ?? 0) + 1;
      const requestedMs = retryAfterMs(response.headers['retry-after'], clock.now());
      gate.pause(requestedMs ?? Math.max(backoff(retry), LEAST_PAUSE_MS));
      if (response.config.question) response.config.question.tally.throttles += 1;
    }
    return readable(response);
  });

  axiosRetry(http, {
    retries,
    retryCondition: (error) => worthAnotherTry(error),
    // The default also reads Retry-After: it would wait for a day, or not at all when the value overflows setTimeout.
    retryDelay: () => 0,
    onRetry: async (retry, error, config) => {
      const { question } = config;
      const waitMs = retryAfterMs(error.response?.headers['retry-after'], clock.now()) ?? backoff(retry);
      if (question && clock.now() + waitMs - question.startedAt > questionMs) throw error;
      if (question) question.tally.retries += 1;
      // After a 429, this request waits at the gate like all others.
      if (error.response?.status !== 429) await clock.sleep(waitMs);
      // The signal of this try has timed out. axios-retry would use it for the next try as well.
      delete config.signal;
    },
  });

  // axios runs the interceptor that was added last first. Retries pass through it too, so each one waits at the gate.
  http.interceptors.request.use(async (config) => {
    await gate.pass();
    if (config.question) config.question.tally.requests += 1;
    config.signal = AbortSignal.timeout(tryMs);
    return config;
  });

  const ask = async (path: string, query: Query, { tally }: Asker): Promise<Answer<unknown> & { status: number }> => {
    const bearer = token();
    if (!bearer)
      throw new TmdbTokenError(
        'TMDB_TOKEN is not set: set it to an API Read Access Token, or store one in the SSM parameter that TMDB_TOKEN_PARAMETER names.',
      );
    const question = new Question(tally, clock.now());
    try {
      const { status, data } = await http.get<Answer<unknown>>(path, {
        params: query,
        headers: { Authorization: `Bearer ${bearer}` },
        question,
      });
      return { status, ...data };
    } catch (error) {
      throw typedError(error, path, retries);
    }
  };

  const checked = <Shape extends z.ZodType>(
    path: string,
    { body, text }: Answer<unknown>,
    schema: Shape,
  ): Answer<z.output<Shape>> => {
    const problem = firstProblem(schema, body);
    if (problem === undefined) return { body: body as z.output<Shape>, text };
    throw new TmdbShapeError(
      `GET ${path}: TMDB's response has an unknown shape: ${problem}. If TMDB has changed this field, change lib/tmdb/responses.ts.`,
      { body, text },
    );
  };

  return {
    host: new URL(baseUrl).hostname,
    get: async (path, query, schema, asker) => {
      const { status, ...answer } = await ask(path, query, asker);
      if (status === 404) throw refusal(path, status, answer.body);
      return checked(path, answer, schema);
    },
    lookUp: async (path, query, schema, asker) => {
      const { status, ...answer } = await ask(path, query, asker);
      return status === 404 ? 'gone' : checked(path, answer, schema);
    },
  };
};

/** Wait after a 429 without a valid Retry-After: TMDB counts requests per second, so the current second is used up. */
const LEAST_PAUSE_MS = 1_000;

/**
 * Parses a response, or throws an error that describes it.
 *
 * It ignores the Content-Type header: TMDB's CDN has sent HTML pages with status 502 and with 200. It parses the body
 * itself, because axios returns a body that is not JSON as a string without an error.
 */
const readable = (response: AxiosResponse): AxiosResponse => {
  const { status } = response;
  const text = String(response.data).replace(/^\uFEFF/, '');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw answered('no JSON', response);
  }
  if (status !== 200 && !(status === 404 && failure.safeParse(body).success)) throw answered('refused', response, body);
  response.data = { body, text };
  return response;
};

class Answered extends AxiosError {
  readonly body: unknown;
  constructor(what: string, response: AxiosResponse, body: unknown) {
    super(what, 'ERR_ANSWERED', response.config, response.request, response);
    this.body = body;
  }
}

const answered = (what: string, response: AxiosResponse, body?: unknown) => new Answered(what, response, body);

/**
 * Whether a retry can help: after 429, 5xx, a response with status 200 that is not JSON, and no response at all.
 *
 * A retry can't help when TMDB rejects the request (400, 401, 403, 404, 422 and similar) or redirects it. The exception
 * is a 404 with a truncated body: it does not yet say whether the movie is gone.
 */
const worthAnotherTry = (error: AxiosError): boolean => {
  const status = error.response?.status;
  if (status === 404) return !(error instanceof Answered);
  return status === undefined || status === 429 || status >= 500 || status < 300;
};

/** The error to throw after the last try. It holds no header, so it can't hold the token. */
const typedError = (error: unknown, path: string, retries: number): Error => {
  if (!axios.isAxiosError(error)) return error instanceof Error ? error : new Error(String(error));
  const { response } = error;
  const body = error instanceof Answered ? error.body : undefined;
  if (!response) {
    const tooLong = error.code === AxiosError.ERR_BAD_RESPONSE && 'the body is too long';
    const what =
      error.code === 'ERR_CANCELED' ? 'no complete response in time' : tooLong || (error.code ?? 'no response');
    return new TmdbUnavailableError(`GET ${path}: ${what}, after up to ${retries} retries`);
  }
  const { status } = response;
  if (status === 429)
    return new TmdbThrottledError(`GET ${path}: TMDB's rate limit was exceeded (429), after up to ${retries} retries`);
  if (status === 401 || status === 403) return tokenError(status, body);
  if (worthAnotherTry(error)) {
    const what = status < 300 ? `status ${status} with a body that is not JSON or is truncated` : `status ${status}`;
    return new TmdbUnavailableError(`GET ${path}: ${what}, after up to ${retries} retries`);
  }
  return refusal(path, status, body);
};

const JSON_TYPES: Readonly<Record<string, string>> = {
  int: 'an integer',
  number: 'a number',
  string: 'a string',
  array: 'an array',
  object: 'an object',
};

/** The first field that doesn't match the schema: its name, the allowed type and TMDB's value. */
const firstProblem = (schema: z.ZodType, body: unknown): string | undefined => {
  const [issue] = schema.safeParse(body, { reportInput: true }).error?.issues ?? [];
  if (!issue) return undefined;
  const field = issue.path.length ? `field ${issue.path.map(String).join('.')}` : 'the body';
  if (issue.input === undefined) return `${field} is missing`;
  const allowed =
    issue.code === 'invalid_type'
      ? (JSON_TYPES[issue.expected] ?? issue.expected)
      : issue.code === 'too_small'
        ? `${issue.inclusive ? 'at least' : 'above'} ${issue.minimum}`
        : 'as in lib/tmdb/responses.ts';
  return `${field} must be ${allowed}, got ${JSON.stringify(issue.input).slice(0, LONGEST_QUOTE)}`;
};

/** Longest quote of a value in an error message, in characters. */
const LONGEST_QUOTE = 80;

const tokenError = (status: number, body: unknown) =>
  new TmdbTokenError(
    `TMDB rejected the token (${describe(status, body)}): use an API Read Access Token from themoviedb.org (Settings, API).`,
  );

const refusal = (path: string, status: number, body: unknown) =>
  new TmdbRefusedError(`GET ${path}: TMDB rejected the request (${describe(status, body)})`);

const describe = (status: number, body: unknown): string => {
  const parsed = failure.safeParse(body);
  return parsed.success
    ? `${status}, code ${parsed.data.status_code}: ${parsed.data.status_message.slice(0, 200)}`
    : `status ${status}`;
};
