import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, request } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tmdbAddress } from '../../lib/wiring.ts';
import { failure } from '../../local/exit-code.ts';
import { readOptions } from '../../local/options.ts';
import { checkReachable } from '../../local/reachable.ts';
import { startCommand } from './command-line.ts';
import { quickSimulator, temporaryFolder } from './running.ts';
import { CERTIFICATE, KEY } from './self-signed.ts';

/*
 * Wrong environments: what is printed, and the exit code. The same functions as in `npm start`, without a process for
 * each line.
 */

const open: Server[] = [];
const sockets: Socket[] = [];
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(open.map((server) => new Promise((closed) => server.close(closed))));
});
const listening = async (server: Server): Promise<number> => {
  open.push(server);
  server.on('connection', (socket) => sockets.push(socket));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return (server.address() as AddressInfo).port;
};
const serving = (listener: RequestListener) => listening(createServer(listener));
const answering = (status: number, body: string, headers: Record<string, string> = {}) =>
  serving((_, response) => response.writeHead(status, { ...headers, connection: 'close' }).end(body));

const PAGE = '<!DOCTYPE html><html><title>Log in</title></html>';
const NOT_FOUND =
  '{"success":false,"status_code":34,"status_message":"The resource you requested could not be found."}';

/** Ports of servers that are no TMDB, by name. */
const ports: Record<string, number> = {};
beforeAll(async () => {
  Object.assign(ports, {
    NOT_FOUND: await answering(404, NOT_FOUND),
    PAGE: await answering(200, PAGE),
    BLOCKED: await answering(403, PAGE),
    TO_HTTPS: await answering(301, '', { location: 'https://api.themoviedb.org/3/authentication' }),
    SILENT: await listening(createTcpServer()),
    RESETS: await listening(createTcpServer((socket) => socket.resetAndDestroy())),
    GIBBERISH: await listening(createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'))),
    TLS: await listening(createHttpsServer({ key: KEY, cert: CERTIFICATE }, (_, response) => response.end('{}'))),
    LOGIN_PROXY: await answering(407, ''),
    REFUSING_PROXY: await listening(
      createServer().on('connect', (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')),
    ),
  });
});

/** Milliseconds to wait for an answer that comes. Only a server that never answers has a short limit. */
const ANSWERS_MS = 60_000;

/** What `npm start` does with this environment before the run, up to the first answer of TMDB. */
const outcome = async (env: Record<string, string>, args: string[], limitMs = ANSWERS_MS) => {
  const filled = Object.fromEntries(
    Object.entries(env).map(([name, text]) => [name, text.replaceAll(/\$(\w+)/g, (_, port) => String(ports[port]))]),
  );
  try {
    readOptions(args, filled);
    await checkReachable(tmdbAddress(filled), limitMs);
    return { code: 0, text: '' };
  } catch (error) {
    const { code, text } = failure(error);
    return { code, text: text.replaceAll(/127\.0\.0\.1:(\d{4,5})/g, (_, port) => `127.0.0.1:${nameOf(port)}`) };
  }
};
const nameOf = (port: string) => Object.keys(ports).find((name) => String(ports[name]) === port) ?? port;

const local = (port: string, rest = '/3', scheme = 'http') => ({
  TMDB_BASE_URL: `${scheme}://127.0.0.1:$${port}${rest}`,
});

/** Environments that can't work. */
const WRONG: { env: Record<string, string>; args?: string[]; limitMs?: number; code: number; says: string }[] = [
  {
    env: { TMDB_BASE_URL: 'https://tmdb.invalid/3' },
    code: 1,
    says: 'tmdb.invalid was not found (ENOTFOUND): check the network connection, and the host in TMDB_BASE_URL.',
  },
  {
    env: { TMDB_BASE_URL: 'http://127.0.0.1:1/3' },
    code: 1,
    says: '127.0.0.1:1 refuses the connection (ECONNREFUSED): check the host and the port in TMDB_BASE_URL, and whether its server is running.',
  },
  {
    env: local('SILENT'),
    limitMs: 300,
    code: 1,
    says: '127.0.0.1:SILENT did not answer within 0.3 s: check the network connection, a firewall, and the host in TMDB_BASE_URL.',
  },
  {
    env: local('NOT_FOUND', ''),
    code: 1,
    says: '127.0.0.1:NOT_FOUND has no API of TMDB at http://127.0.0.1:NOT_FOUND (status 404): set TMDB_BASE_URL to the root of the API with its version, such as https://api.themoviedb.org/3.',
  },
  {
    env: local('PAGE'),
    code: 1,
    says: "127.0.0.1:PAGE answers with a web page (status 200), not with TMDB's JSON: check TMDB_BASE_URL, or log in to this network, or ask who runs it whether it blocks 127.0.0.1:PAGE.",
  },
  {
    env: local('BLOCKED'),
    code: 1,
    says: "127.0.0.1:BLOCKED answers with a web page (status 403), not with TMDB's JSON: check TMDB_BASE_URL, or log in to this network, or ask who runs it whether it blocks 127.0.0.1:BLOCKED.",
  },
  {
    env: local('TO_HTTPS'),
    code: 1,
    says: '127.0.0.1:TO_HTTPS redirects to https://api.themoviedb.org, and the token must not be sent on: set TMDB_BASE_URL to the right address, such as https://api.themoviedb.org/3.',
  },
  {
    env: local('RESETS'),
    code: 1,
    says: '127.0.0.1:RESETS does not answer with http (ECONNRESET): check TMDB_BASE_URL; it may need https://.',
  },
  {
    env: local('TLS'),
    code: 1,
    says: '127.0.0.1:TLS does not answer with http (ECONNRESET): check TMDB_BASE_URL; it may need https://.',
  },
  {
    env: local('GIBBERISH'),
    code: 1,
    says: '127.0.0.1:GIBBERISH does not answer with http (HPE_INVALID_CONSTANT): check TMDB_BASE_URL; it may need https://.',
  },
  {
    env: local('PAGE', '/3', 'https'),
    code: 1,
    says: '127.0.0.1:PAGE does not answer with https (EPROTO): check TMDB_BASE_URL; a server without a certificate needs http://.',
  },
  {
    env: local('TLS', '/3', 'https'),
    code: 1,
    says: '127.0.0.1:TLS has a certificate that this machine does not accept (DEPTH_ZERO_SELF_SIGNED_CERT): check the clock of this machine. If a proxy inspects https, set NODE_EXTRA_CA_CERTS to the file of its certificate.',
  },
  {
    env: { TMDB_BASE_URL: 'http://api.themoviedb.org/3' },
    code: 2,
    says: 'environment: TMDB_BASE_URL: use https:// for TMDB: with http://, others can read the token; got "http://api.themoviedb.org/3".',
  },
  {
    env: { TMDB_BASE_URL: 'api.themoviedb.org/3' },
    code: 2,
    says: 'environment: TMDB_BASE_URL: use a URL such as https://api.themoviedb.org/3; got "api.themoviedb.org/3".',
  },
  {
    env: { TMDB_BASE_URL: 'localhost:3000/3' },
    code: 2,
    says: 'environment: TMDB_BASE_URL: use a URL such as https://api.themoviedb.org/3; got "localhost:3000/3".',
  },
  {
    env: { HTTPS_PROXY: 'http://proxy.invalid:8080' },
    code: 1,
    says: 'api.themoviedb.org was not found (ENOTFOUND): check the network connection, and the host in TMDB_BASE_URL. HTTPS_PROXY is proxy.invalid:8080: check it, too.',
  },
  {
    env: { HTTPS_PROXY: 'http://user:secret@127.0.0.1:1' },
    code: 1,
    says: 'api.themoviedb.org refuses the connection (ECONNREFUSED): check the host and the port in TMDB_BASE_URL, and whether its server is running. HTTPS_PROXY is 127.0.0.1:1: check it, too.',
  },
  {
    env: { https_proxy: '127.0.0.1:$REFUSING_PROXY' },
    code: 1,
    says: 'The proxy does not connect to api.themoviedb.org (403): check HTTPS_PROXY, its user and password, and whether the proxy allows api.themoviedb.org. HTTPS_PROXY is 127.0.0.1:REFUSING_PROXY: check it, too.',
  },
  {
    env: { HTTP_PROXY: 'http://127.0.0.1:$LOGIN_PROXY', TMDB_BASE_URL: 'http://tmdb.invalid/3' },
    code: 1,
    says: 'The proxy asks for a login (status 407): set HTTP_PROXY to http://user:password@host:port. HTTP_PROXY is 127.0.0.1:LOGIN_PROXY: check it, too.',
  },
  {
    env: {
      HTTP_PROXY: 'http://127.0.0.1:$LOGIN_PROXY',
      NO_PROXY: 'localhost,tmdb.invalid',
      TMDB_BASE_URL: 'http://tmdb.invalid/3',
    },
    code: 1,
    says: 'tmdb.invalid was not found (ENOTFOUND): check the network connection, and the host in TMDB_BASE_URL.',
  },
  {
    env: { HTTPS_PROXY: 'socks5://user:secret@127.0.0.1:1080' },
    code: 2,
    says: 'environment: HTTPS_PROXY: use the address of an HTTP proxy, such as http://proxy.example.com:8080.',
  },
  {
    env: { HTTP_PROXY: 'my proxy' },
    code: 2,
    says: 'environment: HTTP_PROXY: use the address of an HTTP proxy, such as http://proxy.example.com:8080.',
  },
  {
    env: {},
    args: ['--give-up-after', '10m'],
    code: 2,
    says: '--give-up-after: use a whole number of seconds, at most 86400; got "10m".',
  },
];

describe('a wrong environment', () => {
  it.each(WRONG)('$env $args: exit code $code and one sentence', async ({ env, args = [], limitMs, code, says }) => {
    const seen = await outcome({ TMDB_TOKEN: 'a-token-of-this-test', ...env }, args, limitMs);
    expect(seen).toEqual({ code, text: says });
  });

  it.each([
    ['is down', 503, PAGE],
    ['is busy', 429, ''],
    ['does not know us', 401, '{"success":false,"status_code":7}'],
    ['answers', 200, '{"success":true}'],
    ['sends bytes that are no text', 200, '\u001f\u008b\u0008'],
  ])('is not a TMDB that %s: the run decides', async (_, status, body) => {
    const port = await answering(status, body);
    expect(await outcome({ TMDB_TOKEN: 'x', TMDB_BASE_URL: `http://127.0.0.1:${port}/3` }, [])).toEqual({
      code: 0,
      text: '',
    });
  });

  it('is reported by npm start in seconds, and no token is sent to an address that is no TMDB', async () => {
    const seen: (string | undefined)[] = [];
    const port = await serving(({ headers }, response) => {
      seen.push(headers.authorization);
      response.writeHead(404).end(NOT_FOUND);
    });
    const env = { TMDB_TOKEN: 'a-token-of-this-test', TMDB_BASE_URL: `http://127.0.0.1:${port}` };
    const { code, out, err } = await startCommand(['--out', await temporaryFolder()], env).ended;
    expect({ code, out }).toEqual({ code: 1, out: `Asking 127.0.0.1:${port}.\n` });
    expect(err).toMatch(/^127\.0\.0\.1:\d+ has no API of TMDB at \S+ \(status 404\): [^\n]*\n$/);
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });
});

describe('a proxy', () => {
  /** A proxy to one server, and what it saw. */
  const proxyTo = async (target: string) => {
    const seen: { url: string; headers: string }[] = [];
    const { hostname, port } = new URL(target);
    const server = createServer((from, response) => {
      seen.push({ url: from.url ?? '', headers: JSON.stringify(from.headers) });
      const { pathname, search } = new URL(from.url ?? '');
      const { method, headers } = from;
      request({ host: hostname, port, path: pathname + search, method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      }).end();
    });
    server.on('connect', (from, socket) => {
      seen.push({ url: from.url ?? '', headers: JSON.stringify(from.headers) });
      const to = connect(Number(port), hostname, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        to.pipe(socket);
        socket.pipe(to);
      });
      for (const end of [to, socket]) end.on('error', () => socket.destroy());
    });
    const at = await listening(server);
    return { url: `http://127.0.0.1:${at}`, seen };
  };

  it('is used for the whole run, but not for loopback addresses, which the embedded services have', async () => {
    const simulator = await quickSimulator();
    const proxy = await proxyTo(simulator.url);
    const args = ['--only', 'war-2012', '--day', '2026-11-20', '--out', await temporaryFolder()];
    const { code, out } = await startCommand(args, {
      TMDB_TOKEN: 'simulator',
      TMDB_BASE_URL: 'http://tmdb.invalid/3',
      HTTP_PROXY: proxy.url,
    }).ended;
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('Asking tmdb.invalid.') });
    expect(simulator.asked.length).toBeGreaterThan(10);
    expect(proxy.seen).toHaveLength(simulator.asked.length);
    expect(proxy.seen.every(({ url }) => url.startsWith('http://tmdb.invalid/3/'))).toBe(true);

    const before = proxy.seen.length;
    await checkReachable({ baseUrl: simulator.url, proxy: { HTTP_PROXY: proxy.url } });
    expect(proxy.seen).toHaveLength(before);
  });

  it('never sees the token of an https request', async () => {
    const seen: (string | undefined)[] = [];
    const port = await listening(
      createHttpsServer({ key: KEY, cert: CERTIFICATE }, ({ headers }, response) => {
        seen.push(headers.authorization);
        response.writeHead(401, { 'content-type': 'application/json' });
        response.end('{"success":false,"status_code":7,"status_message":"Invalid API key"}');
      }),
    );
    const proxy = await proxyTo(`http://127.0.0.1:${port}`);
    const authorities = join(await temporaryFolder(), 'authorities.pem');
    await writeFile(authorities, CERTIFICATE);
    const { code, err } = await startCommand(['--only', 'war-2012', '--out', await temporaryFolder()], {
      TMDB_TOKEN: 'a-token-of-this-test',
      TMDB_BASE_URL: 'https://tmdb.invalid/3',
      HTTPS_PROXY: proxy.url,
      NODE_EXTRA_CA_CERTS: authorities,
    }).ended;
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringMatching(/^TmdbTokenError: /) });
    expect(seen).toContain('Bearer a-token-of-this-test');
    expect(proxy.seen.map(({ url }) => url)).toContain('tmdb.invalid:443');
    expect(JSON.stringify(proxy.seen)).not.toContain('a-token-of-this-test');
  });
});

describe('settings for AWS', () => {
  it('do not reach the embedded services', async () => {
    const config = join(await temporaryFolder(), 'config');
    await writeFile(
      config,
      '[default]\nuse_fips_endpoint = true\nuse_dualstack_endpoint = true\nregion = eu-north-1\n',
    );
    const simulator = await quickSimulator();
    const args = ['--only', 'war-2012', '--day', '2026-11-20', '--out', await temporaryFolder()];
    const { code, err } = await startCommand(args, {
      TMDB_TOKEN: 'simulator',
      TMDB_BASE_URL: simulator.url,
      AWS_CONFIG_FILE: config,
      AWS_USE_FIPS_ENDPOINT: 'true',
      AWS_USE_DUALSTACK_ENDPOINT: 'true',
    }).ended;
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });
});
