import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { expect, it, onTestFinished } from 'vitest';
import type { ObjectStore } from '../../lib/raw-zone/object-store.ts';
import { s3Store } from '../../lib/raw-zone/s3-store.ts';
import { folderStore } from '../../local/bucket/folder-store.ts';
import { objectFiles } from '../../local/bucket/object-files.ts';
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

/** The reader of the embedded bucket's folder, beside a writer that writes its files as the embedded S3 does. */
const readFromFolder = async (): Promise<ObjectStore> => {
  const folder = await mkdtemp(join(tmpdir(), 'object-store-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const files = objectFiles(folder);
  files.open();
  const reader = folderStore(folder);
  const put = (key: string, body: string | Uint8Array) => {
    files.write(key, [Buffer.from(body as string)]);
    return { etag: `"${files.md5(key)}"` };
  };
  return {
    ...reader,
    put: async (key, body) => put(key, body),
    putIf: async (key, body, etag) => {
      const now = files.isTaken(key) ? `"${files.md5(key)}"` : undefined;
      return now === etag ? put(key, body) : undefined;
    },
    remove: async (keys) => keys.forEach(files.remove),
  };
};

objectStoreContract('in memory', async () => memoryStore());
objectStoreContract('in memory, versioned', async () => memoryStore({ versioned: true }));
objectStoreContract('S3 over HTTP, embedded', embedded);
objectStoreContract('the folder of the embedded S3, read without it', readFromFolder);

it('a versioned bucket returns a new version for each write; another bucket returns none', async () => {
  const versioned = memoryStore({ versioned: true });
  const versions = [await versioned.put('a.json', 'same'), await versioned.put('a.json', 'same')];

  expect(new Set(versions.map(({ versionId }) => versionId)).size).toBe(2);
  expect(await (await embedded()).put('a.json', 'same')).not.toHaveProperty('versionId');
});
