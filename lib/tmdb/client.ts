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

/** How often TMDB was asked, and how it took it. */
export interface Tally {
  /** Requests that left, retries among them. */
  requests: number;
  retries: number;
  /** Answers with status 429. */
  throttles: number;
}

export const newTally = (): Tally => ({ requests: 0, retries: 0, throttles: 0 });

export type Query = Readonly<Record<string, string | number | boolean>>;

export interface Tmdb {
  /** Whom it asks, such as api.themoviedb.org: ids of one TMDB mean nothing to another. */
  host: string;
  /**
   * One GET, asked again where that helps.
   *
   * @param path Below the API's root, such as '/discover/movie'.
   * @returns TMDB's own object, unchanged, once `schema` has found nothing wrong with it.
   * @throws {TmdbTokenError | TmdbThrottledError | TmdbUnavailableError | TmdbRefusedError | TmdbShapeError}
   */
  get<Shape extends z.ZodType>(path: string, query: Query, schema: Shape, tally: Tally): Promise<z.output<Shape>>;
  /** Like `get`, where 404 is an answer and not an error: the id that TMDB listed is gone. */
  lookUp<Shape extends z.ZodType>(
    path: string,
    query: Query,
    schema: Shape,
    tally: Tally,
  ): Promise<z.output<Shape> | 'gone'>;
}

export interface TmdbOptions {
  /** The API's root, such as https://api.themoviedb.org/3. */
  baseUrl: string;
  /** Read anew for each request: a token may be mended while the process lives. */
  token: () => string | undefined;
  /** This process's only gate. */
  gate: Gate;
  clock: Clock;
  /** Uniform in [0, 1); jitter. */
  random?: () => number;
  limits?: Partial<Limits>;
}

interface Limits {
  /** For one try, from the first byte sent to the last received. TMDB answers in well under a second; 15 s is a dead one. */
  tryMs: number;
  /** For one question with all its retries: what a walker sets aside at its end must be more (lib/stages/walk.ts). */
  questionMs: number;
  /** Retries of one question. */
  retries: number;
  /** First backoff; doubles. */
  backoffMs: number;
  /** A body, unpacked. The largest recorded one has 0.2 MB; a hostile one has no end. */
  bodyBytes: number;
  /** At once to one host: TMDB's CDN takes 20 from an address. Source: TMDB staff, talk/62c7c1b2 (2022). */
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

/** Longest wait between two tries that TMDB didn't ask for. */
const LONGEST_BACKOFF_MS = 30_000;

/** Travels with a request and its retries through axios, which copies plain objects and hands on instances of classes. */
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
 * TMDB's API as we use it: one keep-alive agent, one pace, a Bearer token, and no trust in what comes back.
 *
 * Beyond what axios and axios-retry do by themselves: cut-off bodies, timeouts and answers that are not JSON (some come
 * with status 200) are asked again; a 429 holds back every request of the process, not one; no redirect is followed,
 * since the token would go with it; bodies and time are bounded.
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
      // It is about all of us, be this the question's last try or not: the gate keeps everyone back.
      const retry = (response.config['axios-retry']?.retryCount ?? 0) + 1;
      const asked = retryAfterMs(response.headers['retry-after'], clock.now());
      gate.pause(asked ?? Math.max(backoff(retry), LEAST_PAUSE_MS));
      if (response.config.question) response.config.question.tally.throttles += 1;
    }
    return readable(response);
  });

  axiosRetry(http, {
    retries,
    retryCondition: (error) => worthAnotherTry(error),
    // Its default reads Retry-After too, and would wait by its own timer for a day, or not at all where the timer overflows.
    retryDelay: () => 0,
    onRetry: async (retry, error, config) => {
      const { question } = config;
      const asked = retryAfterMs(error.response?.headers['retry-after'], clock.now());
      const waitMs = asked ?? backoff(retry);
      if (question && clock.now() + waitMs - question.startedAt > questionMs) throw error;
      if (question) question.tally.retries += 1;
      // After a 429 the gate keeps this request back with all others.
      if (error.response?.status !== 429) await clock.sleep(waitMs);
      // The last try's signal has fired; axios-retry would hand it on to the next one.
      delete config.signal;
    },
  });

  // Registered last, so axios runs it first: retries come through here too, each waiting for its own turn.
  http.interceptors.request.use(async (config) => {
    await gate.pass();
    if (config.question) config.question.tally.requests += 1;
    config.signal = AbortSignal.timeout(tryMs);
    return config;
  });

  const ask = async (path: string, query: Query, tally: Tally): Promise<{ status: number; body: unknown }> => {
    const bearer = token();
    if (!bearer)
      throw new TmdbTokenError(
        'There is no TMDB token: set TMDB_TOKEN, or put one into the SSM parameter that TMDB_TOKEN_PARAMETER names.',
      );
    const question = new Question(tally, clock.now());
    try {
      const { status, data } = await http.get<unknown>(path, {
        params: query,
        headers: { Authorization: `Bearer ${bearer}` },
        question,
      });
      return { status, body: data };
    } catch (error) {
      throw lastWord(error, path, retries);
    }
  };

  const checked = <Shape extends z.ZodType>(path: string, body: unknown, schema: Shape): z.output<Shape> => {
    const result = schema.safeParse(body);
    if (result.success) return body as z.output<Shape>;
    const [issue] = result.error.issues;
    throw new TmdbShapeError(
      `GET ${path}: TMDB's answer has an unknown shape: ${issue?.path.map(String).join('.')}: ${issue?.message}`,
      body,
    );
  };

  return {
    host: new URL(baseUrl).hostname,
    get: async (path, query, schema, tally) => {
      const { status, body } = await ask(path, query, tally);
      if (status === 404) throw refusal(path, status, body);
      return checked(path, body, schema);
    },
    lookUp: async (path, query, schema, tally) => {
      const { status, body } = await ask(path, query, tally);
      return status === 404 ? 'gone' : checked(path, body, schema);
    },
  };
};

/** Without a Retry-After that we may believe, a 429 still means that a whole window of a second is used up. */
const LEAST_PAUSE_MS = 1_000;

/**
 * Turns an answer into data, or into an error that says what it was.
 *
 * The body decides, not the header: TMDB's CDN has sent pages of HTML with 502 and with 200. Our own parser is strict
 * where axios's gives the text back: `NaN`, or a page, must not pass for a movie.
 */
const readable = (response: AxiosResponse): AxiosResponse => {
  const { status } = response;
  let body: unknown;
  try {
    body = JSON.parse(String(response.data).replace(/^\uFEFF/, ''));
  } catch {
    throw answered('no JSON', response);
  }
  if (status !== 200 && !(status === 404 && failure.safeParse(body).success)) throw answered('refused', response, body);
  response.data = body;
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
 * Whether asking again can help: 429, 5xx, anything that isn't JSON with a status of success, and no answer at all.
 * Never what TMDB says about our question (400, 401, 403, 404, 422 and the like) or a redirect; but a 404 whose body
 * broke off has not said yet whether the movie is gone.
 */
const worthAnotherTry = (error: AxiosError): boolean => {
  const status = error.response?.status;
  if (status === 404) return !(error instanceof Answered);
  return status === undefined || status === 429 || status >= 500 || status < 300;
};

/** The typed error for what is left when no further try is made. Holds no header, and so no token. */
const lastWord = (error: unknown, path: string, retries: number): Error => {
  if (!axios.isAxiosError(error)) return error instanceof Error ? error : new Error(String(error));
  const { response } = error;
  const body = error instanceof Answered ? error.body : undefined;
  if (!response) {
    const tooLong = error.code === AxiosError.ERR_BAD_RESPONSE && 'a body that is too long';
    const what = error.code === 'ERR_CANCELED' ? 'no whole answer in time' : tooLong || (error.code ?? 'no answer');
    return new TmdbUnavailableError(`GET ${path}: ${what}, after up to ${retries} retries`);
  }
  const { status } = response;
  if (status === 429)
    return new TmdbThrottledError(`GET ${path}: TMDB says that we ask too fast (429), after up to ${retries} retries`);
  if (status === 401 || status === 403) return tokenError(status, body);
  if (worthAnotherTry(error)) {
    const what = status < 300 ? `status ${status} with a body that is not JSON or not whole` : `status ${status}`;
    return new TmdbUnavailableError(`GET ${path}: ${what}, after up to ${retries} retries`);
  }
  return refusal(path, status, body);
};

const tokenError = (status: number, body: unknown) =>
  new TmdbTokenError(
    `TMDB doesn't take our token (${said(status, body)}): it wants an API Read Access Token from themoviedb.org, settings, API.`,
  );

const refusal = (path: string, status: number, body: unknown) =>
  new TmdbRefusedError(`GET ${path}: TMDB refused it (${said(status, body)})`);

const said = (status: number, body: unknown): string => {
  const parsed = failure.safeParse(body);
  return parsed.success
    ? `${status}, code ${parsed.data.status_code}: ${parsed.data.status_message.slice(0, 200)}`
    : `status ${status}`;
};
