import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import type { OnDisk } from './failures.ts';
import type { Fauxqs, ListedObjects, ListOptions, Part, PartSpec, S3Object, S3Store } from './fauxqs.ts';
import type { ObjectFile, ObjectFiles } from './object-files.ts';

/** S3's minimum for all parts of an upload but the last one. */
const MIN_PART_BYTES = 5 * 1_048_576;
const NOTHING = Buffer.alloc(0);

/**
 * A store of fauxqs with one bucket, whose objects are files. fauxqs keeps only what it lists: key, size, time and ETag.
 *
 * Content types, metadata and checksums of a request are kept until the process ends. Nothing here needs them longer.
 */
export const storeOnDisk = (
  { S3Store, S3Error }: Fauxqs,
  bucketName: string,
  files: ObjectFiles,
  onDisk: OnDisk,
): S3Store => {
  const onlyOurs = (bucket: string) => {
    if (bucket !== bucketName) throw new S3Error('NotImplemented', `The embedded S3 has only ${bucketName}.`, 501);
  };
  const refuse = (code: string, message: string) => new S3Error(code, message, 400);

  class StoreOnDisk extends S3Store {
    override deleteObject(bucket: string, key: string) {
      // First the file: if it can't be removed, the object still exists.
      if (bucket === bucketName) onDisk(key, () => files.remove(key));
      super.deleteObject(bucket, key);
    }

    /** fauxqs sorts as a dictionary does, but continues by code units as S3 does: it skips keys between two pages. */
    override listObjects(bucket: string, { prefix = '', delimiter, maxKeys = 1_000, ...from }: ListOptions = {}) {
      const after = from.startAfter || from.marker || '';
      const listed = new Map<string, S3Object | undefined>();
      const objects = this.buckets.get(bucket) ?? new Map<string, S3Object>();
      for (const key of [...objects.keys()].filter((one) => one.startsWith(prefix)).toSorted()) {
        const end = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
        const name = end < 0 ? key : key.slice(0, end + (delimiter?.length ?? 0));
        if (name > after) listed.set(name, end < 0 ? objects.get(key) : undefined);
      }
      const page = [...listed].slice(0, maxKeys);
      return {
        objects: page.flatMap(([, object]) => object ?? []),
        commonPrefixes: page.filter(([, object]) => !object).map(([name]) => name),
        isTruncated: listed.size > maxKeys,
      } satisfies ListedObjects;
    }

    /** Unlike fauxqs, this copies the parts from file to file, without having them all in memory. */
    override completeMultipartUpload(uploadId: string, wanted: readonly PartSpec[]): S3Object {
      const upload = this.multipartUploads.get(uploadId);
      if (!upload) throw new S3Error('NoSuchUpload', 'The upload was completed or aborted, or never existed.', 404);
      const parts = wanted.map(({ partNumber, etag }, index) => {
        const part = upload.parts.get(partNumber);
        const before = wanted[index - 1];
        if (before && before.partNumber >= partNumber) throw refuse('InvalidPartOrder', 'The parts are not in order.');
        if (!part || unquoted(part.etag) !== unquoted(etag))
          throw refuse('InvalidPart', `Part ${partNumber} does not exist or has another ETag.`);
        if (index < wanted.length - 1 && (part.bytes ?? 0) < MIN_PART_BYTES)
          throw refuse('EntityTooSmall', `Part ${partNumber} is smaller than 5 MiB.`);
        return { ...part, bytes: part.bytes ?? 0 };
      });
      const { bucket, key, contentType, metadata } = upload;
      put(
        key,
        files.parts.read(
          uploadId,
          parts.map(({ partNumber }) => partNumber),
        ),
      );
      const object = {
        key,
        body: NOTHING,
        contentType,
        contentLength: parts.reduce((sum, { bytes }) => sum + bytes, 0),
        etag: etagOfParts(parts),
        lastModified: new Date(),
        metadata,
      };
      this.buckets.get(bucket)?.set(key, object);
      this.abortMultipartUpload(uploadId);
      return object;
    }
  }

  const store = new StoreOnDisk();
  store.createBucket(bucketName);
  const objects = store.buckets.get(bucketName) ?? new Map<string, S3Object>();
  /** Where upper and lower case are the same to the file system, this refuses the second of two keys. */
  const put = (key: string, pieces: Iterable<Uint8Array>) => {
    if (!objects.has(key) && files.isTaken(key))
      throw refuse('InvalidArgument', `${key} can't be stored: ${files.fileOf(key)} exists, and is not this object.`);
    onDisk(key, () => files.write(key, pieces));
  };

  for (const file of files.below('')) objects.set(file.key, objectOf(file, files, onDisk));
  // fauxqs calls these functions before it changes what it knows of the objects.
  store.persistence = {
    insertBucket: onlyOurs,
    deleteBucket: onlyOurs,
    saveBucketLifecycleConfiguration: onlyOurs,
    deleteBucketLifecycleConfiguration: onlyOurs,
    upsertObject: (bucket, { key, body }) => {
      onlyOurs(bucket);
      put(key, [body]);
    },
    deleteObject: onlyOurs,
    readBody: (_, key) => onDisk(key, () => files.read(key)),
    insertMultipartUpload: ({ bucket }) => onlyOurs(bucket),
    upsertMultipartPart: (uploadId, part) => {
      const { body } = part;
      Object.assign(part, { body: NOTHING, bytes: body.length });
      onDisk(uploadId, () => files.parts.write(uploadId, part.partNumber, body));
    },
    deleteMultipartUpload: (uploadId) => onDisk(uploadId, () => files.parts.remove(uploadId)),
  };
  return store;
};

const unquoted = (etag: string): string => etag.replaceAll('"', '');

/** As S3 computes it: the MD5 of the parts' MD5s, and the number of parts. */
const etagOfParts = (parts: readonly Part[]): string => {
  const hash = createHash('md5');
  for (const { etag } of parts) hash.update(unquoted(etag), 'hex');
  return `"${hash.digest('hex')}-${parts.length}"`;
};

/** An object that an earlier process wrote, or that a person copied to the folder. */
const objectOf = ({ key, bytes, modified }: ObjectFile, files: ObjectFiles, onDisk: OnDisk): S3Object => {
  let etag: string | undefined;
  return {
    key,
    body: NOTHING,
    contentType: CONTENT_TYPES[extname(key)] ?? 'application/octet-stream',
    contentLength: bytes,
    /** Computed when it is needed: that takes two seconds for each GB. */
    get etag() {
      return (etag ??= `"${onDisk(key, () => files.md5(key))}"`);
    },
    lastModified: modified,
    metadata: {},
  };
};

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.jsonl': 'application/x-ndjson',
  '.csv': 'text/csv; charset=utf-8',
  '.gz': 'application/gzip',
  '.zst': 'application/zstd',
};
