import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { s3Store } from '../../lib/raw-zone/s3-store.ts';
import { AWS_TRIES } from '../../lib/raw-zone/timeouts.ts';
import { folderStore } from '../../local/bucket/folder-store.ts';
import { LOCAL_BUCKET, startBucket } from '../../local/bucket.ts';
import { type S3Fault, startFaultyS3 } from './faulty-s3.ts';

/** AWS_TIMEOUTS for the lab, in milliseconds: a request that is never answered must not take 20 s. */
const TIMEOUTS = { connectionTimeout: 1_000, socketTimeout: 500 };

/** The embedded S3 with faults, and the SDK that the functions use. */
export const faultyBucket = async (seed: number, faults: readonly S3Fault[]) => {
  const folder = await mkdtemp(join(tmpdir(), 'lab-s3-'));
  const bucket = await startBucket(folder);
  const proxy = await startFaultyS3(bucket.url, seed, faults);
  const client = new S3Client({
    endpoint: proxy.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'lab', secretAccessKey: 'lab' },
    requestHandler: TIMEOUTS,
    maxAttempts: AWS_TRIES,
  });
  return {
    store: s3Store(client, LOCAL_BUCKET),
    truth: folderStore(folder),
    injected: proxy.injected,
    calm: proxy.calm,
    close: async () => {
      client.destroy();
      await proxy.close();
      await bucket.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
