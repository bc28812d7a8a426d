import { closeSync, createReadStream, fstatSync, openSync } from 'node:fs';
import type { OnDisk } from './failures.ts';
import type { App, Fauxqs, S3Object } from './fauxqs.ts';
import type { ObjectFiles } from './object-files.ts';

/*
 * Answers that fauxqs can't give. Each function adds a hook that answers some requests; fauxqs answers the others.
 *
 * The hooks are synchronous, like fauxqs' handlers, so nothing happens between a hook and the handler of a request.
 */

type Find = (bucket: string, key: string) => S3Object | undefined;

interface ObjectRequest {
  params: { bucket?: string; '*'?: string };
  query: Record<string, string>;
}

/** The object that a request is for. undefined: it is for the bucket, or for a part of an upload. */
const target = (request: { params: unknown; query: unknown }) => {
  const { params, query } = request as ObjectRequest;
  const { bucket, '*': key } = params;
  return bucket && key && !query.uploadId ? { bucket, key } : undefined;
};

/** If-Match and If-None-Match: fauxqs 2.4.1 ignores them when an object is written. */
export const addConditionalWrites = (app: App, { S3Error }: Fauxqs, find: Find): void => {
  app.addHook('preHandler', (request, reply, done) => {
    const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers;
    const wanted = request.method === 'PUT' && (ifMatch ?? ifNoneMatch) !== undefined && target(request);
    if (!wanted) return done();
    const object = find(wanted.bucket, wanted.key);
    const error =
      ifMatch !== undefined && !object
        ? new S3Error('NoSuchKey', 'The object to replace does not exist.', 404)
        : (ifMatch !== undefined && ifMatch !== object?.etag) || (ifNoneMatch !== undefined && object)
          ? new S3Error('PreconditionFailed', 'The object exists, or is not the expected one.', 412)
          : undefined;
    if (!error) return done();
    reply.header('content-type', 'application/xml').status(error.statusCode).send(error.toXml());
  });
};

/** Objects up to this size are left to fauxqs, which reads them into memory. */
const IN_MEMORY_BYTES = 1_048_576;

/** Reads of large objects, whole or from a byte on, piece by piece. */
export const addStreamedReads = (
  app: App,
  { S3Error }: Fauxqs,
  find: Find,
  fileOf: ObjectFiles['fileOf'],
  onDisk: OnDisk,
): void => {
  app.addHook('preHandler', (request, reply, done) => {
    const wanted = request.method === 'GET' && target(request);
    const object = wanted && find(wanted.bucket, wanted.key);
    const { range, 'if-match': ifMatch, ...others } = request.headers;
    const from = range === undefined ? 0 : Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? Number.NaN);
    if (!object || object.contentLength <= IN_MEMORY_BYTES || !(from < object.contentLength)) return done();
    if (CONDITIONS.some((name) => name in others) || 'attributes' in (request.query as object)) return done();
    try {
      if (ifMatch !== undefined && ifMatch !== object.etag)
        throw new S3Error('PreconditionFailed', 'The object is not the expected one.', 412);
      const descriptor = onDisk(object.key, () => openSync(fileOf(object.key), 'r'));
      const { size } = fstatSync(descriptor);
      if (size !== object.contentLength) {
        closeSync(descriptor);
        throw new S3Error('InternalError', `${fileOf(object.key)} was changed while this process was running.`, 500);
      }
      reply
        .headers({
          'content-type': object.contentType,
          'content-length': size - from,
          etag: object.etag,
          'last-modified': object.lastModified.toUTCString(),
          ...(range !== undefined && { 'content-range': `bytes ${from}-${size - 1}/${size}` }),
        })
        .status(range === undefined ? 200 : 206)
        .send(createReadStream('', { fd: descriptor, start: from, highWaterMark: IN_MEMORY_BYTES }));
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      reply.header('content-type', 'application/xml').status(error.statusCode).send(error.toXml());
    }
  });
};

const CONDITIONS = ['if-none-match', 'if-modified-since', 'if-unmodified-since'];
