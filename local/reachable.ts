import axios, { AxiosError, type AxiosResponse } from 'axios';
import { agentsFor, type ProxySettings } from '../lib/tmdb/agents.ts';

/** The TMDB of the settings can't be reached, or is none. A person must check the network or the settings. */
export class NotReachableError extends Error {
  override readonly name = 'NotReachableError';
}

export interface TmdbAddress {
  /** The API's root, such as https://api.themoviedb.org/3. */
  baseUrl: string;
  proxy: ProxySettings;
}

/** Time for the check in milliseconds. A TMDB that answers takes well under a second. */
const CHECK_MS = 4_000;

/** Connections that broke off are tried once more: a fault of the moment, or a server that is no TMDB. */
const TRIES = 2;

/**
 * Asks TMDB one question without a retry, so that a wrong address or network is reported in seconds. The client itself
 * waits and retries for half a minute, because in the middle of a run the same errors pass.
 *
 * It sends no token: the answer to that says as much, and an address that is wrong doesn't get the token. An answer that
 * only says that TMDB is down or busy isn't an error here.
 *
 * @throws {NotReachableError}
 */
export const checkReachable = async (address: TmdbAddress, checkMs = CHECK_MS): Promise<void> => {
  const baseUrl = address.baseUrl.replace(/\/+$/, '');
  const http = axios.create({
    ...agentsFor(baseUrl, address.proxy, 1),
    maxRedirects: 0,
    maxContentLength: 1024 * 1024,
    responseType: 'text',
    transformResponse: (body) => body,
    validateStatus: () => true,
    signal: AbortSignal.timeout(checkMs),
  });
  let problem: string | undefined;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    problem = await http.get<string>(`${baseUrl}/authentication`).then(
      (response) => problemOf(response, baseUrl),
      (error: unknown) => connectionProblem(error, baseUrl, checkMs),
    );
    if (problem === undefined) return;
  }
  throw new NotReachableError(`${problem}${proxyHint(new URL(baseUrl), address.proxy)}`);
};

const problemOf = ({ status, headers, data }: AxiosResponse<string>, baseUrl: string): string | undefined => {
  const { host } = new URL(baseUrl);
  const { location } = headers;
  if (status >= 300 && status < 400 && location)
    return `${host} redirects to ${URL.parse(String(location), baseUrl)?.origin}, and the token must not be sent on: set TMDB_BASE_URL to the right address, such as https://api.themoviedb.org/3.`;
  if (status === 404)
    return `${host} has no API of TMDB at ${baseUrl} (status 404): set TMDB_BASE_URL to the root of the API with its version, such as https://api.themoviedb.org/3.`;
  if (status === 407)
    return `The proxy asks for a login (status 407): set HTTP_PROXY to http://user:password@host:port.`;
  const isBusy = status === 408 || status === 425 || status === 429 || status >= 500;
  if (!isBusy && /^\uFEFF?\s*</.test(data))
    return `${host} answers with a web page (status ${status}), not with TMDB's JSON: check TMDB_BASE_URL, or log in to this network, or ask who runs it whether it blocks ${host}.`;
  return undefined;
};

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH/;

/** @returns undefined for an error that says nothing about the address: the client then decides. */
const connectionProblem = (error: unknown, baseUrl: string, checkMs: number): string | undefined => {
  if (!(error instanceof AxiosError)) throw error;
  const { host, protocol } = new URL(baseUrl);
  const code = (error.cause as { code?: string } | undefined)?.code ?? error.code ?? '';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `${host} was not found (${code}): check the network connection, and the host in TMDB_BASE_URL.`;
  if (code === 'ECONNREFUSED')
    return `${host} refuses the connection (${code}): check the host and the port in TMDB_BASE_URL, and whether its server is running.`;
  if (/^(EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL)$/.test(code))
    return `${host} can't be reached from this network (${code}): check the network connection.`;
  if (code === 'ERR_CANCELED' || code === 'ETIMEDOUT' || code === 'ECONNABORTED')
    return `${host} did not answer within ${checkMs / 1000} s: check the network connection, a firewall, and the host in TMDB_BASE_URL.`;
  if (CERTIFICATE.test(code))
    return `${host} has a certificate that this machine does not accept (${code}): check the clock of this machine. If a proxy inspects https, set NODE_EXTRA_CA_CERTS to the file of its certificate.`;
  if (code === 'ERR_PROXY_TUNNEL')
    return `The proxy does not connect to ${host} (${statusOf(error.message)}): check HTTPS_PROXY, its user and password, and whether the proxy allows ${host}.`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL') || (code === 'ECONNRESET' && protocol === 'https:'))
    return `${host} does not answer with https (${code}): check TMDB_BASE_URL; a server without a certificate needs http://.`;
  if (code === 'ECONNRESET' || code.startsWith('HPE_'))
    return `${host} does not answer with http (${code}): check TMDB_BASE_URL; it may need https://.`;
  return undefined;
};

/** The status line of a proxy, at the end of Node's message. */
const statusOf = (message: string): string => /HTTP\/\d\.\d (\d{3})/.exec(message)?.[1] ?? 'no status';

/** A connection may have failed at the proxy, whose host the errors of the connection don't name. */
const proxyHint = ({ protocol, hostname }: URL, proxy: ProxySettings): string => {
  const name = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const used = proxy.NO_PROXY?.split(/[\s,]+/).includes(hostname) ? undefined : proxy[name];
  return used ? ` ${name} is ${new URL(used).host}: check it, too.` : '';
};
