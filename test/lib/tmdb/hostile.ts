import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { newTally, type TmdbOptions, tmdbClient } from '../../../lib/tmdb/client.ts';
import { pace } from '../../../lib/tmdb/pace.ts';
import { fastClock } from '../../doubles/fast-clock.ts';

/** A server on 127.0.0.1 for one test, with the test's responses. */
export const serving = async (listener: RequestListener) => {
  const server = createServer(listener);
  const seen = { requests: 0, sockets: 0 };
  server.on('connection', () => {
    seen.sockets += 1;
  });
  server.on('request', () => {
    seen.requests += 1;
  });
  // No timeout: closing an idle connection just when the client reuses it would be an unwanted fault.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  onTestFinished(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/3`, seen, close };
};

/** Always sends this response. */
export const saying =
  (status: number, body: string | Uint8Array, headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    response.writeHead(status, headers).end(body);

/** A client for an address, with a clock that does not wait and an unlimited request rate. */
export const clientAt = (url: string, { clock = fastClock(), ...options }: Partial<TmdbOptions> = {}) => {
  const tally = newTally();
  const tmdb = tmdbClient({
    baseUrl: url,
    token: () => 'simulator',
    gate: pace(1_000_000, clock),
    clock,
    random: () => 0,
    ...options,
  });
  return { tmdb, tally, clock };
};
