import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { draw, pickByShare } from '../../local/simulator/chance.ts';

/** A fault of one request to S3, and its share of all requests. */
export interface S3Fault {
  share: number;
  /**
   * - `internal-error`, `slow-down`: status 500, and 503.
   * - `reset`: the connection is reset before S3 has the request.
   * - `slow`: the answer comes late. `stall`: it never comes.
   * - `answer-lost`: S3 does what it is asked, and the connection is reset before the answer.
   * - `cut`: the connection ends in the middle of an answer.
   * - `corrupt`: a byte of an object is another one on its way, to S3 or from there.
   */
  kind: 'internal-error' | 'slow-down' | 'reset' | 'slow' | 'stall' | 'answer-lost' | 'cut' | 'corrupt';
}

/** Milliseconds of a slow answer: less than the timeout of the lab's client. */
const SLOW_MS = 100;

const ERRORS = {
  'internal-error': [500, 'InternalError', 'We encountered an internal error. Please try again.'],
  'slow-down': [503, 'SlowDown', 'Please reduce your request rate.'],
} as const;

/** What S3 answers where the bytes of an upload do not have the checksum that its header says. The embedded S3 ignores it. */
const BAD_DIGEST = [400, 'BadDigest', 'The CRC32 you specified did not match the calculated checksum.'] as const;

const hasRightChecksum = ({ headers }: IncomingMessage, body: Buffer): boolean => {
  const expected = headers['x-amz-checksum-crc32'];
  if (typeof expected !== 'string') return true;
  return Buffer.from(expected, 'base64').readUInt32BE() === crc32(body);
};

const refuse = (response: ServerResponse, [status, code, message]: readonly [number, string, string]) => {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  );
};

const withOtherByte = (body: Buffer, at: number): Buffer => {
  const other = Buffer.from(body);
  const index = Math.floor(at * body.length);
  other[index] = (other[index] ?? 0) ^ 1;
  return other;
};

/**
 * An S3 with faults: a proxy on 127.0.0.1 before another S3.
 *
 * Whether a request has a fault depends on the seed, the request, and the number of the same requests before it.
 */
export const startFaultyS3 = async (upstream: string, seed: number, faults: readonly S3Fault[]) => {
  const agent = new Agent({ keepAlive: true });
  const { hostname, port } = new URL(upstream);
  const before = new Map<string, number>();
  let injected = 0;
  let isCalm = false;

  const forward = async (incoming: IncomingMessage, body: Buffer) => {
    const { method, url: path, headers } = incoming;
    const answer = await new Promise<IncomingMessage>((resolve, reject) =>
      request({ agent, hostname, port, method, path, headers }, resolve).on('error', reject).end(body),
    );
    return { status: answer.statusCode ?? 500, headers: answer.headers, body: await buffer(answer) };
  };

  const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(incoming);
    // A presigned part of the query and the name of a run differ from run to run; the place of a request does not.
    const what = `${incoming.method} ${(incoming.url ?? '').replaceAll(/lab-\d+|x-id=\w+/g, '')}`;
    const times = before.get(what) ?? 0;
    before.set(what, times + 1);
    const fault = isCalm ? undefined : pickByShare(draw('s3', seed, what, times), faults);
    const where = draw('byte', seed, what, times);
    const isUpload = incoming.method === 'PUT' && body.length > 0;
    if (fault?.kind === 'stall' || fault?.kind === 'reset') {
      injected += 1;
      if (fault.kind === 'reset') incoming.socket.resetAndDestroy();
      return;
    }
    if (fault?.kind === 'internal-error' || fault?.kind === 'slow-down') {
      injected += 1;
      return refuse(response, ERRORS[fault.kind]);
    }
    if (fault?.kind === 'slow') {
      injected += 1;
      await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    }
    const isCorruptUpload = fault?.kind === 'corrupt' && isUpload;
    if (isCorruptUpload) injected += 1;
    const received = isCorruptUpload ? withOtherByte(body, where) : body;
    if (!hasRightChecksum(incoming, received)) return refuse(response, BAD_DIGEST);
    const said = await forward(incoming, received);
    if (fault?.kind === 'answer-lost') {
      injected += 1;
      incoming.socket.resetAndDestroy();
      return;
    }
    const isDownload = incoming.method === 'GET' && said.status === 200 && said.body.length > 1;
    response.writeHead(said.status, said.headers);
    if (fault?.kind === 'cut' && isDownload) {
      injected += 1;
      response.write(said.body.subarray(0, said.body.length >> 1), () => incoming.socket.destroy());
      return;
    }
    const isObject = !incoming.url?.includes('list-type=');
    const isCorruptDownload = fault?.kind === 'corrupt' && isDownload && isObject;
    if (isCorruptDownload) injected += 1;
    response.end(isCorruptDownload ? withOtherByte(said.body, where) : said.body);
  };

  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => incoming.socket.destroy());
  });
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Faults so far. */
    injected: () => injected,
    /** S3 has no faults from now on. */
    calm: () => {
      isCalm = true;
    },
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      agent.destroy();
    },
  };
};
