import { FileChangedError, NotRemovedError, ObjectDiffersError } from './send.ts';

/** What an upload needs. */
const PERMISSIONS = 's3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload';

/** Names of S3 errors, and the message for each: what is wrong, and what to do. Source: S3 API, error responses (read 2026-11-22). */
const MESSAGES: readonly (readonly [
  names: readonly string[],
  message: (bucket: string, permissions: string) => string,
])[] = [
  [
    ['NoSuchBucket', 'InvalidBucketName'],
    (bucket) => `There is no bucket ${bucket}: correct --bucket, or create the bucket with sls deploy.`,
  ],
  [
    ['AccessDenied', 'Forbidden', 'AllAccessDisabled', 'AccountProblem', '403'],
    (bucket, permissions) =>
      `The AWS credentials have no access to bucket ${bucket}: they need ${permissions} on it, and access to its KMS key if it has one. To show whose credentials they are: aws sts get-caller-identity.`,
  ],
  [
    ['CredentialsProviderError', 'TokenProviderError'],
    (bucket) =>
      `There are no AWS credentials for bucket ${bucket}: log in (aws sso login), set or correct AWS_PROFILE, or set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
  ],
  [
    ['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired'],
    (bucket) => `The AWS credentials for bucket ${bucket} have expired: log in again, and repeat the command.`,
  ],
  [
    ['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken', 'UnrecognizedClientException'],
    (bucket) =>
      `AWS rejected the credentials for bucket ${bucket}: correct AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. To check them: aws sts get-caller-identity.`,
  ],
  [
    ['RequestTimeTooSkewed'],
    (bucket) => `Bucket ${bucket} rejected the request because this machine's clock is wrong: set the clock.`,
  ],
  [
    ['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException', '301'],
    (bucket) => `Bucket ${bucket} is in another region: set AWS_REGION to the region of the bucket.`,
  ],
  [
    ['SlowDown', 'ServiceUnavailable', 'InternalError', 'RequestTimeout', '500', '503'],
    (bucket) => `S3 is temporarily unavailable for bucket ${bucket}: repeat the command in a minute.`,
  ],
];

const NETWORK =
  /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ECONNABORTED|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|TimeoutError|NetworkingError)$/;

/**
 * The message for an error: what is wrong, and what to do. It contains no stack and no credentials.
 *
 * @param file The file's path as given on the command line.
 * @param permissions What the credentials need on the bucket.
 * @returns undefined for a bug in this program.
 */
export const messageFor = (
  error: unknown,
  file: string,
  bucket: string,
  permissions = PERMISSIONS,
): string | undefined => {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof FileChangedError || error instanceof ObjectDiffersError) return `${file}: ${error.message}.`;
  if (error instanceof NotRemovedError)
    return `${messageFor(error.cause, file, bucket) ?? `${file}: ${error.cause}.`} ${error.message}`;

  const { name, message, code, $metadata } = error as Error & Answer;
  const [, region] = /^Region not accepted: region="(.*?)"/.exec(message) ?? [];
  if (region)
    return `There is no AWS region "${region}": set AWS_REGION to the region of bucket ${bucket}, such as us-east-1.`;
  if (/^Region (is missing|not accepted)/.test(message))
    return `No AWS region is set for bucket ${bucket}: set AWS_REGION.`;
  const reason = [code, name].find((one) => one !== undefined && NETWORK.test(one));
  if (reason && !$metadata?.httpStatusCode)
    return `${file}: the connection to bucket ${bucket} failed (${reason}): check the network, and HTTPS_PROXY and AWS_ENDPOINT_URL where they are set; then repeat the command.`;
  if (code === 'ERR_PROXY_TUNNEL')
    return `The proxy does not connect to bucket ${bucket}: check HTTPS_PROXY, its user and password, and whether the proxy allows S3.`;
  // The name comes first, because several errors have status 403.
  const known = [name, code, String($metadata?.httpStatusCode)]
    .map((one) => MESSAGES.find(([names]) => one !== undefined && names.includes(one)))
    .find((entry) => entry !== undefined);
  if (known) return known[1](bucket, permissions);
  if ($metadata?.httpStatusCode)
    return `${file}: bucket ${bucket} answered ${name} (${$metadata.httpStatusCode}): ${withoutKeys(message)}`;
  // These are bugs in this program, so the stack is printed.
  return error instanceof TypeError || error instanceof ReferenceError ? undefined : `${file}: ${withoutKeys(message)}`;
};

interface Answer {
  code?: string;
  $metadata?: { httpStatusCode?: number };
}

/** Replaces access key ids, which have a fixed format. S3's messages contain no secret keys. */
const withoutKeys = (message: string): string => message.replaceAll(/\b(AKIA|ASIA)[A-Z0-9]{12,}\b/g, '(access key)');
