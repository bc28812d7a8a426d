import axios, { AxiosError, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import axiosRetry from 'axios-retry';
import pLimit from 'p-limit';
import type * as z from 'zod';
import type { Clock } from '../clock.ts';
import { agentsFor, type ProxySettings } from './agents.ts';
import { looksLikeJson, nestsDeeperThan, TOO_LONG, textOf, UnreadableBody, unpacked } from './body.ts';
import {
  TmdbRefusedError,
  TmdbShapeError,
  TmdbThrottledError,
  TmdbTokenError,
  TmdbUnavailableError,
} from './errors.ts';
import type { Gate } from './pace.ts';
import { retryAfterMs } from './retry-after.ts';
import { errorCode, errorNumber, shapeProblem } from './shape-problem.ts';
import { tokenGuard, withoutToken } from './token.ts';

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
  /** Called for each count of `tally`, when it happens. */
  onCount?(what: keyof Tally): void;
  /** Default: true. false: the question ends at the first sign that TMDB is down or throttles. */
  retries?: boolean;
  onWait?(wait: Wait): void;
  /** @param retry The number of the retry that is sent now: 1, 2 and so on. */
  onRetry?(retry: number): void;
}

const count = ({ tally, onCount }: Asker, what: keyof Tally): void => {
  tally[what] += 1;
  onCount?.(what);
};

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
  /** The parsed `json`. For checks only: JSON.parse turns 7.0 into 7. */
  body: Body;
  /** The JSON as TMDB sent it, in UTF-8, unpacked and without a byte order mark. */
  json: Buffer;
}

export type Query = Readonly<Record<string, string | number | boolean>>;

export interface Tmdb {
  /**
   * Names this TMDB in plans and manifests: its host, such as api.themoviedb.org, unless it was given a name. Ids are
   * valid only at the TMDB that issued them.
   */
  name: string;
  /** Questions that it asks at once; further ones wait. */
  atOnce: number;
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
  /** Default: the host of `baseUrl`. */
  name?: string | undefined;
  /** Called for every request, because the token may be replaced while the process runs. */
  token: () => string | undefined;
  /** The gate that all clients of this process share. */
  gate: Gate;
  clock: Clock;
  /** Uniform in [0, 1). Used as jitter. */
  random?: () => number;
  limits?: Partial<Limits>;
  proxy?: ProxySettings;
}

interface Limits {
  /** Timeout of one try in milliseconds, from the first byte sent to the last byte received. TMDB answers in well under a second. */
  tryMs: number;
  /** Timeout of one question with all its retries, in milliseconds. The time that a walker reserves must be longer (lib/stages/walk.ts). */
  questionMs: number;
  /** Highest number of retries of one question, for all reasons together. */
  retries: number;
  /** Highest number of retries because a response has an unknown shape. A CDN can serve a wrong body for a moment. */
  shapeRetries: number;
  /** Highest number of retries because TMDB rejects the token. One is enough to tell a fault of the moment from a wrong token. */
  tokenRetries: number;
  /** First backoff in milliseconds. It doubles with each retry. */
  backoffMs: number;
  /**
   * Largest body in bytes, before and after decompression. The largest recorded body has 0.34 MB; a hostile body may be
   * endless.
   */
  bodyBytes: number;
  /** Deepest nesting of arrays and objects in a body. TMDB's have about 5 levels; code that recurses overflows the stack at some thousand. */
  levels: number;
  /** Questions at once, each with a connection of its own. See `connectionsFor`. */
  sockets: number;
}

const LIMITS: Limits = {
  tryMs: 15_000,
  questionMs: 90_000,
  retries: 4,
  shapeRetries: 2,
  tokenRetries: 1,
  backoffMs: 500,
  bodyBytes: 8 * 1024 * 1024,
  levels: 100,
  sockets: 20,
};

/** TMDB's CDN allows so many connections for each IP address. Source: TMDB staff, talk/62c7c1b2 (2022). */
const MOST_AT_TMDB = 20;
/** At any other address, such as a mirror: enough for 2,000 requests a second that take 0.1 s each. */
const MOST_ELSEWHERE = 200;
/** And at least so many: answers of 1 s then still allow 10 requests a second. */
const LEAST = 10;
/** Seconds that an answer may take before the connections limit the rate. TMDB takes about 0.1 s. */
const SLOW_ANSWER_SECONDS = 0.5;

/**
 * Connections that a request rate needs: rate × time of an answer.
 *
 * @param perSecond Highest number of requests per second.
 */
export const connectionsFor = (baseUrl: string, perSecond: number): number => {
  const most = /(^|\.)(themoviedb|tmdb)\.org$/.test(new URL(baseUrl).hostname) ? MOST_AT_TMDB : MOST_ELSEWHERE;
  return Math.min(most, Math.max(LEAST, Math.ceil(perSecond * SLOW_ANSWER_SECONDS)));
};

/** Longest backoff. A Retry-After header may ask for more. */
const LONGEST_BACKOFF_MS = 30_000;

/** Wait after a 429 without a valid Retry-After: TMDB counts requests per second, so the current second is used up. */
const LEAST_PAUSE_MS = 1_000;

/** State of one question. It is a class because axios copies plain objects in a request's config, but passes class instances on. */
class Question {
  readonly asker: Asker;
  readonly schema: z.ZodType;
  /** A 404 in TMDB's error format is a result. */
  readonly mayBeGone: boolean;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** The token of the last try. */
  token: string;
  /** Retries so far, for all reasons. */
  retries = 0;
  /** Retries so far, for each verdict. */
  readonly retriesFor: Partial<Record<Verdict, number>> = {};
  /** The pause that the last 429 asked for, in milliseconds. */
  pauseMs = 0;

  constructor(asker: Asker, schema: z.ZodType, mayBeGone: boolean, startedAt: number, token: string) {
    this.asker = asker;
    this.schema = schema;
    this.mayBeGone = mayBeGone;
    this.startedAt = startedAt;
    this.token = token;
  }
}

declare module 'axios' {
  interface AxiosRequestConfig {
    question?: Question;
  }
}

/**
 * What a failed try means. It decides how often the client retries, and which error ends the question:
 *
 * - `unavailable`: no complete response, a status that a retry can change, or a body that can't be read.
 * - `throttled`: 429.
 * - `shape`: status 200 and JSON, but not what the schema asks for.
 * - `token`: 401 or 403 in TMDB's error format. A CDN's 403 is `unavailable`.
 * - `refused`: every other status. A retry can't help.
 */
type Verdict = 'unavailable' | 'throttled' | 'shape' | 'token' | 'refused';

/** A try that failed. */
class Failed extends AxiosError {
  readonly verdict: Verdict;
  /** In plain English. It quotes no header, so it can't hold the token. */
  readonly reason: string;
  readonly answer: Answer<unknown> | undefined;

  constructor(
    verdict: Verdict,
    reason: string,
    from: { config?: InternalAxiosRequestConfig | undefined; response?: AxiosResponse | undefined },
    answer?: Answer<unknown>,
  ) {
    super(reason, 'ERR_FAILED', from.config, undefined, from.response);
    this.verdict = verdict;
    this.reason = reason;
    this.answer = answer;
  }
}

/**
 * A client for TMDB's API: one keep-alive agent, one request rate, a Bearer token, and a check of every response.
 *
 * It adds this to axios and axios-retry:
 * - It unpacks and checks bodies itself, and retries where a body is damaged, isn't JSON or has an unknown shape. Such
 *   bodies come with status 200 too.
 * - It retries after a timeout.
 * - After a 429, all requests of the process wait.
 * - After TMDB has rejected a token, it sends no other request with it.
 * - It follows no redirect, because axios would send the token along.
 * - It limits the size of a body and the time of a question.
 * - It removes the token from every body, and so from every error.
 */
export const tmdbClient = ({
  baseUrl,
  name,
  token,
  gate,
  clock,
  random = Math.random,
  limits = {},
  proxy = {},
}: TmdbOptions): Tmdb => {
  const { tryMs, questionMs, retries, shapeRetries, tokenRetries, backoffMs, bodyBytes, levels, sockets } = {
    ...LIMITS,
    ...limits,
  };
  const retriesFor: Readonly<Record<Verdict, number>> = {
    unavailable: retries,
    throttled: retries,
    shape: shapeRetries,
    token: tokenRetries,
    refused: 0,
  };
  const guard = tokenGuard(token, clock);
  /** Without it, requests would pass the gate and then wait for a connection, while their timeout runs. */
  const waiting = pLimit(sockets);
  const http = axios.create({
    baseURL: baseUrl.replace(/\/+$/, ''),
    // axios leaves the proxy to agents that have a setting for it. With `proxy: false` it would take the setting away.
    ...agentsFor(baseUrl, proxy, sockets),
    maxRedirects: 0,
    maxContentLength: bodyBytes,
    responseType: 'arraybuffer',
    decompress: false,
    transformResponse: (body) => body,
    validateStatus: () => true,
    headers: { Accept: 'application/json', 'Accept-Encoding': 'gzip' },
  });

  const backoff = (retry: number): number => random() * Math.min(LONGEST_BACKOFF_MS, backoffMs * 2 ** (retry - 1));

  const mayRetry = ({ config, verdict }: Failed): boolean => {
    const { question } = config ?? {};
    const isPassing = verdict === 'unavailable' || verdict === 'throttled';
    if (isPassing && question?.asker.retries === false) return false;
    return (question?.retriesFor[verdict] ?? 0) < retriesFor[verdict];
  };

  /** TMDB's limit covers the whole process, so all requests wait, even when this was the question's last try. */
  const pauseAfter429 = ({ status, headers, config: { question } }: AxiosResponse) => {
    if (status !== 429 || !question) return;
    const requestedMs = retryAfterMs(headers['retry-after'], clock.now());
    question.pauseMs = requestedMs ?? Math.max(backoff(question.retries + 1), LEAST_PAUSE_MS);
    count(question.asker, 'throttles');
    gate.pause(question.pauseMs);
  };

  http.interceptors.response.use(
    (response) => {
      pauseAfter429(response);
      response.data = judged(response, { bodyBytes, levels });
      return response;
    },
    (error: unknown) => {
      if (!axios.isAxiosError(error)) throw error;
      if (error.response) pauseAfter429(error.response);
      throw withoutResponse(error);
    },
  );

  axiosRetry(http, {
    retries,
    retryCondition: (error) => error instanceof Failed && mayRetry(error),
    // The default also reads Retry-After: it would wait for a day, or not at all when the value overflows setTimeout.
    retryDelay: () => 0,
    onRetry: async (retry, error, config) => {
      const { question } = config;
      if (!question || !(error instanceof Failed)) throw error;
      const throttled = error.verdict === 'throttled';
      const waitMs = throttled
        ? question.pauseMs
        : (retryAfterMs(error.response?.headers['retry-after'], clock.now()) ?? backoff(retry));
      if (clock.now() + waitMs - question.startedAt > questionMs) throw error;
      const before = question.retriesFor[error.verdict] ?? 0;
      question.asker.onWait?.({
        reason: error.reason,
        retry,
        retries: Math.min(retries, retry - 1 + retriesFor[error.verdict] - before),
        waitMs,
      });
      question.retries = retry;
      question.retriesFor[error.verdict] = before + 1;
      // After a 429, this request waits at the gate like all others.
      if (!throttled) await clock.sleep(waitMs);
      // The signal of this try has timed out. axios-retry would use it for the next try as well.
      delete config.signal;
    },
  });

  // axios runs the interceptor that was added last first. Retries pass through it too, so each one waits at the gate.
  http.interceptors.request.use(async (config) => {
    await gate.pass();
    const { question } = config;
    if (question) {
      // Read after the wait: meanwhile, TMDB may have rejected the token, or another one may have been set.
      question.token = guard.current();
      config.headers.set('Authorization', `Bearer ${question.token}`);
      count(question.asker, 'requests');
      if (question.retries > 0) {
        count(question.asker, 'retries');
        question.asker.onRetry?.(question.retries);
      }
    }
    config.signal = AbortSignal.timeout(tryMs);
    return config;
  });

  const ask = async <Shape extends z.ZodType>(
    path: string,
    query: Query,
    schema: Shape,
    asker: Asker,
    mayBeGone: boolean,
  ): Promise<Answer<z.output<Shape>> | 'gone'> => {
    const question = new Question(asker, schema, mayBeGone, clock.now(), guard.current());
    try {
      return (await http.get<Answer<z.output<Shape>> | 'gone'>(path, { params: query, question })).data;
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      const typed = typedError(path, error, question);
      if (typed instanceof TmdbTokenError) guard.reject(question.token, typed.message);
      throw typed;
    }
  };

  return {
    name: name ?? new URL(baseUrl).hostname,
    atOnce: sockets,
    get: (path, query, schema, asker) =>
      waiting(() => ask(path, query, schema, asker, false)) as Promise<Answer<z.output<typeof schema>>>,
    lookUp: (path, query, schema, asker) => waiting(() => ask(path, query, schema, asker, true)),
  };
};

/**
 * Reads a response.
 *
 * It ignores the Content-Type header: TMDB's CDN has sent HTML pages with status 502 and with 200.
 *
 * @throws {Failed}
 */
const judged = (
  response: AxiosResponse<Uint8Array>,
  { bodyBytes, levels }: Pick<Limits, 'bodyBytes' | 'levels'>,
): Answer<unknown> | 'gone' => {
  const { status, headers, config } = response;
  const { question } = config;
  if (!question) throw new Error('A request to TMDB needs a question: use get or lookUp.');
  const fail = (verdict: Verdict, reason: string, answer?: Answer<unknown>) =>
    new Failed(verdict, reason, { config, response }, answer);

  const content = contentOf(response.data, headers['content-encoding'], question.token, bodyBytes, levels);
  const body = content.answer?.body;
  const code = status === 200 ? undefined : errorCode(body);
  const described = code === undefined ? `status ${status}` : `${status}, ${code}`;
  const refused = `TMDB rejected the request (${described})`;

  if (status === 429) throw fail('throttled', THROTTLED);
  if (status === 408 || status === 425 || status >= 500)
    throw fail('unavailable', `TMDB answers with status ${status}`);
  if (status === 401 || status === 403) {
    if (code !== undefined) throw fail('token', `TMDB rejected the token (${described})`);
    throw fail('unavailable', `TMDB answers with status ${status}, but not in its error format`);
  }
  if (status === 404) {
    // A damaged body doesn't say whether the movie is gone. A complete one from another server, such as a proxy, is not
    // a transient fault.
    if (content.damaged) throw fail('unavailable', `TMDB answers with status ${status}: ${content.problem}`);
    // Another code with 404 is a fault of TMDB: the id may be there.
    if (code !== undefined && !GONE_CODES.includes(errorNumber(body) ?? 0)) throw fail('unavailable', refused);
    if (code === undefined || !question.mayBeGone) throw fail('refused', refused);
    return 'gone';
  }
  if (status > 299) throw fail('refused', refused);
  if (status !== 200) throw fail('unavailable', `TMDB answers with status ${status}`);
  if (!content.answer) throw fail('unavailable', `TMDB answers with status ${status}: ${content.problem}`);

  const problem = content.problem ?? shapeProblem(question.schema, body);
  if (problem !== undefined) throw fail('shape', `TMDB's response has an unknown shape: ${problem}`, content.answer);
  return content.answer;
};

const THROTTLED = 'TMDB throttles (429)';

/** TMDB's codes for an id that does not exist: 34, and 6 in older answers. Source: developer.themoviedb.org/docs/errors (read 2026-11-22). */
const GONE_CODES = [34, 6];

interface Content {
  /** Absent where the body is not JSON. */
  answer?: Answer<unknown>;
  /** What is wrong with the body, in plain English. */
  problem?: string;
  /** The body is incomplete or has been changed on its way. */
  damaged?: boolean;
}

/** It parses the body itself, because axios returns a body that is not JSON as a string without an error. */
const contentOf = (
  bytes: Uint8Array,
  contentEncoding: unknown,
  token: string,
  bodyBytes: number,
  levels: number,
): Content => {
  try {
    const sent = unpacked(bytes, contentEncoding, bodyBytes);
    const sentText = textOf(sent);
    const text = withoutToken(sentText, token);
    const json = text === sentText ? sent : Buffer.from(text);
    if (!looksLikeJson(text)) return { problem: 'the body is not JSON' };
    if (nestsDeeperThan(text, levels))
      return { answer: { body: undefined, json }, problem: `the body nests deeper than ${levels} levels` };
    return { answer: { body: JSON.parse(text), json } };
  } catch (error) {
    if (error instanceof UnreadableBody) return { problem: error.message, damaged: true };
    if (error instanceof SyntaxError) return { problem: 'the body is incomplete or damaged JSON', damaged: true };
    throw error;
  }
};

/** A try without a complete response. It keeps the code, and not the message: a message of Node could quote a header. */
const withoutResponse = ({ config, response, code }: AxiosError): Failed => {
  const from = { config, response };
  if (response?.status === 429) return new Failed('throttled', THROTTLED, from);
  if (code === AxiosError.ERR_CANCELED) return new Failed('unavailable', 'no complete answer in time', from);
  // axios has one code for both.
  if (code === AxiosError.ERR_BAD_RESPONSE && !response) return new Failed('unavailable', TOO_LONG, from);
  if (response) return new Failed('unavailable', 'the connection broke off within the body', from);
  return new Failed('unavailable', `the connection to TMDB failed (${code ?? 'no code'})`, from);
};

/** The error to throw after the last try. */
const typedError = (path: string, { verdict, reason, answer }: Failed, { retries, retriesFor }: Question): Error => {
  const after = `after ${retries} ${retries === 1 ? 'retry' : 'retries'}`;
  // The question had no time or no retry left to ask again, so this may be a fault of the moment.
  const unconfirmed = verdict === 'token' && !retriesFor.token;
  if (verdict === 'unavailable' || unconfirmed)
    return new TmdbUnavailableError(
      `GET ${path}: ${reason}, ${after}. A response with status 200 and complete JSON is needed: run again when TMDB answers.`,
      reason,
    );
  switch (verdict) {
    case 'throttled':
      return new TmdbThrottledError(
        `GET ${path}: ${reason}, ${after}. TMDB allows about 40 requests per second: lower TMDB_REQUESTS_PER_SECOND, or run again later.`,
        reason,
      );
    case 'token':
      return new TmdbTokenError(`${reason}: use an API Read Access Token from themoviedb.org (Settings, API).`);
    case 'shape':
      return new TmdbShapeError(
        `GET ${path}: ${reason}. If TMDB has changed this field, change lib/tmdb/responses.ts.`,
        answer,
      );
    case 'refused':
      return new TmdbRefusedError(
        `GET ${path}: ${reason}. A retry can't help: change the dataset's filters, or TMDB_BASE_URL where it names another server.`,
      );
  }
};
