import type { Dirent } from 'node:fs';
import { constants, copyFile, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { buildApp } from 'fauxqs';
import { TOP_FOLDERS } from '../lib/runs/layout.ts';

/** Name of the embedded bucket. It exists only at the endpoint that this process serves. */
export const LOCAL_BUCKET = 'tmdb-raw-zone-local';

export interface LocalBucket {
  /** Endpoint of the S3 API. */
  url: string;
  /** Copies every object to a plain file, `<folder>/<key>`, and removes files whose object no longer exists. */
  mirror(folder: string): Promise<void>;
  close(): Promise<void>;
}

/** Classes that fauxqs doesn't export. This is safe because package.json pins the exact version. */
interface Inside {
  S3Store: new () => { persistence?: unknown; hasBucket(name: string): boolean; createBucket(name: string): void };
  FileS3Persistence: new (folder: string) => { loadS3(store: unknown): void };
  SqsStore: new () => object;
  SnsStore: new () => object;
}

/**
 * S3 over HTTP, stored on disk.
 *
 * startFauxqs of fauxqs listens on every network address of the machine, and so serves the bucket to the whole network.
 * Therefore this function builds the app itself. It listens only on 127.0.0.1.
 *
 * @param storage Folder in fauxqs' layout: `<key>.data` and `<key>.meta.json` for each object.
 */
export const startBucket = async (storage: string, port = 0): Promise<LocalBucket> => {
  await removeIncomplete(storage);
  const { S3Store, FileS3Persistence, SqsStore, SnsStore } = await inside();
  const persistence = new FileS3Persistence(storage);
  const s3Store = new S3Store();
  persistence.loadS3(s3Store);
  s3Store.persistence = persistence;
  if (!s3Store.hasBucket(LOCAL_BUCKET)) s3Store.createBucket(LOCAL_BUCKET);
  const stores = { s3Store, sqsStore: new SqsStore(), snsStore: new SnsStore() } as unknown as NonNullable<
    NonNullable<Parameters<typeof buildApp>[0]>['stores']
  >;
  const app = buildApp({ logger: false, stores });
  const url = await app.listen({ port, host: '127.0.0.1' });
  const objects = join(storage, 'buckets', LOCAL_BUCKET, 'objects');
  return { url, mirror: (folder) => mirror(objects, folder), close: () => app.close() };
};

const inside = async (): Promise<Inside> => {
  const part = (path: string) => import(new URL(path, import.meta.resolve('fauxqs')).href);
  const parts = await Promise.all(
    ['./s3/s3Store.js', './s3/fileS3Persistence.js', './sqs/sqsStore.js', './sns/snsStore.js'].map(part),
  );
  return Object.assign({}, ...parts) as Inside;
};

const filesBelow = async (folder: string, ending: string): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((): Dirent[] => []);
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name));
};

/**
 * Removes objects that were only partly written when the last process was killed. fauxqs writes each object as two
 * files, not atomically, and doesn't start when one of them is incomplete. For the pipeline, such an object never existed.
 */
const removeIncomplete = async (storage: string): Promise<void> => {
  // An incomplete multipart upload. Its sender starts again from the first byte.
  await rm(join(storage, '_multipart'), { recursive: true, force: true });
  for (const meta of await filesBelow(join(storage, 'buckets'), '.meta.json')) {
    const data = meta.replace(/\.meta\.json$/, '.data');
    const [text, size] = await Promise.all([
      readFile(meta, 'utf8'),
      stat(data).then(
        (file) => file.size,
        () => -1,
      ),
    ]);
    if (contentLength(text) !== size) await Promise.all([rm(meta, { force: true }), rm(data, { force: true })]);
  }
};

const contentLength = (text: string): unknown => {
  try {
    return (JSON.parse(text) as { contentLength?: unknown }).contentLength;
  } catch {
    return undefined;
  }
};

const mirror = async (objects: string, folder: string): Promise<void> => {
  const wanted = new Set<string>();
  for (const meta of await filesBelow(objects, '.meta.json')) {
    // The key ends in a slash: a folder of S3's console, an empty object. There is no such file.
    if (basename(meta) === '.meta.json') continue;
    const data = meta.replace(/\.meta\.json$/, '.data');
    const target = join(folder, relative(objects, data).replace(/\.data$/, ''));
    wanted.add(target);
    const [from, there] = await Promise.all([stat(data), stat(target).catch(() => undefined)]);
    if (there && there.size === from.size && there.mtimeMs >= from.mtimeMs) continue;
    await mkdir(dirname(target), { recursive: true });
    await copyFile(data, target, constants.COPYFILE_FICLONE);
  }
  // Only in the folders that objects use, because `folder` may also contain other files.
  for (const root of TOP_FOLDERS) {
    for (const file of await filesBelow(join(folder, root), '')) if (!wanted.has(file)) await rm(file);
  }
};
