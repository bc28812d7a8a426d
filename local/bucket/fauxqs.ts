import type { buildApp } from 'fauxqs';

/*
 * Classes that fauxqs doesn't export, and as much of them as we use. This is safe because package.json pins the exact version.
 */

export interface S3Object {
  key: string;
  body: Buffer;
  contentType: string;
  contentLength: number;
  /** With its quotation marks. */
  readonly etag: string;
  lastModified: Date;
  metadata: Record<string, string>;
}

export interface PartSpec {
  partNumber: number;
  /** With its quotation marks. */
  etag: string;
}

export interface Part extends PartSpec {
  body: Buffer;
  /** Ours: the size of the body, after it was written to disk. */
  bytes?: number;
}

interface MultipartUpload {
  bucket: string;
  key: string;
  contentType: string;
  metadata: Record<string, string>;
  parts: Map<number, Part>;
}

export interface ListOptions {
  prefix?: string;
  delimiter?: string | undefined;
  maxKeys?: number;
  startAfter?: string;
  /** What startAfter is called in the first version of the request. */
  marker?: string;
}

export interface ListedObjects {
  objects: S3Object[];
  commonPrefixes: string[];
  isTruncated: boolean;
}

/** What fauxqs calls for each change. */
interface Persistence {
  insertBucket(name: string): void;
  deleteBucket(name: string): void;
  saveBucketLifecycleConfiguration(bucket: string): void;
  deleteBucketLifecycleConfiguration(bucket: string): void;
  upsertObject(bucket: string, object: S3Object): void;
  deleteObject(bucket: string, key: string): void;
  readBody(bucket: string, key: string): Buffer;
  insertMultipartUpload(upload: MultipartUpload): void;
  upsertMultipartPart(uploadId: string, part: Part): void;
  deleteMultipartUpload(uploadId: string): void;
}

export declare class S3Store {
  persistence?: Persistence;
  buckets: Map<string, Map<string, S3Object>>;
  multipartUploads: Map<string, MultipartUpload>;
  createBucket(name: string): void;
  listObjects(bucket: string, options?: ListOptions): ListedObjects;
  deleteObject(bucket: string, key: string): void;
  completeMultipartUpload(uploadId: string, wanted: readonly PartSpec[]): S3Object;
  abortMultipartUpload(uploadId: string): void;
}

interface S3Error extends Error {
  statusCode: number;
  toXml(): string;
}

export type App = ReturnType<typeof buildApp>;
export type Stores = NonNullable<NonNullable<Parameters<typeof buildApp>[0]>['stores']>;

export interface Fauxqs {
  S3Store: typeof S3Store;
  S3Error: new (code: string, message: string, statusCode: number) => S3Error;
  SqsStore: new () => object;
  SnsStore: new () => object;
}

export const loadFauxqs = async (): Promise<Fauxqs> => {
  const part = (path: string) => import(new URL(path, import.meta.resolve('fauxqs')).href);
  const parts = await Promise.all(
    ['./s3/s3Store.js', './common/errors.js', './sqs/sqsStore.js', './sns/snsStore.js'].map(part),
  );
  return Object.assign({}, ...parts) as Fauxqs;
};
