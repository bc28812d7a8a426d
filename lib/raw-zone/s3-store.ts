import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { Listed, ObjectStore } from './object-store.ts';

/** S3's limit of keys for one DeleteObjects request. */
const DELETE_AT_ONCE = 1_000;

/** A bucket in S3, or in another service with S3's API at the client's endpoint. */
export const s3Store = (s3: S3Client, bucket: string): ObjectStore => {
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

  return {
    put: (key, body, { contentType = 'application/json' } = {}) =>
      put({ Key: key, Body: body, ContentType: contentType }),

    putIf: async (key, body, etag) => {
      try {
        return await put({
          Key: key,
          Body: body,
          ContentType: 'application/json',
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
      const object = await open(key);
      if (!object?.Body) return undefined;
      return { body: Buffer.from(await object.Body.transformToByteArray()), etag: object.ETag ?? '' };
    },

    stream: async (key) => {
      const object = await open(key);
      if (!object?.Body) return undefined;
      return { body: object.Body as unknown as AsyncIterable<Uint8Array>, bytes: object.ContentLength ?? 0 };
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
