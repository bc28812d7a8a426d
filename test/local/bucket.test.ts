import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { expect, it, onTestFinished } from 'vitest';
import { s3Store } from '../../lib/raw-zone/s3-store.ts';
import { LOCAL_BUCKET, startBucket } from '../../local/bucket.ts';
import { filesIn, temporaryFolder } from './running.ts';

it('a bucket with a folder that was created in the console of S3 is copied to files, without the folder', async () => {
  const out = await temporaryFolder();
  const bucket = await startBucket(join(out, 's3'));
  const s3 = new S3Client({
    endpoint: bucket.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  onTestFinished(async () => {
    s3.destroy();
    await bucket.close();
  });
  const store = s3Store(s3, LOCAL_BUCKET);
  await store.put('Raw/Local/CSV/Movies/2026/11/20/movies.csv', 'id');
  await store.put('Raw/Local/CSV/Movies/2026/11/20/', '');
  await store.put('Raw/Local/CSV/Movies/2026/11/21/', '');

  for (const _ of ['once', 'again']) {
    await bucket.mirror(join(out, 'bucket'));
    expect([...(await filesIn(join(out, 'bucket'))).keys()]).toEqual(['Raw/Local/CSV/Movies/2026/11/20/movies.csv']);
  }
  expect(await store.list('Raw/')).toHaveLength(3);
});
