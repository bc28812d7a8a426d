import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { json } from 'node:stream/consumers';
import {
  type Answer,
  answering,
  INTERNAL_ERROR,
  INVALID_KEY,
  INVALID_PARAMETERS,
  NOT_FOUND,
  overLimit,
} from './answers.ts';
import type { Catalogue } from './catalogue.ts';
import { requestsInWindow } from './ceiling.ts';
import { draw } from './chance.ts';
import {
  type Attempt,
  drawForm,
  FAULT_NAMES,
  type Fault,
  faultsNamed,
  hasDrifted,
  outageFor,
  transientFaultFor,
} from './faults.ts';
import { changingLists, isListFault } from './list-faults.ts';
import { alwaysFor, isGone, lacksCredits, withoutCredits } from './movie-faults.ts';
import { asJson, disturbed, insteadOfMovie, type Reply, send } from './replies.ts';
import { echoing, isRevoked } from './token-faults.ts';

export interface SimulatorOptions {
  catalogue: Catalogue;
  /** Seed of response times and faults. The data don't depend on it. */
  seed: number;
  faults?: readonly Fault[];
  /**
   * Allowed requests per second, or a function that returns them at the moment; false for no limit. Default 40: TMDB's
   * limit is "somewhere in the 40 requests per second range".
   */
  ceiling?: number | false | (() => number);
  /** Response time in milliseconds. Default 40 to 120. */
  latencyMs?: { from: number; to: number };
  /** The valid token. Default `simulator`. */
  token?: string;
  /**
   * Largest number of open connections; further ones are reset. Default 20, as TMDB's CDN allows for each IP address; no
   * limit where there is no limit of requests.
   */
  connections?: number;
  /** Default 0, a free port. */
  port?: number;
  /** Time in milliseconds, for the rate limit and for `at`. */
  now?: () => number;
}

export interface AskedRequest {
  /** Time of arrival in milliseconds. */
  at: number;
  method: string;
  /** Path without `/3`. */
  path: string;
  query: Record<string, string>;
  status: Reply['status'];
  /** The fault of this answer. Faults of lists, and a rate limit, have none. */
  fault?: Fault['kind'];
}

export interface Simulator {
  /** `http://127.0.0.1:<port>/3` */
  url: string;
  /** All requests in their order of arrival. */
  asked: readonly AskedRequest[];
  /** Resolves when this number of requests has arrived. */
  reached(requests: number): Promise<void>;
  /** Number of requests with this path, or with a path that matches. */
  count(path: string | RegExp): number;
  /** Replaces the faults. An empty list removes all faults. Faults that count requests start again at 0. */
  use(faults: readonly Fault[]): void;
  /** Stops the server, and closes all connections. */
  close(): Promise<void>;
}

/**
 * A TMDB simulator on 127.0.0.1. It has TMDB's response formats, error codes and limits, an invented catalogue, and the
 * given faults.
 *
 * On the same port, other processes can replace the faults (`POST /_simulator/faults`) and read the requests
 * (`GET /_simulator/asked`).
 */
export const startSimulator = async (options: SimulatorOptions): Promise<Simulator> => {
  const { catalogue, seed, ceiling = 40, latencyMs = { from: 40, to: 120 }, token = 'simulator' } = options;
  const {
    connections = ceiling === false ? Number.POSITIVE_INFINITY : 20,
    port = 0,
    now = () => performance.now(),
  } = options;
  let faults: readonly Fault[] = [];
  let lists = changingLists(seed, []);
  /** Number of requests since the faults were replaced. */
  let requests = 0;
  const use = (others: readonly Fault[]) => {
    faults = others;
    lists = changingLists(seed, others.filter(isListFault));
    requests = 0;
  };
  use(options.faults ?? []);
  const answer = answering(catalogue);
  const countInWindow = requestsInWindow(now);
  const asked: AskedRequest[] = [];
  const timesAsked = new Map<string, number>();
  const pending = new Set<NodeJS.Timeout>();

  const isAuthorized = (request: IncomingMessage, query: URLSearchParams) =>
    request.headers.authorization === `Bearer ${token}` || query.get('api_key') === token;

  const said = (request: IncomingMessage, attempt: Attempt): Answer => {
    const { path, query } = attempt;
    if (request.method !== 'GET' || !request.url?.startsWith('/3/')) return NOT_FOUND;
    const outage = outageFor(faults, path, query);
    if (outage) return outage.forGood ? INVALID_PARAMETERS : INTERNAL_ERROR;
    const disturbance = { drifted: hasDrifted(faults, attempt), gone: (id: number) => isGone(faults, seed, id) };
    const { status, body } = lists(path, query, (asked) => answer(path, asked, disturbance));
    return { status, body: lacksCredits(faults, attempt) ? withoutCredits(body) : body };
  };

  const fromTmdb = (request: IncomingMessage, attempt: Attempt): Reply => {
    const right = () => asJson(said(request, attempt));
    const always = alwaysFor(faults, seed, attempt.path);
    return always ? insteadOfMovie(always, draw('shape', seed, attempt.path), right) : right();
  };

  /** Adds the token of the request to the reply, if a fault says so. */
  const echoed = (request: IncomingMessage, { answer, ...rest }: Reply): Reply => {
    const { body } = answer;
    const sent = request.headers.authorization?.replace('Bearer ', '');
    if (!sent || typeof body !== 'string' || !faults.some(({ kind }) => kind === 'token-echo'))
      return { ...rest, answer };
    return { ...rest, answer: { ...answer, body: echoing(body, sent) } };
  };

  /** The fault of the answer to a request, of those that no transient fault has replaced. */
  const lasting = (attempt: Attempt): Fault['kind'] | undefined => {
    const always = alwaysFor(faults, seed, attempt.path);
    if (always) return always.kind;
    if (outageFor(faults, attempt.path, attempt.query)) return 'outage';
    if (lacksCredits(faults, attempt)) return 'no-credits';
    return attempt.path.startsWith('/discover/') && hasDrifted(faults, attempt) ? 'drift' : undefined;
  };

  interface Decided {
    reply: Reply;
    latency: number;
    fault?: Fault['kind'] | undefined;
  }

  const decide = (request: IncomingMessage, path: string, query: URLSearchParams): Decided => {
    const key = `${path}?${query}`;
    const before = timesAsked.get(key) ?? 0;
    const latency = latencyMs.from + (latencyMs.to - latencyMs.from) * draw('latency', seed, key, before);
    const inWindow = countInWindow();
    const refused = isRevoked(faults, requests++) || !isAuthorized(request, query);
    const allowed = typeof ceiling === 'function' ? ceiling() : ceiling;
    // A request above the rate limit gets no fault and isn't counted, because which requests these are depends on timing.
    if (allowed !== false && inWindow > allowed) return { reply: asJson(overLimit(inWindow, allowed)), latency };
    timesAsked.set(key, before + 1);
    const attempt = { seed, path, query, before };
    const fault = transientFaultFor(faults, attempt);
    const undisturbed = () => (refused ? asJson(INVALID_KEY) : fromTmdb(request, attempt));
    const reply = echoed(request, fault ? disturbed(fault, drawForm(attempt), undisturbed) : undisturbed());
    return { reply, latency, fault: fault?.kind ?? lasting(attempt) };
  };

  const control = async (request: IncomingMessage, path: string): Promise<Answer> => {
    if (path === '/_simulator/asked' && request.method === 'GET') return { status: 200, body: asked };
    if (path !== '/_simulator/faults' || request.method !== 'POST') return NOT_FOUND;
    const { name } = (await json(request).catch(() => ({}))) as { name?: unknown };
    const named = typeof name === 'string' ? faultsNamed(name) : undefined;
    if (!named)
      return { status: 400, body: { error: `name ${name} is unknown; use one of ${FAULT_NAMES.join(', ')}.` } };
    use(named);
    return { status: 200, body: { name } };
  };

  const server = createServer((request, response) => {
    const target = URL.parse(`http://127.0.0.1${request.url}`) ?? new URL('http://127.0.0.1/');
    const { pathname, searchParams: query } = target;
    if (pathname.startsWith('/_simulator/'))
      return void control(request, pathname).then((said) => send(asJson(said), request, response));

    const path = pathname.replace(/^\/3(?=\/)/, '');
    const { reply, latency, fault } = decide(request, path, query);
    const { method = '' } = request;
    const { status } = reply;
    asked.push({ at: now(), method, path, query: Object.fromEntries(query), status, ...(fault && { fault }) });
    if (latency === 0) return send(reply, request, response);
    const timer = setTimeout(() => {
      pending.delete(timer);
      send(reply, request, response);
    }, latency);
    pending.add(timer);
  });

  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    if (open.size >= connections) return socket.resetAndDestroy();
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  // No timeout: closing an idle connection just when the client reuses it would be an unwanted fault.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/3`,
    asked,
    count: (path) => asked.filter((one) => (typeof path === 'string' ? one.path === path : path.test(one.path))).length,
    reached: async (requests) => {
      while (asked.length < requests) await once(server, 'request');
    },
    use,
    close: () =>
      new Promise((resolve) => {
        for (const timer of pending) clearTimeout(timer);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
