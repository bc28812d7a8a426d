import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { S3Client } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { LOCAL_BUCKET, startBucket } from '../../../local/bucket.ts';
import { writeCsv } from '../../../local/simulator/csv.ts';
import { checkCsvFile } from '../../../local/upload/csv-file.ts';
import type { Destination } from '../../../local/upload/destination.ts';
import { type SendOptions, send } from '../../../local/upload/send.ts';
import { filesIn, rawZone, temporaryFolder } from '../running.ts';

const KEY = 'Raw/Local/CSV/Movies/2026/11/20/movies.csv';
const SMALL = 'id|anoLancamento|genero\ntt0000001|1894|Documentary\n';

let large: Buffer;
beforeAll(async () => {
  const path = join(await temporaryFolder(), 'movies.csv');
  await writeCsv(path, { kind: 'Movies', rows: 120_000, ids: 20_000, seed: 1 });
  large = await readFile(path);
});

const looked = async (content: Buffer | string) => {
  const path = join(await temporaryFolder(), 'movies.csv');
  await writeFile(path, content);
  return checkCsvFile(path, '|', 'movies.csv');
};

const client = (endpoint: string) =>
  new S3Client({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 1,
  });

interface Kept {
  body: Buffer;
  sha256: string | undefined;
}

/** The requests of an upload in memory. Like AWS, and unlike the embedded S3, it computes checksums of the received bytes. */
const summingS3 = async ({
  spoils = false,
  sums = true,
  refuses = () => false,
}: {
  /** Changes one byte of every received object. */
  spoils?: boolean;
  /** Reports a checksum of the whole. */
  sums?: boolean;
  /** Drops the connection. */
  refuses?: (asked: string) => boolean;
} = {}) => {
  const objects = new Map<string, Kept>();
  const uploads = new Map<string, { parts: Map<number, Buffer>; sha256: string | undefined }>();
  const asked: string[] = [];

  const keep = (key: string, body: Buffer, sha256: string | undefined) => {
    const kept = Buffer.from(body);
    if (spoils) kept[kept.length - 2] = 0x20;
    objects.set(key, { body: kept, sha256 });
  };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname: key, searchParams } = new URL(request.url ?? '', 'http://s3');
    const uploadId = searchParams.get('uploadId');
    const upload = uploads.get(uploadId ?? '');
    const what = searchParams.has('uploads')
      ? 'Create'
      : request.method === 'POST'
        ? 'Complete'
        : uploadId === null
          ? `${request.method}`
          : request.method === 'PUT'
            ? 'Part'
            : 'Abort';
    asked.push(what);
    if (refuses(what)) return request.destroy();
    const body = Buffer.concat(await request.toArray());
    const sha256 = request.headers['x-amz-meta-sha256'] as string | undefined;
    const object = objects.get(key);
    const xml = (text: string) => response.writeHead(200, { 'content-type': 'application/xml' }).end(text);
    if (what === 'Create') {
      const id = String(uploads.size + 1);
      uploads.set(id, { parts: new Map(), sha256 });
      expect(request.headers).toMatchObject({
        'x-amz-checksum-algorithm': 'CRC32',
        'x-amz-checksum-type': 'FULL_OBJECT',
      });
      return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
    }
    if (what === 'Part') {
      upload?.parts.set(Number(searchParams.get('partNumber')), body);
      expect(body.length).toBeLessThanOrEqual(8 * 1_048_576);
      expect(request.headers['x-amz-checksum-crc32']).toBe(sum(body));
      return response.writeHead(200, { etag: '"part"' }).end();
    }
    if (what === 'Complete') {
      const parts = [...(upload?.parts ?? [])].toSorted(([a], [b]) => a - b).map(([, part]) => part);
      keep(key, Buffer.concat(parts), upload?.sha256);
      uploads.delete(uploadId ?? '');
      return xml('<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>');
    }
    if (what === 'Abort') {
      uploads.delete(uploadId ?? '');
      return response.writeHead(204).end();
    }
    if (what === 'PUT') {
      keep(key, body, sha256);
      return response.writeHead(200, { etag: '"whole"' }).end();
    }
    if (what === 'DELETE') {
      objects.delete(key);
      return response.writeHead(204).end();
    }
    if (!object) return response.writeHead(404).end();
    response.writeHead(200, {
      'content-length': object.body.length,
      ...(object.sha256 && { 'x-amz-meta-sha256': object.sha256 }),
      ...(sums && { 'x-amz-checksum-crc32': sum(object.body), 'x-amz-checksum-type': 'FULL_OBJECT' }),
    });
    return response.end(what === 'HEAD' ? undefined : object.body);
  };

  const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const s3 = client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const to: Destination = { s3, bucket: 'raw-zone', onePutBytes: 16_000_000, computesChecksums: true };
  return { to, asked, objects, uploads };
};

const sum = (body: Buffer) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString('base64');
};

describe('send', () => {
  it('sends a small file in one request, and checks it by the checksum that S3 computed', async () => {
    const { to, asked, objects } = await summingS3();
    expect(await send(await looked(SMALL), KEY, to)).toMatchObject({ sent: true, bytes: SMALL.length });
    expect([...objects.values()].map(({ body }) => body.toString())).toEqual([SMALL]);
    expect(asked).toEqual(['HEAD', 'PUT', 'HEAD']);
  });

  it('sends a file of more than 16 MB in parts of 8 MiB, with a checksum of the whole file', async () => {
    const { to, asked, objects, uploads } = await summingS3();
    const { sha256 } = await send(await looked(large), KEY, to);
    const [object] = objects.values();
    expect(object?.body.equals(large)).toBe(true);
    expect(object?.sha256).toBe(sha256);
    expect(asked).toEqual(['HEAD', 'Create', 'Part', 'Part', 'Part', 'Complete', 'HEAD']);
    expect(uploads.size).toBe(0);
  });

  it('reads the object back when S3 computed no checksum of the whole object', async () => {
    const { to, asked } = await summingS3({ sums: false });
    await send(await looked(SMALL), KEY, to);
    expect(asked).toEqual(['HEAD', 'PUT', 'HEAD', 'GET']);
  });

  it.each([{ size: 'small' }, { size: 'large' }])(
    'does not send a $size file that is already in the bucket',
    async ({ size }) => {
      const { to, asked } = await summingS3();
      const file = await looked(size === 'small' ? SMALL : large);
      const first = await send(file, KEY, to);
      asked.length = 0;
      expect(await send(file, KEY, to)).toEqual({ ...first, sent: false });
      expect(asked).toEqual(['HEAD']);
    },
  );

  it.each([{ sums: true }, { sums: false }])(
    'removes an object that differs from the file in one byte (S3 computes checksums: $sums)',
    async ({ sums }) => {
      const { to, objects, asked } = await summingS3({ spoils: true, sums });
      await expect(send(await looked(large), KEY, to)).rejects.toMatchObject({
        name: 'ObjectDiffersError',
        message: expect.stringMatching(
          sums
            ? /^the object differs from the file: CRC32 \S+ instead of \S+; upload the file again$/
            : /^the object differs from the file: sha256 \w{64} instead of \w{64}; upload the file again$/,
        ),
      });
      expect(objects.size).toBe(0);
      expect(asked.at(-1)).toBe('DELETE');
    },
  );

  it('reports a wrong object that could not be removed', async () => {
    const { to } = await summingS3({ spoils: true, refuses: (what) => what === 'DELETE' });
    await expect(send(await looked(SMALL), KEY, to)).rejects.toMatchObject({
      name: 'NotRemovedError',
      message: `The wrong object could not be removed: remove it with aws s3 rm s3://raw-zone/${KEY}.`,
      cause: { name: 'ObjectDiffersError' },
    });
  });

  it.each([
    { how: 'grew', change: (path: string) => appendFile(path, 'tt2|2000|Drama\n') },
    { how: 'was truncated', change: (path: string) => truncate(path, 100_000) },
    { how: 'was overwritten with the same size', change: (path: string) => utimes(path, 1, 1) },
  ])('leaves nothing in the bucket of a file that $how while it was sent', async ({ change }) => {
    const { to, objects, uploads } = await summingS3();
    const file = await looked(large);
    let changed: Promise<void> | undefined;
    const progress: SendOptions['progress'] = (stage) => {
      if (stage === 'sending') changed ??= change(file.path);
    };
    await expect(send(file, KEY, to, { progress })).rejects.toMatchObject({ name: 'FileChangedError' });
    await changed;
    expect([objects.size, uploads.size]).toEqual([0, 0]);
  });

  it('does not send a file that has changed since the check', async () => {
    const { to, asked } = await summingS3();
    const file = await looked(SMALL);
    await appendFile(file.path, 'tt2|2000|Drama\n');
    await expect(send(file, KEY, to)).rejects.toMatchObject({ name: 'FileChangedError' });
    expect(asked).toEqual([]);
  });

  it('removes the parts that it has sent when it is stopped', async () => {
    const { to, asked, objects, uploads } = await summingS3();
    const stop = new AbortController();
    const progress: SendOptions['progress'] = (stage) => {
      if (stage === 'sending') stop.abort(new Error('SIGINT'));
    };
    // Larger than all parts that are sent at once, so that the upload can be stopped before its last part.
    const file = await looked(Buffer.concat([large, large, large]));
    await expect(send(file, KEY, to, { signal: stop.signal, progress })).rejects.toThrow();
    expect(asked).toContain('Abort');
    expect([objects.size, uploads.size]).toEqual([0, 0]);
    expect(await send(file, KEY, to)).toMatchObject({ sent: true });
  });

  it('removes the other parts when one part fails, and succeeds when it is repeated', async () => {
    let failing = true;
    let parts = 0;
    const { to, objects, uploads } = await summingS3({
      refuses: (what) => failing && what === 'Part' && ++parts === 2,
    });
    const file = await looked(large);
    await expect(send(file, KEY, to)).rejects.toThrow();
    expect([objects.size, uploads.size]).toEqual([0, 0]);
    failing = false;
    expect(await send(file, KEY, to)).toMatchObject({ sent: true });
    expect([...objects.values()].map(({ body }) => body.equals(large))).toEqual([true]);
  });
});

describe('send to the embedded S3', () => {
  const embedded = async (storage: string) => {
    const bucket = await startBucket(storage);
    const to: Destination = {
      s3: client(bucket.url),
      bucket: LOCAL_BUCKET,
      onePutBytes: 8_388_608,
      computesChecksums: false,
    };
    return { ...bucket, to };
  };

  it('leaves no object when the connection breaks, and succeeds when it is repeated', async () => {
    const storage = await temporaryFolder();
    const first = await embedded(storage);
    const file = await looked(Buffer.concat([large, large, large]));
    let closed: Promise<void> | undefined;
    const progress: SendOptions['progress'] = (stage) => {
      if (stage === 'sending') closed ??= first.close();
    };
    await expect(send(file, KEY, first.to, { progress })).rejects.toThrow();
    await closed;

    const second = await embedded(storage);
    onTestFinished(() => second.close());
    expect([...(await filesIn(storage)).keys()]).toEqual([]);
    const { sent, sha256 } = await send(file, KEY, second.to);
    expect(sent).toBe(true);
    expect(await rawZone(storage)).toEqual({ [KEY.replace('Raw/', '')]: sha256 });
    expect(sha256).toBe(createHash('sha256').update(large).update(large).update(large).digest('hex'));
  });

  it('finds an object with a wrong checksum, because it reads the object', async () => {
    const storage = await temporaryFolder();
    const { to, close } = await embedded(storage);
    onTestFinished(close);
    const file = await looked(SMALL);
    await send(file, KEY, to);
    expect(await send(file, KEY, to)).toMatchObject({ sent: false });
    const data = join(storage, KEY);
    await writeFile(data, SMALL.replace('1894', '1895'));
    expect(await send(file, KEY, to)).toMatchObject({ sent: true });
    expect(await readFile(data, 'utf8')).toBe(SMALL);
  });
});
