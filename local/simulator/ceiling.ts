const WINDOW_MS = 1000;

/**
 * TMDB's ceiling: a window of one second that starts with its first request, as its own published limiter counts
 * (INCR, then EXPIRE; TiVo/lua-resty-rate-limit). A refused request counts as well, so hammering makes it worse.
 *
 * @param now Milliseconds.
 * @returns Counts one request; its number within the window.
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
