/** TMDB has sent `Retry-After: 0`, but it counts requests per second. Source: tmdb's lua-resty-rate-limit (read 2026-11-22). */
const LEAST_MS = 1_000;
/** A wrong or hostile header may ask for a day. */
const MOST_MS = 60_000;

/**
 * The wait that a `Retry-After` header asks for, in milliseconds, limited to 1,000 to 60,000.
 *
 * It reads both forms of RFC 9110 §10.2.3: whole seconds, and a date.
 *
 * @returns undefined where the header is absent or invalid.
 */
export const retryAfterMs = (header: unknown, now: number): number | undefined => {
  if (typeof header !== 'string' || header.trim() === '') return undefined;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, LEAST_MS), MOST_MS);
};
