/**
 * Errors of requests to TMDB.
 *
 * The `Retry` blocks in statemachines/ match on each `name`. The names are string literals because a bundler may rename
 * classes, which changes `this.constructor.name`. No message holds the token.
 */

/** TMDB rejected the token (401, 403), or no token is set. A person must set a valid token; nothing retries. */
export class TmdbTokenError extends Error {
  override readonly name = 'TmdbTokenError';
}

/** TMDB answered every try with 429 (too many requests). The state machine waits and retries. */
export class TmdbThrottledError extends Error {
  override readonly name = 'TmdbThrottledError';
  /** What TMDB answered, as in 'TMDB throttles (429)'. */
  readonly reason: string;

  constructor(message: string, reason = message) {
    super(message);
    this.reason = reason;
  }
}

/** No usable response after all tries: 5xx, an HTML page, a broken connection or a timeout. The state machine waits and retries. */
export class TmdbUnavailableError extends Error {
  override readonly name = 'TmdbUnavailableError';
  /** What TMDB answered or what happened, as in 'TMDB answers with status 503'. */
  readonly reason: string;

  constructor(message: string, reason = message) {
    super(message);
    this.reason = reason;
  }
}

/** TMDB rejected the request (400, 404 on a list, 422, a redirect). A retry can't help. */
export class TmdbRefusedError extends Error {
  override readonly name = 'TmdbRefusedError';
}

/** The response is JSON, but a field that this project reads is absent or of another type. */
export class TmdbShapeError extends Error {
  override readonly name = 'TmdbShapeError';
  /** TMDB's last response, for the quarantine. */
  readonly body: unknown;
  /** The same response with its JSON. */
  readonly answer: { body: unknown; json: Buffer } | undefined;

  constructor(message: string, answer?: { body: unknown; json: Buffer }) {
    super(message);
    this.body = answer?.body;
    this.answer = answer;
  }
}
