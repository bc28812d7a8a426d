import * as z from 'zod';
import { parse } from '../lib/parse.ts';
import { stageProblem } from './stage-name.js';

/** TMDB's ceiling: "somewhere in the 40 requests per second range". Source: https://developer.themoviedb.org/docs/rate-limiting (read 2026-11-22). */
const TMDB_REQUESTS_PER_SECOND = 40;

/**
 * Days of expireDays and answerDays together. TMDB's terms allow 6 months, so 180 days, to be safe. resources/bucket.yml
 * has the calculation: data can be here as an answer, then as a part, and then for 7 days as an older version, and S3
 * rounds each of the three up to the next midnight.
 */
export const MOST_DAYS = 180 - 7 - 3;

/** A run can be redriven for 14 days, and S3 counts days of UTC. */
const LEAST_ANSWER_DAYS = 16;

/** Iterations of an inline Map that Step Functions runs at once. Source: docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html (read 2026-11-25). */
const MOST_WALKERS = 40;

/** In days. Source: docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html (read 2026-11-25). */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** Rules of S3 for names. Source: docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html (read 2026-11-25). */
const isBucketName = (name) =>
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
  !/\.\.|^\d+\.\d+\.\d+\.\d+$|^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(name);

const text = (use, allows) => z.string(use).refine(allows, use);
const matching = (use, pattern) => text(use, (value) => pattern.test(value));
/** On the command line, all values are texts. */
const number = (use, allows) =>
  z.preprocess((value) => (value === '' ? value : Number(value)), z.number(use).refine(allows, use));
const wholeNumber = (from, to) =>
  number(
    `use a whole number from ${from} to ${to}`,
    (value) => Number.isInteger(value) && value >= from && value <= to,
  );

/** Tags as `team=data,cost-centre=42`. */
export const tagsOf = (list) =>
  Object.fromEntries(
    String(list)
      .split(',')
      .filter((pair) => pair.trim())
      .map((pair) => pair.split('=').map((word) => word.trim())),
  );

const bucketName = text(
  'use a name that S3 allows: 3 to 63 lower-case letters, digits, hyphens and dots, with a letter or digit at both ends',
  isBucketName,
);

const parameters = z.strictObject({
  bucket: bucketName,
  existingBucket: z.enum(['true', 'false'], 'use true or false'),
  deleteBucket: z.union([z.literal(''), bucketName]),
  kmsKey: matching(
    'use the ARN of a key, not of an alias, for example arn:aws:kms:eu-west-1:123456789012:key/…',
    /^$|^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/,
  ),
  scheduled: z.string('use names of datasets, separated by commas, or none'),
  walkersAtOnce: wholeNumber(1, MOST_WALKERS),
  requestsPerSecond: number(
    `use a number above 0 and at most ${TMDB_REQUESTS_PER_SECOND}, TMDB's limit`,
    (value) => value > 0 && value <= TMDB_REQUESTS_PER_SECOND,
  ),
  retentionDays: number(`use a number of days that CloudWatch allows: ${RETENTION_DAYS.join(', ')}`, (value) =>
    RETENTION_DAYS.includes(value),
  ),
  expireDays: wholeNumber(1, MOST_DAYS - LEAST_ANSWER_DAYS),
  answerDays: wholeNumber(LEAST_ANSWER_DAYS, MOST_DAYS - 1),
  alarmEmail: matching('use an e-mail address, or nothing', /^$|^[^@\s]+@[^@\s]+$/),
  tokenParameter: z.string(), // checked before: its value must not be in a message
  tmdbBaseUrl: z.url({ protocol: /^https?$/, error: 'use an address that begins with https://' }),
  tags: matching('use names and values such as team=data,cost-centre=42', /^$|^[^=,]+=[^=,]*(,[^=,]+=[^=,]*)*$/),
  permissionsBoundary: matching(
    'use the ARN of a policy, for example arn:aws:iam::123456789012:policy/boundary',
    /^$|^arn:aws[a-z-]*:iam::(\d{12}|aws):policy\/\S+$/,
  ),
});

/**
 * Checks what a person can set, before anything is packaged.
 *
 * @param service Name of the service.
 * @param stage Name of the stage.
 * @param given The parameters, from serverless.yml and the command line. On the command line, all values are texts.
 * @param schedules All datasets that have a schedule: their names, and whether the dataset itself switches it on.
 * @throws {Error} One sentence: the parameter, its value, what is allowed.
 */
export const checkParameters = (service, stage, given, schedules) => {
  const stageIsWrong = stageProblem(
    service,
    stage,
    schedules.map(({ name }) => name),
  );
  if (stageIsWrong) throw new Error(stageIsWrong);
  const { keepBucket, ...rest } = given;
  if (keepBucket !== undefined)
    throw new Error(
      'There is no parameter keepBucket any more: sls remove keeps the bucket. To empty and delete it too, use --param=deleteBucket=<name of the bucket>.',
    );
  if (!/^(\/[\w.-]+)+$/.test(rest.tokenParameter))
    throw new Error(
      `Parameter tokenParameter: use a name that begins with a slash, for example /${service}/${stage}/tmdb-token; its value is not printed here, because it could be the token.`,
    );
  const { scheduled, walkersAtOnce, requestsPerSecond, tmdbBaseUrl, expireDays, answerDays } = parse(
    parameters,
    { ...rest, existingBucket: String(rest.existingBucket) },
    'Parameters',
  );
  if (expireDays + answerDays > MOST_DAYS)
    throw new Error(
      `expireDays + answerDays = ${expireDays} + ${answerDays} = ${expireDays + answerDays} days, and TMDB's terms allow ${MOST_DAYS}: lower one of these numbers.`,
    );
  const on = namesIn(scheduled);
  const unknown = on.find((name) => !schedules.some((dataset) => dataset.name === name));
  if (unknown)
    throw new Error(
      `Parameter scheduled: there is no dataset ${unknown} with a schedule in datasets/. Use names of datasets that have a schedule, separated by commas, or none.`,
    );
  // Any two scheduled runs can overlap: a run can take up to a day and can be redriven on another day.
  const runs = schedules.filter(({ name, enabled }) => enabled && on.includes(name)).length;
  const all = Math.max(runs, 1) * walkersAtOnce * requestsPerSecond;
  if (all > TMDB_REQUESTS_PER_SECOND && new URL(tmdbBaseUrl).hostname === 'api.themoviedb.org')
    throw new Error(
      runs === 0
        ? `walkersAtOnce × requestsPerSecond = ${walkersAtOnce} × ${requestsPerSecond} = ${all} requests per second in one run, but TMDB allows ${TMDB_REQUESTS_PER_SECOND}: lower one of these numbers.`
        : `Scheduled runs × walkersAtOnce × requestsPerSecond = ${runs} × ${walkersAtOnce} × ${requestsPerSecond} = ${all} requests per second, but TMDB allows ${TMDB_REQUESTS_PER_SECOND}: lower one of these numbers.`,
    );
};

/** The names in the parameter `scheduled`. */
export const namesIn = (list) =>
  String(list)
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name && name !== 'none');
