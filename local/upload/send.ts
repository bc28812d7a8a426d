import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { crc32 } from 'node:zlib';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { type CheckedFile, isPackedName, isUnchanged } from './csv-file.ts';
import type { Destination } from './destination.ts';

/** The file changed while it was sent. */
export class FileChangedError extends Error {
  override readonly name = 'FileChangedError';
}

/** The object in the bucket differs from the file. */
export class ObjectDiffersError extends Error {
  override readonly name = 'ObjectDiffersError';
}

/** An object is wrong, for the reason in `cause`, and could not be removed. A person must remove it. */
export class NotRemovedError extends Error {
  override readonly name = 'NotRemovedError';
}

export interface Sent {
  /** false where the object already existed. */
  sent: boolean;
  /** Whether an object of this key with other contents was there before. */
  replaced: boolean;
  bytes: number;
  sha256: string;
}

export interface SendOptions {
  signal?: AbortSignal;
  /** Called while the file is read for its checksum, while it is sent, and before the check. */
  progress?: (stage: 'reading' | 'sending' | 'checking', bytes: number) => void;
}

interface Fingerprint {
  bytes: number;
  sha256: string;
  /** In S3's format: base64 of four bytes, big-endian. */
  crc32: string;
}

/** Above S3's minimum of 5 MiB, and below the 11 MiB that the embedded S3 accepts. */
const PART_BYTES = 8 * 1_048_576;
/** With PART_BYTES, this is 32 MiB in memory. */
const PARTS_AT_ONCE = 4;
/** S3's limit of parts for one upload. */
const PARTS = 10_000;
const READ_BYTES = 1_048_576;

/**
 * Sends a file to the bucket and checks the object. Sends nothing if the bucket already has the file.
 *
 * An object becomes visible only when it is complete, and a wrong object is removed. So readers find only correct files.
 *
 * @throws {FileChangedError} @throws {ObjectDiffersError} In both cases, nothing of this upload remains in the bucket.
 * @throws {NotRemovedError}
 */
export const send = async (
  file: CheckedFile,
  key: string,
  to: Destination,
  { signal, progress = () => undefined }: SendOptions = {},
): Promise<Sent> => {
  const mustBeUnchanged = async () => {
    if (!(await isUnchanged(file)))
      throw new FileChangedError(
        'the file changed while it was sent; wait until nothing writes to it, then upload it again',
      );
  };
  const print = await fingerprint(file, signal, (bytes) => progress('reading', bytes));
  await mustBeUnchanged();

  const existing = await head(key, to, signal);
  if (existing && !(await difference(existing, print, key, to, signal)))
    return { sent: false, replaced: false, ...print };

  let versionId: string | undefined;
  try {
    ({ VersionId: versionId } = await inParts(file, key, to, print, signal, (bytes) => progress('sending', bytes)));
  } catch (error) {
    // A truncated file makes the upload fail with an error about parts. Report the changed file instead.
    await mustBeUnchanged();
    throw error;
  }
  try {
    signal?.throwIfAborted();
    await mustBeUnchanged();
    progress('checking', print.bytes);
    const arrived = await head(key, to, signal);
    const wrong = arrived ? await difference(arrived, print, key, to, signal) : 'there is no object';
    if (wrong) throw new ObjectDiffersError(`the object differs from the file: ${wrong}; upload the file again`);
  } catch (error) {
    await remove(key, to, versionId, error);
    throw error;
  }
  return { sent: true, replaced: existing !== undefined, ...print };
};

/** Reads the file once before it is sent, because its sha256 is sent as metadata. */
const fingerprint = async (
  { path, bytes }: CheckedFile,
  signal: AbortSignal | undefined,
  seen: (bytes: number) => void,
): Promise<Fingerprint> => {
  const sha256 = createHash('sha256');
  let [crc, read] = [0, 0];
  for await (const chunk of createReadStream(path, { end: bytes - 1, highWaterMark: READ_BYTES, signal })) {
    sha256.update(chunk);
    crc = crc32(chunk, crc);
    seen((read += chunk.length));
  }
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc);
  return { bytes: read, sha256: sha256.digest('hex'), crc32: sum.toString('base64') };
};

const inParts = async (
  { path, bytes }: CheckedFile,
  key: string,
  { s3, bucket, onePutBytes }: Destination,
  { sha256 }: Fingerprint,
  signal: AbortSignal | undefined,
  seen: (bytes: number) => void,
) => {
  const body = createReadStream(path, { start: 0, end: bytes - 1, highWaterMark: READ_BYTES, signal });
  const upload = new Upload({
    client: s3,
    partSize: bytes <= onePutBytes ? onePutBytes : Math.max(PART_BYTES, Math.ceil(bytes / PARTS)),
    queueSize: PARTS_AT_ONCE,
    leavePartsOnError: false,
    params: {
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentType: isPackedName(path) ? 'application/gzip' : 'text/csv; charset=utf-8',
      Metadata: { sha256 },
      ChecksumAlgorithm: 'CRC32',
      ChecksumType: 'FULL_OBJECT',
    },
  });
  upload.on('httpUploadProgress', ({ loaded = 0 }) => seen(loaded));
  try {
    // Not upload.abort(): it returns before the parts are removed. When the body fails, done() waits for their removal.
    return await upload.done();
  } finally {
    body.destroy();
  }
};

const head = async (
  key: string,
  { s3, bucket }: Destination,
  abortSignal: AbortSignal | undefined,
): Promise<HeadObjectCommandOutput | undefined> => {
  const object = { Bucket: bucket, Key: key };
  const options = abortSignal && { abortSignal };
  try {
    return await s3.send(new HeadObjectCommand({ ...object, ChecksumMode: 'ENABLED' }), options);
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status === 404) return undefined;
    if (status === undefined) throw error;
    // The response to a HEAD has no body, so the error has no name. A GET of the same object returns the name.
    const { Body } = await s3.send(new GetObjectCommand({ ...object, Range: 'bytes=0-0' }), options);
    (Body as { destroy?(): void } | undefined)?.destroy?.();
    throw error;
  }
};

/** @returns The difference between the object and the file; undefined where they are equal. */
const difference = async (
  object: HeadObjectCommandOutput,
  file: Fingerprint,
  key: string,
  to: Destination,
  abortSignal: AbortSignal | undefined,
): Promise<string | undefined> => {
  const { ContentLength = 0, ChecksumType, ChecksumCRC32, Metadata } = object;
  if (ContentLength !== file.bytes) return `${ContentLength} bytes instead of ${file.bytes}`;
  if (Metadata?.sha256 && Metadata.sha256 !== file.sha256) return `sha256 ${Metadata.sha256} instead of ${file.sha256}`;
  // A COMPOSITE checksum is computed from the parts' checksums, so it can't be compared with the file's.
  if (
    to.computesChecksums &&
    ChecksumCRC32 !== undefined &&
    ChecksumType !== 'COMPOSITE' &&
    !ChecksumCRC32.includes('-')
  )
    return ChecksumCRC32 === file.crc32 ? undefined : `CRC32 ${ChecksumCRC32} instead of ${file.crc32}`;

  const sha256 = createHash('sha256');
  const { Body } = await to.s3.send(
    new GetObjectCommand({ Bucket: to.bucket, Key: key }),
    abortSignal && { abortSignal },
  );
  for await (const chunk of Body as AsyncIterable<Uint8Array>) sha256.update(chunk);
  const found = sha256.digest('hex');
  return found === file.sha256 ? undefined : `sha256 ${found} instead of ${file.sha256}`;
};

/**
 * Removes the object of this upload. In a versioned bucket, this removes one version, so the previous version is current again.
 *
 * @throws {NotRemovedError}
 */
const remove = async (key: string, { s3, bucket }: Destination, versionId: string | undefined, cause: unknown) => {
  const object = { Bucket: bucket, Key: key };
  const hide = () => s3.send(new DeleteObjectCommand(object));
  try {
    if (!versionId || versionId === 'null') await hide();
    // Deleting a version needs a separate permission. Without it, a delete marker hides the object.
    else await s3.send(new DeleteObjectCommand({ ...object, VersionId: versionId })).catch(hide);
  } catch {
    throw new NotRemovedError(
      `The wrong object could not be removed: remove it with aws s3 rm s3://${bucket}/${key}.`,
      {
        cause,
      },
    );
  }
};
