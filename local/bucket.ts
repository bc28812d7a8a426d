import type { Dirent } from 'node:fs';
import { constants, copyFile, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { buildApp } from 'fauxqs';
import { TOP_FOLDERS } from '../lib/runs/layout.ts';

/** The embedded bucket's name; nothing but the command line's own endpoint knows it. */
export const LOCAL_BUCKET = 'tmdb-raw-zone-local';

export interface LocalBucket {
  /** Speaks S3. */
  url: string;
  /** Lays every object down as a plain file, `<folder>/<key>`, and takes away what is no object any more. */
  mirror(folder: string): Promise<void>;
  close(): Promise<void>;
}

/** The parts of fauxqs that it doesn't export. Exact versions in package.json are what makes this safe. */
interface Inside {
  S3Store: new () => { persistence?: unknown; hasBucket(name: string): boolean; createBucket(name: string): void };
  FileS3Persistence: new (folder: string) => { loadS3(store: unknown): void };
  SqsStore: new () => object;
  SnsStore: new () => object;
}

/**
 * S3 over HTTP, kept on disk.
 *
 * fauxqs' own startFauxqs listens on every address of the machine; what a laptop serves to its network is none of a
 * pipeline's business, so its app is put together here, and listens on 127.0.0.1.
 *
 * @param storage Folder of fauxqs' own layout: `<key>.data` beside `<key>.meta.json`.
 */
export const startBucket = async (storage: string, port = 0): Promise<LocalBucket> => {
  await mend(storage);
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
 * Takes away what was being written when the last process was killed: fauxqs writes an object in two files, neither
 * of them at once, and doesn't start over half of one. To the pipeline that object was never there.
 */
const mend = async (storage: string): Promise<void> => {
  // Half of an upload: whoever sent it starts again from its first byte.
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
    const data = meta.replace(/\.meta\.json$/, '.data');
    const target = join(folder, relative(objects, data).replace(/\.data$/, ''));
    wanted.add(target);
    const [from, there] = await Promise.all([stat(data), stat(target).catch(() => undefined)]);
    if (there && there.size === from.size && there.mtimeMs >= from.mtimeMs) continue;
    await mkdir(dirname(target), { recursive: true });
    await copyFile(data, target, constants.COPYFILE_FICLONE);
  }
  // Only where objects lie: a folder of this name may be somebody's own.
  for (const root of TOP_FOLDERS) {
    for (const file of await filesBelow(join(folder, root), '')) if (!wanted.has(file)) await rm(file);
  }
};
