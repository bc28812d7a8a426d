const WINDOW_MS = 1000;

/**
 * TMDB's rate limit. It counts requests in a window of one second that starts with its first request, as TMDB's published
 * limiter does (INCR, then EXPIRE; TiVo/lua-resty-rate-limit). Rejected requests count too.
 *
 * @param now Time in milliseconds.
 * @returns A function that counts one request and returns its number within the window.
 */
export const requestsInWindow = (now: () => number) => {
  let startedAt = Number.NEGATIVE_INFINITY;
  let count = 0;
  return (): number => {
    if (now() - startedAt >= WINDOW_MS) {
      startedAt = now();
      count = 0;
    }
    return ++count;
  };
};
