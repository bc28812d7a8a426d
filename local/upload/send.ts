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
import { isUnchanged, type Looked } from './csv-file.ts';
import type { FarEnd } from './destination.ts';

/** The file was written to while it was sent. */
export class FileChangedError extends Error {
  override readonly name = 'FileChangedError';
}

/** What lies in the bucket is not what was sent. */
export class FarEndDiffersError extends Error {
  override readonly name = 'FarEndDiffersError';
}

/** An object is wrong, for the reason in `cause`, and still there: a person has to remove it. */
export class NotRemovedError extends Error {
  override readonly name = 'NotRemovedError';
}

export interface Sent {
  /** false where the object was there already. */
  sent: boolean;
  bytes: number;
  sha256: string;
}

export interface SendOptions {
  signal?: AbortSignal;
  /** Told as bytes are read the first time, and as they are sent. */
  progress?: (stage: 'reading' | 'sending' | 'checking', bytes: number) => void;
}

interface Fingerprint {
  bytes: number;
  sha256: string;
  /** As S3 writes it: base64 of four bytes, the highest first. */
  crc32: string;
}

/** Above S3's least of 5 MiB, and below the 11 MiB that the embedded S3 takes. */
const PART_BYTES = 8 * 1_048_576;
/** With PART_BYTES, 32 MiB in memory. */
const PARTS_AT_ONCE = 4;
/** S3's limit. */
const PARTS = 10_000;
const READ_BYTES = 1_048_576;

/**
 * Puts a file into the bucket and makes sure that it arrived; sends nothing if it is there already.
 *
 * An object shows only when it is there in full, and one that is found wrong is removed: whoever finds an object finds
 * the file.
 *
 * @throws {FileChangedError} @throws {FarEndDiffersError} Nothing of this upload is left in the bucket then.
 * @throws {NotRemovedError}
 */
export const send = async (
  file: Looked,
  key: string,
  to: FarEnd,
  { signal, progress = () => undefined }: SendOptions = {},
): Promise<Sent> => {
  const mustBeUnchanged = async () => {
    if (!(await isUnchanged(file)))
      throw new FileChangedError('it was written to while it was sent; let whatever writes it finish, then send it');
  };
  const print = await fingerprint(file, signal, (bytes) => progress('reading', bytes));
  await mustBeUnchanged();

  const there = await head(key, to, signal);
  if (there && !(await difference(there, print, key, to, signal))) return { sent: false, ...print };

  let versionId: string | undefined;
  try {
    ({ VersionId: versionId } = await inParts(file, key, to, print, signal, (bytes) => progress('sending', bytes)));
  } catch (error) {
    // A file that was cut short ends the upload with an error about parts: the reason is said, not its consequence.
    await mustBeUnchanged();
    throw error;
  }
  try {
    signal?.throwIfAborted();
    await mustBeUnchanged();
    progress('checking', print.bytes);
    const arrived = await head(key, to, signal);
    const wrong = arrived ? await difference(arrived, print, key, to, signal) : 'it is not there';
    if (wrong) throw new FarEndDiffersError(`what arrived is not what was sent: ${wrong}; send it again`);
  } catch (error) {
    await remove(key, to, versionId, error);
    throw error;
  }
  return { sent: true, ...print };
};

/** One pass over the file, before anything is sent: its sha256 goes along with it. */
const fingerprint = async (
  { path, bytes }: Looked,
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
  { path, bytes }: Looked,
  key: string,
  { s3, bucket, onePutBytes }: FarEnd,
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
      ContentType: 'text/csv; charset=utf-8',
      Metadata: { sha256 },
      ChecksumAlgorithm: 'CRC32',
      ChecksumType: 'FULL_OBJECT',
    },
  });
  upload.on('httpUploadProgress', ({ loaded = 0 }) => seen(loaded));
  try {
    // Not upload.abort(): that returns before the parts are given up. A body that ends in an error is waited for.
    return await upload.done();
  } finally {
    body.destroy();
  }
};

const head = async (
  key: string,
  { s3, bucket }: FarEnd,
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
    // The answer to a HEAD has no body, so its error has no name; a GET of the same object says what is wrong.
    const { Body } = await s3.send(new GetObjectCommand({ ...object, Range: 'bytes=0-0' }), options);
    (Body as { destroy?(): void } | undefined)?.destroy?.();
    throw error;
  }
};

/** @returns In what an object differs from the file; undefined where it doesn't. */
const difference = async (
  object: HeadObjectCommandOutput,
  file: Fingerprint,
  key: string,
  to: FarEnd,
  abortSignal: AbortSignal | undefined,
): Promise<string | undefined> => {
  const { ContentLength = 0, ChecksumType, ChecksumCRC32, Metadata } = object;
  if (ContentLength !== file.bytes) return `${ContentLength} bytes instead of ${file.bytes}`;
  if (Metadata?.sha256 && Metadata.sha256 !== file.sha256) return `sha256 ${Metadata.sha256} instead of ${file.sha256}`;
  // A sum of the parts' sums, COMPOSITE, says nothing of the whole.
  if (to.sumsItself && ChecksumCRC32 !== undefined && ChecksumType !== 'COMPOSITE' && !ChecksumCRC32.includes('-'))
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
 * Removes what this upload has put there. In a versioned bucket that is one version: what was there before is back.
 *
 * @throws {NotRemovedError}
 */
const remove = async (key: string, { s3, bucket }: FarEnd, versionId: string | undefined, because: unknown) => {
  const object = { Bucket: bucket, Key: key };
  const hide = () => s3.send(new DeleteObjectCommand(object));
  try {
    if (!versionId || versionId === 'null') await hide();
    // Deleting a version is a permission of its own; without it a delete marker hides the object.
    else await s3.send(new DeleteObjectCommand({ ...object, VersionId: versionId })).catch(hide);
  } catch {
    throw new NotRemovedError(`It could not be removed either; do it with aws s3 rm s3://${bucket}/${key}.`, {
      cause: because,
    });
  }
};
