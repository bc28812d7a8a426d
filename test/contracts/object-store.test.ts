import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { expect, it, onTestFinished } from 'vitest';
import type { ObjectStore } from '../../lib/raw-zone/object-store.ts';
import { s3Store } from '../../lib/raw-zone/s3-store.ts';
import { folderStore, openFolderStore } from '../../local/bucket/folder-store.ts';
import { LOCAL_BUCKET, startBucket } from '../../local/bucket.ts';
import { memoryStore } from '../doubles/memory-store.ts';
import { objectStoreContract } from './object-store.ts';

/** The embedded S3 with an empty bucket, and the S3 client that is also used for AWS. */
const embedded = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'object-store-'));
  const bucket = await startBucket(folder);
  const s3 = new S3Client({
    endpoint: bucket.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  onTestFinished(async () => {
    s3.destroy();
    await bucket.close();
    await rm(folder, { recursive: true, force: true });
  });
  return s3Store(s3, LOCAL_BUCKET);
};

/** The embedded bucket as `npm start` writes it, without HTTP. */
const inFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'object-store-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return { folder, ...openFolderStore(folder) };
};

/** A writer, and a reader of the same folder as in a process of its own. */
const readFromFolder = async (): Promise<ObjectStore> => {
  const { folder, store } = await inFolder();
  return { ...store, ...folderStore(folder) };
};

objectStoreContract('in memory', async () => memoryStore());
objectStoreContract('in memory, versioned', async () => memoryStore({ versioned: true }));
objectStoreContract('S3 over HTTP, embedded', embedded);
objectStoreContract('the folder of the embedded bucket', async () => (await inFolder()).store);
objectStoreContract('the folder of the embedded bucket, read by another process', readFromFolder);

it('a versioned bucket returns a new version for each write; another bucket returns none', async () => {
  const versioned = memoryStore({ versioned: true });
  const versions = [await versioned.put('a.json', 'same'), await versioned.put('a.json', 'same')];

  expect(new Set(versions.map(({ versionId }) => versionId)).size).toBe(2);
  expect(await (await embedded()).put('a.json', 'same')).not.toHaveProperty('versionId');
});
