import { FarEndDiffersError, FileChangedError, NotRemovedError } from './send.ts';

const PERMISSIONS = 's3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload';

/** S3's names for what goes wrong, and what a person does about it. Source: its API's error responses (read 2026-11-22). */
const ANSWERS: readonly (readonly [names: readonly string[], sentence: (bucket: string) => string])[] = [
  [
    ['NoSuchBucket', 'InvalidBucketName'],
    (bucket) => `There is no bucket ${bucket}: mend --bucket, or make it with sls deploy.`,
  ],
  [
    ['AccessDenied', 'Forbidden', 'AllAccessDisabled', 'AccountProblem', '403'],
    (bucket) =>
      `AWS doesn't let these credentials into bucket ${bucket}: they need ${PERMISSIONS} on it (and its KMS key, if it has one); aws sts get-caller-identity says whose they are.`,
  ],
  [
    ['CredentialsProviderError', 'TokenProviderError'],
    (bucket) =>
      `There are no AWS credentials to reach bucket ${bucket} with: log in (aws sso login), or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
  ],
  [
    ['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired'],
    (bucket) => `The AWS credentials for bucket ${bucket} have expired: log in again, and repeat the command.`,
  ],
  [
    ['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken', 'UnrecognizedClientException'],
    (bucket) =>
      `AWS doesn't know the credentials that bucket ${bucket} was asked with: aws sts get-caller-identity shows whether they are right.`,
  ],
  [
    ['RequestTimeTooSkewed'],
    (bucket) => `Bucket ${bucket} turned the request away because this machine's clock is wrong: set it.`,
  ],
  [
    ['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException', '301'],
    (bucket) => `Bucket ${bucket} is in another region: set AWS_REGION to that one.`,
  ],
  [
    ['SlowDown', 'ServiceUnavailable', 'InternalError', 'RequestTimeout', '500', '503'],
    (bucket) => `S3 couldn't take it for bucket ${bucket} just now: repeat the command in a minute.`,
  ],
];

const NETWORK =
  /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ECONNABORTED|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|TimeoutError|NetworkingError)$/;

/**
 * What went wrong, and what to do about it, in a sentence or two: without a stack, and without credentials.
 *
 * @param file What was being sent, as a person calls it.
 * @returns undefined for a mistake in this program.
 */
export const sentenceOn = (error: unknown, file: string, bucket: string): string | undefined => {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof FileChangedError || error instanceof FarEndDiffersError) return `${file}: ${error.message}.`;
  if (error instanceof NotRemovedError)
    return `${sentenceOn(error.cause, file, bucket) ?? `${file}: ${error.cause}.`} ${error.message}`;

  const { name, message, code, $metadata } = error as Error & Answer;
  if (/^Region (is missing|not accepted)/.test(message))
    return `No AWS region is set to reach bucket ${bucket} in: set AWS_REGION.`;
  const reason = [code, name].find((one) => one !== undefined && NETWORK.test(one));
  if (reason && !$metadata?.httpStatusCode)
    return `${file}: the connection to bucket ${bucket} failed (${reason}): repeat the command when the network is back.`;
  // By its name where it has one: 403 is the status of a wrong key, too.
  const known = [name, code, String($metadata?.httpStatusCode)]
    .map((one) => ANSWERS.find(([names]) => one !== undefined && names.includes(one)))
    .find((answer) => answer !== undefined);
  if (known) return known[1](bucket);
  if ($metadata?.httpStatusCode)
    return `${file}: bucket ${bucket} answered ${name} (${$metadata.httpStatusCode}): ${withoutKeys(message)}`;
  // A mistake of ours is worth its stack.
  return error instanceof TypeError || error instanceof ReferenceError ? undefined : `${file}: ${withoutKeys(message)}`;
};

interface Answer {
  code?: string;
  $metadata?: { httpStatusCode?: number };
}

/** Access key ids have a form of their own; secrets stand in no message of S3's. */
const withoutKeys = (message: string): string => message.replaceAll(/\b(AKIA|ASIA)[A-Z0-9]{12,}\b/g, '(access key)');
