import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { type Answer, INTERNAL_ERROR, overLimit } from './answers.ts';
import type { TransientFault } from './faults.ts';

const JSON_TYPE = 'application/json;charset=utf-8';
const HTML = '<html><head><title>ERROR</title></head><body>The request could not be satisfied.</body></html>';

/** Largest body that is not compressed, in bytes: for small bodies, gzip costs more than it saves. */
const SMALL_BYTES = 512;

/** The reply to a request: TMDB's response, or the response of a fault. */
export interface Reply {
  status: number | 'reset' | 'stall' | 'cut';
  /** The response. It is not sent when the connection is reset or the request stalls. */
  answer: { status: number; headers: Record<string, string>; body: string };
  cut?: 'connection' | 'body';
}

export const asJson = ({ status, body }: Answer): Reply => ({
  status,
  answer: { status, headers: { 'content-type': JSON_TYPE }, body: JSON.stringify(body) },
});

const asHtml = (status: number, body = HTML): Reply => ({
  status,
  answer: { status, headers: { 'content-type': 'text/html' }, body },
});

const throttled = (fault: TransientFault & { kind: 'throttle' }): Reply => {
  const reply = fault.body === 'json' ? asJson(overLimit(41, 40)) : asHtml(429, fault.body === 'html' ? HTML : '');
  // A date has whole seconds, so a date in two seconds is at least one second ahead.
  const inTwoSeconds = () => new Date(Date.now() + 2000).toUTCString();
  if (fault.retryAfter)
    reply.answer.headers['retry-after'] = fault.retryAfter === 'date' ? inTwoSeconds() : fault.retryAfter;
  return reply;
};

/** The reply for a fault, which replaces the regular reply. */
export const disturbed = (fault: TransientFault, undisturbed: () => Reply): Reply => {
  switch (fault.kind) {
    case 'throttle':
      return throttled(fault);
    case 'internal-error':
      return asJson(INTERNAL_ERROR);
    case 'bad-gateway':
      return asHtml(502);
    case 'html-with-200':
      return asHtml(200);
    case 'cut':
      return { ...undisturbed(), status: 'cut', cut: fault.what };
    case 'reset':
    case 'stall':
      return { ...asHtml(0), status: fault.kind };
  }
};

export const send = ({ status, answer, cut }: Reply, request: IncomingMessage, response: ServerResponse) => {
  if (status === 'stall') return;
  if (status === 'reset') return void request.socket.resetAndDestroy();

  const zipped = answer.body.length > SMALL_BYTES && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  const body = zipped ? gzipSync(answer.body, { level: 1 }) : Buffer.from(answer.body);
  const sent = cut ? body.subarray(0, body.length >> 1) : body;
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(zipped && { 'content-encoding': 'gzip' }),
    vary: 'Accept-Encoding, Origin',
    'content-length': cut === 'connection' ? body.length : sent.length,
  });
  if (cut === 'connection') response.write(sent, () => request.socket.destroy());
  else response.end(sent);
};
