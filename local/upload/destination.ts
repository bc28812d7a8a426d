import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { awsClientSettings } from '../../lib/wiring.ts';
import { LOCAL_BUCKET, startBucket } from '../bucket.ts';
import { claim } from '../claim.ts';

/** The bucket that files are sent to. */
export interface Destination {
  s3: S3Client;
  bucket: string;
  /** Largest file that is sent in one request, in bytes. Larger files are sent in parts. */
  onePutBytes: number;
  /**
   * Whether the bucket computes the checksum from the received bytes, as AWS does. The embedded S3 returns the checksum
   * that the client sent, so there the object must be read to check it.
   */
  computesChecksums: boolean;
}

export interface OpenDestination extends Destination {
  /** Location of the files for the user: a folder, or s3://name. */
  shown: string;
  /** The error of the disk that the embedded bucket is on. Its client sees only that the bucket failed. */
  failure?(): Error | undefined;
  close(): Promise<void>;
}

export interface DestinationOptions {
  /** The folder that npm start also uses. */
  out: string;
  /** A bucket in AWS instead of the embedded one. */
  bucket: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
}

/** @throws {FolderInUseError} Another process uses the folder of the embedded bucket. */
export const openDestination = async ({ out, bucket, env }: DestinationOptions): Promise<OpenDestination> =>
  bucket ? inAws(bucket, env) : embedded(out);

/** In milliseconds. With these timeouts, the SDK retries after a dead connection, and in the end reports an error. */
const TIMEOUTS = { connectionTimeout: 10_000, socketTimeout: 60_000 };

const CLIENT = {
  /** send.ts compares the sha256 of the object itself, and reports a difference with its own message. */
  responseChecksumValidation: 'WHEN_REQUIRED',
} as const;

/** Uses the credentials and the region that all commands use. If the bucket is in another region, S3 redirects the client. */
const inAws = (bucket: string, env: DestinationOptions['env']): OpenDestination => {
  const s3 = new S3Client({
    ...awsClientSettings(env, 'AWS_ENDPOINT_URL_S3', TIMEOUTS),
    ...CLIENT,
    followRegionRedirects: true,
    // The SDK's default is 3, which is too few for an upload of a hundred parts over a bad connection.
    maxAttempts: 5,
  });
  return {
    s3,
    bucket,
    onePutBytes: 16_000_000,
    computesChecksums: !(env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL),
    shown: `s3://${bucket}`,
    close: async () => s3.destroy(),
  };
};

const embedded = async (out: string): Promise<OpenDestination> => {
  const release = await claim(out);
  const served = await startBucket(join(out, 'bucket'));
  const s3 = new S3Client({
    ...CLIENT,
    requestHandler: TIMEOUTS,
    endpoint: served.url,
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  return {
    s3,
    bucket: LOCAL_BUCKET,
    // The embedded S3 accepts bodies of up to 11 MiB.
    onePutBytes: 8 * 1_048_576,
    computesChecksums: false,
    shown: join(out, 'bucket'),
    failure: served.failure,
    close: async () => {
      s3.destroy();
      await served.close();
      await release();
    },
  };
};
