import {
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { systemClock } from '../clock.ts';
import type { Listed, ObjectStore } from './object-store.ts';

/** S3's limit of keys for one DeleteObjects request. */
const DELETE_AT_ONCE = 1_000;

/** Tries to read a whole body. The SDK retries a request until the headers have come, but not where the body breaks off. */
const READ_TRIES = 3;

/** How often in a row a stream is continued without getting a byte. */
const CONTINUATIONS = 3;

/** Wait before the first retry of a body, in milliseconds. It doubles with each retry. */
const READ_BACKOFF_MS = 200;

/** A bucket in S3, or in another service with S3's API at the client's endpoint. */
export const s3Store = (s3: S3Client, bucket: string, sleep = systemClock.sleep): ObjectStore => {
  const put = async (input: {
    Key: string;
    Body: string | Uint8Array;
    ContentType?: string;
    IfMatch?: string;
    IfNoneMatch?: string;
  }) => {
    const { ETag = '', VersionId } = await s3.send(new PutObjectCommand({ Bucket: bucket, ...input }));
    return { etag: ETag, ...(VersionId && { versionId: VersionId }) };
  };

  const listing = async (prefix: string, delimiter?: string, isWanted: (object: Listed) => boolean = () => true) => {
    const keys: string[] = [];
    const folders: string[] = [];
    let newest: { key: string; time: number } | undefined;
    let next: string | undefined;
    do {
      const page = await s3.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, Delimiter: delimiter, ContinuationToken: next }),
      );
      for (const { Key: key, Size: bytes = 0, LastModified } of page.Contents ?? []) {
        if (key === undefined) continue;
        keys.push(key);
        const time = LastModified?.getTime() ?? 0;
        // S3's times are whole seconds. Of two keys with the same time, the later key is newer: keys contain their day.
        if ((newest === undefined || time >= newest.time) && isWanted({ key, bytes })) newest = { key, time };
      }
      folders.push(...(page.CommonPrefixes ?? []).flatMap(({ Prefix }) => Prefix?.slice(prefix.length) ?? []));
      next = page.NextContinuationToken;
    } while (next);
    return { keys, folders, newest: newest?.key };
  };

  const open = async (key: string) => {
    try {
      return await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  };

  /** The same object from a byte on. */
  const restOf = async (key: string, from: number, etag: string | undefined) => {
    const rest = await s3.send(
      new GetObjectCommand({ Bucket: bucket, Key: key, Range: `bytes=${from}-`, IfMatch: etag }),
    );
    if (rest.ContentRange?.startsWith(`bytes ${from}-`)) return rest;
    throw new Error(`S3 sent the range ${rest.ContentRange} of ${key}, not the bytes from ${from} on: run again.`);
  };

  const backoff = (failures: number) => sleep(READ_BACKOFF_MS * 2 ** (failures - 1));

  /**
   * The bytes of an object. Where the connection breaks off, it goes on from there, as long as the object is the same.
   *
   * @param first The response whose body has not been read yet.
   */
  const bytesOf = async function* (key: string, first: GetObjectCommandOutput): AsyncGenerator<Uint8Array> {
    const { ETag: etag, ContentLength: bytes } = first;
    let object: GetObjectCommandOutput | undefined = first;
    let read = 0;
    let failuresWithoutProgress = 0;
    for (;;) {
      try {
        object ??= await restOf(key, read, etag);
        for await (const chunk of object.Body as unknown as AsyncIterable<Uint8Array>) {
          read += chunk.length;
          failuresWithoutProgress = 0;
          yield chunk;
        }
        if (bytes === undefined || read === bytes) return;
        throw incomplete(key, read, bytes);
      } catch (error) {
        if (error instanceof S3ServiceException) throw whileReading(key, error);
        failuresWithoutProgress += 1;
        // With all bytes read, the error is a wrong checksum: the bytes are with the reader already.
        if (failuresWithoutProgress > CONTINUATIONS || read === bytes) throw error;
        object = undefined;
        await backoff(failuresWithoutProgress);
      }
    }
  };

  return {
    put: (key, body, { contentType = 'application/json' } = {}) =>
      put({ Key: key, Body: body, ContentType: contentType }),

    putIf: async (key, body, etag, { contentType = 'application/json' } = {}) => {
      try {
        return await put({
          Key: key,
          Body: body,
          ContentType: contentType,
          ...(etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag }),
        });
      } catch (error) {
        // 412: another object exists. 409: another write is in progress. 404: the object to replace was deleted.
        const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
        if (status === 412 || status === 409 || status === 404) return undefined;
        throw error;
      }
    },

    get: async (key) => {
      for (let failures = 0; ; ) {
        const object = await open(key);
        if (!object?.Body) return undefined;
        try {
          const body = Buffer.from(await object.Body.transformToByteArray());
          const { ETag: etag = '', ContentLength: bytes = body.length } = object;
          if (body.length === bytes) return { body, etag };
          throw incomplete(key, body.length, bytes);
        } catch (error) {
          failures += 1;
          if (failures === READ_TRIES) throw error;
          await backoff(failures);
        }
      }
    },

    stream: async (key) => {
      const object = await open(key);
      if (!object?.Body) return undefined;
      return { body: bytesOf(key, object), bytes: object.ContentLength ?? 0 };
    },

    list: async (prefix) => (await listing(prefix)).keys,

    newest: async (prefix, isWanted) => (await listing(prefix, undefined, isWanted)).newest,

    folders: async (prefix) => (await listing(prefix, '/')).folders,

    remove: async (keys) => {
      for (let from = 0; from < keys.length; from += DELETE_AT_ONCE) {
        const Objects = keys.slice(from, from + DELETE_AT_ONCE).map((Key) => ({ Key }));
        const { Errors = [] } = await s3.send(
          new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
        );
        const [error] = Errors;
        if (error) throw new Error(`S3 could not delete ${error.Key}: ${error.Code} ${error.Message}`);
      }
    },
  };
};

const incomplete = (key: string, read: number, bytes: number) =>
  new Error(`S3 sent ${read} of ${bytes} bytes of ${key}: run again.`);

/** 412 and 404: the object that was read so far has been overwritten or deleted. */
const whileReading = (key: string, error: S3ServiceException): Error => {
  const status = error.$metadata.httpStatusCode;
  if (status !== 412 && status !== 404) return error;
  return new Error(`${key} changed while it was read: wait until its upload is complete, then run again.`, {
    cause: error,
  });
};
