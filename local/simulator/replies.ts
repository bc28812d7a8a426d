import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, INTERNAL_ERROR, overLimit } from './answers.ts';
import { ENCODINGS, type Encoding, packed, SHAPES, type Shape, WRONG_SHAPES } from './body-faults.ts';
import type { TransientFault } from './faults.ts';
import type { Always } from './movie-faults.ts';

const JSON_TYPE = 'application/json;charset=utf-8';
const HTML = '<html><head><title>ERROR</title></head><body>The request could not be satisfied.</body></html>';

/** Largest body that is not compressed, in bytes: for small bodies, gzip costs more than it saves. */
const SMALL_BYTES = 512;

/** The reply to a request: TMDB's response, or the response of a fault. */
export interface Reply {
  status: number | 'reset' | 'stall' | 'cut';
  /** The response. It is not sent when the connection is reset or the request stalls. */
  answer: { status: number; headers: Record<string, string>; body: string | Buffer };
  /** Compression of the body, if a fault changes it. */
  encoding?: Encoding;
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

const selected = <T>(list: readonly T[], drawn: number): T => list[Math.floor(drawn * list.length)] as T;

const wrong = (shape: Shape, right: Reply): Reply => {
  if (shape === 'html-403') return asHtml(403);
  const status = shape === 'invalid-utf8' ? right.answer.status : 200;
  const body = WRONG_SHAPES[shape](Buffer.from(right.answer.body));
  return { status, answer: { status, headers: { 'content-type': JSON_TYPE }, body } };
};

/** More than the 8 MB that the client reads. Compressed, it is small. */
const HUGE_BYTES = 9 * 1024 * 1024;

/** An object as JSON, with one more field that is huge. JSON.stringify would search all of it for quotation marks. */
const withNoise = (json: string) => `${json.slice(0, -1)},"noise":"${'.'.repeat(HUGE_BYTES)}"}`;

/**
 * The reply to a request for a movie with a permanent fault.
 *
 * @param drawn Selects the form of a fault that has several forms: [0, 1).
 */
export const insteadOfMovie = (fault: Always, drawn: number, right: () => Reply): Reply => {
  switch (fault.kind) {
    case 'always-500':
      return asJson(INTERNAL_ERROR);
    case 'always-huge': {
      const reply = right();
      return { ...reply, answer: { ...reply.answer, body: withNoise(String(reply.answer.body)) } };
    }
    case 'always-redirect': {
      const elsewhere = asHtml(302);
      elsewhere.answer.headers.location = fault.to ?? 'https://elsewhere.example/3/';
      return elsewhere;
    }
    case 'always-wrong-shape':
      return wrong(fault.as ?? selected(SHAPES, drawn), right());
  }
};

/**
 * The reply for a fault, which replaces the regular reply.
 *
 * @param drawn Selects the form of a fault that has several forms: [0, 1).
 */
export const disturbed = (fault: TransientFault, drawn: number, undisturbed: () => Reply): Reply => {
  switch (fault.kind) {
    case 'throttle':
      return throttled(fault);
    case 'internal-error':
      return asJson(INTERNAL_ERROR);
    case 'bad-gateway':
      return asHtml(502);
    case 'cdn-403':
      return asHtml(403);
    case 'mislabelled':
      return { ...undisturbed(), encoding: fault.as ?? selected(Object.keys(ENCODINGS) as Encoding[], drawn) };
    case 'wrong-shape':
      return wrong(fault.as ?? selected(SHAPES, drawn), undisturbed());
    case 'html-with-200':
      return asHtml(200);
    case 'cut':
      return { ...undisturbed(), status: 'cut', cut: fault.what };
    case 'reset':
    case 'stall':
      return { ...asHtml(0), status: fault.kind };
  }
};

export const send = ({ status, answer, encoding, cut }: Reply, request: IncomingMessage, response: ServerResponse) => {
  if (status === 'stall') return;
  if (status === 'reset') return void request.socket.resetAndDestroy();

  const body = Buffer.from(answer.body);
  const zipped = body.length > SMALL_BYTES && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  const { bytes, label } = encoding ? ENCODINGS[encoding](body) : packed(body, zipped);
  const sent = cut ? bytes.subarray(0, bytes.length >> 1) : bytes;
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(label && { 'content-encoding': label }),
    vary: 'Accept-Encoding, Origin',
    'content-length': cut === 'connection' ? bytes.length : sent.length,
  });
  if (cut === 'connection') response.write(sent, () => request.socket.destroy());
  else response.end(sent);
};
