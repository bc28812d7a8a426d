import { buildApp } from 'fauxqs';
import { addConditionalWrites, addStreamedReads } from './bucket/answers.ts';
import { loadFauxqs, type Stores } from './bucket/fauxqs.ts';
import { objectFiles } from './bucket/object-files.ts';
import { type OnDisk, storeOnDisk } from './bucket/store-on-disk.ts';
import { FolderError, inFolder } from './folder.ts';

/** Name of the embedded bucket. It exists only at the endpoint that this process serves. */
export const LOCAL_BUCKET = 'tmdb-raw-zone-local';

export interface LocalBucket {
  /** Endpoint of the S3 API. */
  url: string;
  /**
   * The first error of the file system since the start. The sender of the request gets it too: as an error of S3 with
   * status 500, whose name is the code of the error, for example ENOSPC.
   */
  failure(): FolderError | undefined;
  /** Rejected with that error. No retry helps then, so a run that waits for it can end at once. */
  failed: Promise<never>;
  close(): Promise<void>;
}

/**
 * S3 over HTTP. The object `<key>` is the file `<folder>/<key>`: see bucket/object-files.ts.
 *
 * startFauxqs of fauxqs listens on every network address of the machine, and so serves the bucket to the whole network.
 * Therefore this function builds the app itself. It listens only on 127.0.0.1.
 *
 * @throws {FolderError} The folder can't be read or written.
 */
export const startBucket = async (folder: string, port = 0): Promise<LocalBucket> => {
  const fauxqs = await loadFauxqs();
  const files = objectFiles(folder);
  let failure: FolderError | undefined;
  const broken = Promise.withResolvers<never>();
  // For users of the bucket that don't wait for it.
  broken.promise.catch(() => undefined);
  const onDisk: OnDisk = (key, operation) => {
    const file = files.fileOf(key);
    try {
      return inFolder(file, operation);
    } catch (error) {
      if (!(error instanceof FolderError)) throw error;
      if (NO_FILE_NAME.includes(error.code))
        throw new fauxqs.S3Error('InvalidArgument', `${key} can't be stored as the file ${file} (${error.code}).`, 400);
      failure ??= error;
      broken.reject(error);
      throw new fauxqs.S3Error(error.code, error.message, 500);
    }
  };
  const s3Store = inFolder(folder, () => {
    files.open();
    return storeOnDisk(fauxqs, LOCAL_BUCKET, files, onDisk);
  });
  const stores = { s3Store, sqsStore: new fauxqs.SqsStore(), snsStore: new fauxqs.SnsStore() } as unknown as Stores;
  const app = buildApp({ logger: false, stores });
  const find = (bucket: string, key: string) => s3Store.buckets.get(bucket)?.get(key);
  addConditionalWrites(app, fauxqs, find);
  addStreamedReads(app, fauxqs, find, files.fileOf, onDisk);
  const url = await app.listen({ port, host: '127.0.0.1' });
  return { url, failure: () => failure, failed: broken.promise, close: () => app.close() };
};

/** Errors that come from a key, not from the disk: a name that is too long, or `a` and `a/b`, a file and a folder. */
const NO_FILE_NAME = ['ENAMETOOLONG', 'EEXIST', 'ENOTDIR', 'EISDIR'];
