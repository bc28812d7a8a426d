/** TMDB has sent `Retry-After: 0`: a second is its window. Source: tmdb's lua-resty-rate-limit (read 2026-11-22). */
const LEAST_MS = 1_000;
/** A wrong or hostile header may ask for a day. */
const MOST_MS = 60_000;

/**
 * How long a `Retry-After` header asks us to wait, in milliseconds between 1,000 and 60,000.
 *
 * Both forms of RFC 9110 §10.2.3 are read: whole seconds, and a date.
 *
 * @returns undefined where there is no header, or one that says nothing.
 */
export const retryAfterMs = (header: unknown, now: number): number | undefined => {
  if (typeof header !== 'string' || header.trim() === '') return undefined;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, LEAST_MS), MOST_MS);
};
