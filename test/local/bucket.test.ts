import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { s3Store } from '../../lib/raw-zone/s3-store.ts';
import { openFolderStore } from '../../local/bucket/folder-store.ts';
import { LOCAL_BUCKET, startBucket } from '../../local/bucket.ts';
import { FolderError } from '../../local/folder.ts';
import { failing } from './failing-disk.ts';
import { filesIn, temporaryFolder } from './running.ts';

/** The embedded bucket with the files of a folder. */
const bucketIn = async (folder: string) => {
  const bucket = await startBucket(folder);
  const s3 = new S3Client({
    endpoint: bucket.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  let isOpen = true;
  const close = async () => {
    if (isOpen) await bucket.close();
    isOpen = false;
    s3.destroy();
  };
  onTestFinished(close);
  return { ...bucket, s3, store: s3Store(s3, LOCAL_BUCKET), close };
};

const keysIn = async (folder: string) => [...(await filesIn(folder)).keys()];
const large = Buffer.alloc(6_000_000, 'tt0000001|Carmencita é|1894|Documentary\n');

describe('an object of the embedded bucket', () => {
  it('is a plain file from the moment it is written, and no longer when it is removed', async () => {
    const folder = await temporaryFolder();
    const { store } = await bucketIn(folder);
    await store.put('Raw/a/1.json', 'first');
    await store.put('Raw/a/2.json', 'second');
    expect(await readFile(join(folder, 'Raw/a/1.json'), 'utf8')).toBe('first');

    await store.remove(['Raw/a/1.json']);
    expect(await keysIn(folder)).toEqual(['Raw/a/2.json']);
    await store.remove(['Raw/a/2.json']);
    expect(await readdir(folder)).toEqual(['.writing']);
  });

  it('is the same after a restart, with its ETag and its time', async () => {
    const folder = await temporaryFolder();
    const first = await bucketIn(folder);
    const { etag } = await first.store.put('Raw/b.json', 'second');
    await utimes(join(folder, 'Raw/b.json'), 1_000, 1_000);
    await first.store.put('Raw/a.json', 'first');
    await first.close();

    const { store, s3 } = await bucketIn(folder);
    expect(await store.list('')).toEqual(['Raw/a.json', 'Raw/b.json']);
    expect(await store.newest('Raw/', () => true)).toBe('Raw/a.json');
    expect(await store.get('Raw/b.json')).toEqual({ body: Buffer.from('second'), etag });
    expect(await s3.send(new HeadObjectCommand({ Bucket: LOCAL_BUCKET, Key: 'Raw/b.json' }))).toMatchObject({
      ContentType: 'application/json',
      LastModified: new Date(1_000_000),
    });
    expect(await store.putIf('Raw/b.json', 'third', etag)).toBeDefined();
  });

  it('can be copied to the folder by hand; files of the operating system are ignored', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'Raw/.hidden'), { recursive: true });
    await writeFile(join(folder, 'Raw/movies.csv'), 'id');
    for (const other of ['.DS_Store', 'Raw/.hidden/a', 'Raw/100%.csv']) await writeFile(join(folder, other), 'x');
    await symlink('nowhere', join(folder, 'Raw/link.csv'));

    const { store } = await bucketIn(folder);
    expect(await store.list('')).toEqual(['Raw/movies.csv']);
  });

  it.each([
    'Raw/Local/CSV/Movies/2026/11/20/',
    'a//b',
    '.hidden/..%2F.csv',
    './../a.json',
    'ação & crime/filmes 100%.csv',
    'a:b|c"d*e?.csv',
    '%',
  ])('can have the key %s, also after a restart', async (key) => {
    const folder = join(await temporaryFolder(), 'bucket');
    const first = await bucketIn(folder);
    // Not with the SDK, which resolves dots in a path before it sends it.
    const url = `${first.url}/${LOCAL_BUCKET}/${encodeURIComponent(key)}`;
    expect((await fetch(url, { method: 'PUT', body: key })).status).toBe(200);
    await first.close();

    expect(await readdir(join(folder, '..'))).toEqual(['bucket']);
    const { store } = await bucketIn(folder);
    expect(await store.list('')).toEqual([key]);
  });

  it('is refused if its key can not be a file name, and the others remain', async () => {
    const folder = await temporaryFolder();
    const { store, failure } = await bucketIn(folder);
    await store.put('a', 'object');
    await store.put('b/c', 'object');

    await expect(store.put('a/b', '')).rejects.toThrow(/^a\/b can't be stored as the file .*a\/b \(E\w+\)\.$/);
    await expect(store.put('b', '')).rejects.toThrow(/^b can't be stored: .*\/b exists, and is not this object\.$/);
    await expect(store.put('x'.repeat(300), '')).rejects.toThrow(/can't be stored as the file .* \(ENAMETOOLONG\)\.$/);
    expect(await store.list('')).toEqual(['a', 'b/c']);
    expect(failure()).toBeUndefined();
  });

  it('can be read from a byte on, if it is large, as long as it is the same object', async () => {
    const folder = await temporaryFolder();
    const { store, url } = await bucketIn(folder);
    const { etag } = await store.put('Raw/movies.csv', large);
    const read = (headers: Record<string, string>) => fetch(`${url}/${LOCAL_BUCKET}/Raw/movies.csv`, { headers });

    const rest = await read({ range: 'bytes=5999000-', 'if-match': etag });
    expect([rest.status, rest.headers.get('content-range')]).toEqual([206, 'bytes 5999000-5999999/6000000']);
    expect(Buffer.from(await rest.arrayBuffer()).equals(large.subarray(5_999_000))).toBe(true);
    expect((await read({ 'if-match': '"other"' })).status).toBe(412);
    expect((await read({ range: 'bytes=6000000-' })).status).toBe(416);
    await writeFile(join(folder, 'Raw/movies.csv'), 'edited');
    expect((await read({})).status).toBe(500);
  });
});

describe('a multipart upload to the embedded bucket', () => {
  const upload = async ({ s3 }: { s3: S3Client }, numbers: readonly number[], bodies = [large, large, large]) => {
    const object = { Bucket: LOCAL_BUCKET, Key: 'Raw/movies.csv' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(object));
    const parts = await Promise.all(
      bodies.map(async (Body, index) => {
        const PartNumber = index + 1;
        const { ETag } = await s3.send(new UploadPartCommand({ ...object, UploadId, PartNumber, Body }));
        return { PartNumber, ETag };
      }),
    );
    const Parts = numbers.map((number) => parts[number - 1] ?? { PartNumber: number, ETag: '"none"' });
    return s3.send(new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } }));
  };

  it('makes one file of the parts, and keeps no part', async () => {
    const folder = await temporaryFolder();
    const { ETag } = await upload(await bucketIn(folder), [1, 2, 3]);

    const files = await filesIn(folder);
    expect([...files.keys()]).toEqual(['Raw/movies.csv']);
    expect(files.get('Raw/movies.csv')?.equals(Buffer.concat([large, large, large]))).toBe(true);
    const md5 = createHash('md5').update(large).digest();
    expect(ETag).toBe(
      `"${createHash('md5')
        .update(Buffer.concat([md5, md5, md5]))
        .digest('hex')}-3"`,
    );
  });

  it.each([
    { numbers: [2, 1], bodies: [large, large], error: 'InvalidPartOrder' },
    { numbers: [1, 4], bodies: [large, large], error: 'InvalidPart' },
    { numbers: [1, 2], bodies: [Buffer.from('small'), large], error: 'EntityTooSmall' },
  ])('is refused with $error, as by S3, and leaves no object', async ({ numbers, bodies, error }) => {
    const folder = await temporaryFolder();
    const bucket = await bucketIn(folder);
    await expect(upload(bucket, numbers, bodies)).rejects.toMatchObject({ name: error });
    expect(await bucket.store.list('')).toEqual([]);

    await bucket.close();
    await bucketIn(folder);
    expect(await keysIn(folder)).toEqual([]);
  });
});

describe('an error of the file system', () => {
  it.each([
    ['openSync', 'EMFILE'],
    ['openSync', 'EACCES'],
    ['writeSync', 'ENOSPC'],
    ['writeSync', 'EIO'],
    ['renameSync', 'EROFS'],
  ] as const)('in %s, %s, leaves the old object and reaches everybody with its code', async (name, code) => {
    const folder = await temporaryFolder();
    const { store, failure } = await bucketIn(folder);
    await store.put('a/1.json', 'first');

    const works = failing(name, code);
    await expect(store.put('a/1.json', 'second')).rejects.toMatchObject({ name: code });
    await expect(store.put('a/2.json', 'new')).rejects.toMatchObject({ name: code });
    works();

    expect(failure()).toBeInstanceOf(FolderError);
    expect(failure()).toMatchObject({ code, path: expect.stringContaining(folder) });
    expect(await store.list('')).toEqual(['a/1.json']);
    expect((await store.get('a/1.json'))?.body.toString()).toBe('first');
    expect(await keysIn(folder)).toEqual(['a/1.json']);
    await store.put('a/1.json', 'second');
    expect(await readFile(join(folder, 'a/1.json'), 'utf8')).toBe('second');
  });

  it('at the start is a FolderError with its code and path', async () => {
    const out = await temporaryFolder();
    await writeFile(join(out, 'bucket'), 'a file');
    const error = await startBucket(join(out, 'bucket')).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FolderError);
    expect(error).toMatchObject({ code: 'ENOTDIR', path: join(out, 'bucket/.writing') });
  });

  it('later reaches the sender of the request, and the owner of the bucket, and the object remains as it was', async () => {
    const folder = await temporaryFolder();
    const { store, failure } = await bucketIn(folder);
    await store.put('a.json', 'first');
    // Like a folder that can't be written, also for root.
    await rename(join(folder, '.writing'), join(folder, '.gone'));
    await expect(store.put('a.json', 'second')).rejects.toMatchObject({
      name: 'ENOENT',
      message: expect.stringContaining('no such file or directory, open'),
    });
    expect(failure()).toMatchObject({ code: 'ENOENT', path: expect.stringContaining('.writing') });
    await rename(join(folder, '.gone'), join(folder, '.writing'));
    expect((await store.get('a.json'))?.body.toString()).toBe('first');

    await rm(join(folder, 'a.json'));
    await mkdir(join(folder, 'a.json'));
    await expect(store.remove(['a.json'])).rejects.toThrow();
    expect(await store.list('')).toEqual(['a.json']);
  });

  it.skipIf(process.getuid?.() === 0)('is EACCES in a folder that this user may not write', async () => {
    const folder = await temporaryFolder();
    await chmod(folder, 0o500);
    onTestFinished(() => chmod(folder, 0o700));
    await expect(startBucket(folder)).rejects.toMatchObject({ name: 'FolderError', code: 'EACCES' });
  });
});

it('the embedded S3 has only one bucket', async () => {
  const { s3 } = await bucketIn(await temporaryFolder());
  await expect(s3.send(new CreateBucketCommand({ Bucket: 'another' }))).rejects.toMatchObject({
    name: 'NotImplemented',
  });
});

describe('the embedded bucket without HTTP', () => {
  it('has the same objects and ETags as the embedded S3 of the same folder', async () => {
    const folder = await temporaryFolder();
    const written = await openFolderStore(folder).store.put('Raw/a/1.json', 'first');
    const { store, close } = await bucketIn(folder);
    expect(await store.get('Raw/a/1.json')).toEqual({ body: Buffer.from('first'), ...written });
    const { etag } = await store.put('Raw/b.json', 'second');
    await close();

    const again = openFolderStore(folder);
    expect(await again.store.list('')).toEqual(['Raw/a/1.json', 'Raw/b.json']);
    expect(await again.store.putIf('Raw/b.json', 'third', etag)).toBeDefined();
    await again.store.remove(['Raw/a/1.json', 'Raw/b.json']);
    expect(await readdir(folder)).toEqual(['.writing']);
    expect(again.failure()).toBeUndefined();
  });

  it('refuses a key that can not be a file name, or whose file is that of another key', async () => {
    const folder = await temporaryFolder();
    const { store, failure } = openFolderStore(folder);
    await store.put('A/x.json', 'object');
    // As where upper and lower case are the same to the file system.
    await symlink('A', join(folder, 'a'));

    await expect(store.put('A/x.json/y', '')).rejects.toThrow(
      /^A\/x\.json\/y can't be stored as the file .* \(E\w+\)\.$/,
    );
    await expect(store.put('A', '')).rejects.toThrow(/^A can't be stored as the file .*\/A \(E\w+\)\.$/);
    await expect(store.put('x'.repeat(300), '')).rejects.toThrow(/can't be stored as the file .* \(ENAMETOOLONG\)\.$/);
    await expect(store.put('a/x.json', '')).rejects.toThrow(/^a\/x\.json can't be stored: .* is not this object\.$/);
    expect((await store.get('A/x.json'))?.body.toString()).toBe('object');
    expect(failure()).toBeUndefined();
  });

  it.each([
    ['openSync', 'EMFILE'],
    ['writeSync', 'ENOSPC'],
    ['renameSync', 'EROFS'],
  ] as const)('in %s, %s, leaves the old object and reaches everybody with its code', async (name, code) => {
    const folder = await temporaryFolder();
    const { store, failure, failed } = openFolderStore(folder);
    const { etag } = await store.put('a/1.json', 'first');

    const works = failing(name, code);
    await expect(store.put('a/1.json', 'second')).rejects.toMatchObject({ name: 'FolderError', code });
    await expect(store.putIf('a/2.json', 'new', undefined)).rejects.toMatchObject({ name: 'FolderError', code });
    works();

    await expect(failed).rejects.toMatchObject({ code, path: expect.stringContaining(folder) });
    expect(failure()).toBeInstanceOf(FolderError);
    expect(await keysIn(folder)).toEqual(['a/1.json']);
    expect(await store.putIf('a/1.json', 'second', etag)).toBeDefined();
  });
});
