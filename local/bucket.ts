import { buildApp } from 'fauxqs';
import { addConditionalWrites, addStreamedReads } from './bucket/answers.ts';
import { type FirstFailure, failuresOf } from './bucket/failures.ts';
import { loadFauxqs, type Stores } from './bucket/fauxqs.ts';
import { objectFiles } from './bucket/object-files.ts';
import { storeOnDisk } from './bucket/store-on-disk.ts';
import { inFolder } from './folder.ts';

/** Name of the embedded bucket. It exists only at the endpoint that this process serves. */
export const LOCAL_BUCKET = 'tmdb-raw-zone-local';

/** After an error of the file system, the sender of a request gets status 500, and the code of the error as its name: ENOSPC. */
export interface LocalBucket extends FirstFailure {
  /** Endpoint of the S3 API. */
  url: string;
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
  const { onDisk, failure, failed } = failuresOf(files, {
    ofKey: (message) => new fauxqs.S3Error('InvalidArgument', message, 400),
    ofDisk: ({ code, message }) => new fauxqs.S3Error(code, message, 500),
  });
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
  return { url, failure, failed, close: () => app.close() };
};
