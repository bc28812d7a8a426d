/**
 * What can go wrong between us and TMDB.
 *
 * Each `name` is half of a contract: the `Retry` blocks in statemachines/ match on it. It is spelled out because a
 * bundler may rename classes, and `this.constructor.name` would follow. No message ever holds the token.
 */

/** TMDB doesn't take our token (401, 403), or there is none. A person puts a right one; nothing retries. */
export class TmdbTokenError extends Error {
  override readonly name = 'TmdbTokenError';
}

/** TMDB turned us away for asking too fast (429), time and again. The state machine waits and asks again. */
export class TmdbThrottledError extends Error {
  override readonly name = 'TmdbThrottledError';
}

/** No usable answer after all tries: 5xx, a page of HTML, a broken connection, silence. The state machine waits and asks again. */
export class TmdbUnavailableError extends Error {
  override readonly name = 'TmdbUnavailableError';
}

/** TMDB says that our question is wrong (400, 404 on a list, 422, a redirect). Asking again won't help. */
export class TmdbRefusedError extends Error {
  override readonly name = 'TmdbRefusedError';
}

/** The answer is JSON, but not of the shape that we read. */
export class TmdbShapeError extends Error {
  override readonly name = 'TmdbShapeError';
  /** What TMDB sent, for the quarantine. */
  readonly body: unknown;

  constructor(message: string, body?: unknown) {
    super(message);
    this.body = body;
  }
}
