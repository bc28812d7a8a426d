/**
 * Timeouts of one try of a request to AWS, in milliseconds. By default, the SDK waits for ever: one request that is never
 * answered would hold a function until its own timeout of 900 s.
 *
 * `socketTimeout` counts from the last byte in either direction, so it doesn't limit a slow upload or download. S3 begins
 * to answer in well under a second.
 */
export const AWS_TIMEOUTS = { connectionTimeout: 5_000, socketTimeout: 20_000 };

/** Tries of one request, with the first one. It is the SDK's default. */
export const AWS_TRIES = 3;

/** Longest wait of the SDK between two tries of a request that was not answered: 100 ms, then 200 ms; 1 s each to be safe. */
const BACKOFF_MS = 1_000;

/** Milliseconds after which a request to AWS has failed for good, if no try of it gets an answer. */
export const LONGEST_AWS_REQUEST_MS =
  AWS_TRIES * (AWS_TIMEOUTS.connectionTimeout + AWS_TIMEOUTS.socketTimeout + BACKOFF_MS);
