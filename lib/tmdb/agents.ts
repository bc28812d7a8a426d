import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { BadInputError } from '../parse.ts';

/** The proxy for connections to TMDB and AWS, under the names of the environment. */
export interface ProxySettings {
  HTTP_PROXY?: string;
  HTTPS_PROXY?: string;
  NO_PROXY?: string;
}

/**
 * Reads the proxy from the environment: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in capitals or not.
 *
 * It checks the addresses, because Node ignores one that it can't use, and then connects without a proxy.
 *
 * @throws {BadInputError} It doesn't quote the address, which may contain a password.
 */
export const proxyFrom = (env: Readonly<Record<string, string | undefined>>): ProxySettings => {
  const settings: ProxySettings = {};
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY'] as const) {
    const given = env[name.toLowerCase()] || env[name];
    if (!given) continue;
    // curl and others accept an address without http://, too.
    const url = URL.parse(/^[\w.-]+:\d+\/?$/.test(given) ? `http://${given}` : given);
    if (!url || !/^https?:$/.test(url.protocol))
      throw new BadInputError(
        `environment: ${name}: use the address of an HTTP proxy, such as http://proxy.example.com:8080.`,
      );
    settings[name] = url.href;
  }
  const exceptions = env.no_proxy || env.NO_PROXY;
  return exceptions ? { ...settings, NO_PROXY: exceptions } : settings;
};

/**
 * Connections to one API that stay open.
 *
 * Through a proxy, an https request is a tunnel: the proxy sees the host, and no header. A loopback address never goes
 * through a proxy, because there it would be another machine's.
 */
export const agentsFor = (baseUrl: string, proxy: ProxySettings, maxSockets: number) => {
  const proxyEnv = isLoopback(new URL(baseUrl).hostname) ? {} : { ...proxy };
  return {
    httpAgent: new HttpAgent({ keepAlive: true, maxSockets, proxyEnv }),
    httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets, proxyEnv }),
  };
};

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
