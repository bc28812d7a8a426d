/**
 * Prices of AWS in dollars, in US East (N. Virginia), for functions on arm64, without the free tier. Read 2026-11-25:
 *
 * - Step Functions, standard workflows: https://aws.amazon.com/step-functions/pricing/, $0.025 for 1,000 transitions.
 * - Lambda: https://aws.amazon.com/lambda/pricing/, as https://cloudchipr.com/blog/aws-lambda-pricing quotes it: $0.0000133334
 *   for a GB-second, $0.20 for 1,000,000 requests.
 * - S3 Standard: https://aws.amazon.com/s3/pricing/, as https://c3x.dev/blog/s3-request-fees-explained quotes it: $0.005 for
 *   1,000 PUT, COPY, POST and LIST requests, $0.0004 for 1,000 GET requests.
 *
 * Other regions cost up to half more: a transition in São Paulo is $0.0000375.
 */
export const PRICES = {
  region: 'us-east-1',
  readOn: '2026-11-25',
  gbSecond: 0.0000133334,
  call: 0.2 / 1_000_000,
  transition: 0.025 / 1_000,
  put: 0.005 / 1_000,
  get: 0.0004 / 1_000,
} as const;

/** What a run uses of AWS, as far as it is charged by use. */
export interface Usage {
  /** Memory × time of all functions. */
  gbSeconds: number;
  /** Calls of functions. */
  calls: number;
  /** Transitions of both state machines. */
  transitions: number;
  /** PUT and LIST requests to S3. */
  puts: number;
}

/** The price of a usage in dollars. GET requests, storage, logs and traces are not in it. */
export const dollarsFor = ({ gbSeconds, calls, transitions, puts }: Usage): number =>
  gbSeconds * PRICES.gbSecond + calls * PRICES.call + transitions * PRICES.transition + puts * PRICES.put;
