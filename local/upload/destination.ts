import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { LOCAL_BUCKET, startBucket } from '../bucket.ts';
import { claim } from '../claim.ts';

/** Where files are sent. */
export interface FarEnd {
  s3: S3Client;
  bucket: string;
  /** Bytes that are sent in one request; more go in parts. */
  onePutBytes: number;
  /**
   * Whether a checksum that it reports is its own sum over what arrived, as AWS's is. The embedded S3 gives back what
   * it was told, so there the object itself has to be read.
   */
  sumsItself: boolean;
}

export interface OpenFarEnd extends FarEnd {
  /** Where a person looks for what was sent. */
  shown: string;
  close(): Promise<void>;
}

export interface FarEndOptions {
  /** The folder that npm start keeps everything in, too. */
  out: string;
  /** A bucket in AWS instead of the embedded one. */
  bucket: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
}

/** @throws {FolderInUseError} Another process works in the folder of the embedded bucket. */
export const openFarEnd = async ({ out, bucket, env }: FarEndOptions): Promise<OpenFarEnd> =>
  bucket ? inAws(bucket, env) : embedded(out);

const CLIENT = {
  /** Milliseconds. A connection that is dead is given up, so that the SDK tries again and a person hears of it in the end. */
  requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
  /** What is read back is compared by its sha256, and a difference told in our words. */
  responseChecksumValidation: 'WHEN_REQUIRED',
} as const;

/** The default credential chain, and whatever region it names: S3 tells a client that asks in the wrong one. */
const inAws = (bucket: string, env: FarEndOptions['env']): OpenFarEnd => {
  const s3 = new S3Client({
    ...CLIENT,
    followRegionRedirects: true,
    // Of a hundred parts one may well fail; three attempts, the SDK's own, are few on a bad line.
    maxAttempts: 5,
  });
  return {
    s3,
    bucket,
    onePutBytes: 16_000_000,
    sumsItself: !(env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL),
    shown: `s3://${bucket}`,
    close: async () => s3.destroy(),
  };
};

const embedded = async (out: string): Promise<OpenFarEnd> => {
  const release = await claim(out);
  const served = await startBucket(join(out, 's3'));
  const s3 = new S3Client({
    ...CLIENT,
    endpoint: served.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  return {
    s3,
    bucket: LOCAL_BUCKET,
    // Its largest body is 11 MiB.
    onePutBytes: 8 * 1_048_576,
    sumsItself: false,
    shown: join(out, 'bucket'),
    close: async () => {
      s3.destroy();
      await served.mirror(join(out, 'bucket'));
      await served.close();
      await release();
    },
  };
};
