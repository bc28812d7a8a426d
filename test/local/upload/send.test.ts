import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, readdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { S3Client } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { LOCAL_BUCKET, startBucket } from '../../../local/bucket.ts';
import { writeCsv } from '../../../local/simulator/csv.ts';
import { lookAt } from '../../../local/upload/csv-file.ts';
import type { FarEnd } from '../../../local/upload/destination.ts';
import { type SendOptions, send } from '../../../local/upload/send.ts';
import { rawZone, temporaryFolder } from '../running.ts';

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
  return lookAt(path, '|', 'movies.csv');
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

/** As much of AWS's S3 as an upload asks for, in memory: it sums what arrives, which the embedded S3 leaves to others. */
const summingS3 = async ({
  spoils = false,
  sums = true,
  refuses = () => false,
}: {
  /** Changes a byte of every object on its way. */
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
  const to: FarEnd = { s3, bucket: 'raw-zone', onePutBytes: 16_000_000, sumsItself: true };
  return { to, asked, objects, uploads };
};

const sum = (body: Buffer) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString('base64');
};

describe('send', () => {
  it('sends a small file in one request, and believes the checksum that the far end has made', async () => {
    const { to, asked, objects } = await summingS3();
    expect(await send(await looked(SMALL), KEY, to)).toMatchObject({ sent: true, bytes: SMALL.length });
    expect([...objects.values()].map(({ body }) => body.toString())).toEqual([SMALL]);
    expect(asked).toEqual(['HEAD', 'PUT', 'HEAD']);
  });

  it('sends a file of more than 16 MB in parts of 8 MiB, with a checksum of the whole', async () => {
    const { to, asked, objects, uploads } = await summingS3();
    const { sha256 } = await send(await looked(large), KEY, to);
    const [object] = objects.values();
    expect(object?.body.equals(large)).toBe(true);
    expect(object?.sha256).toBe(sha256);
    expect(asked).toEqual(['HEAD', 'Create', 'Part', 'Part', 'Part', 'Complete', 'HEAD']);
    expect(uploads.size).toBe(0);
  });

  it('reads the object back where the far end makes no checksum of the whole', async () => {
    const { to, asked } = await summingS3({ sums: false });
    await send(await looked(SMALL), KEY, to);
    expect(asked).toEqual(['HEAD', 'PUT', 'HEAD', 'GET']);
  });

  it.each([{ size: 'small' }, { size: 'large' }])(
    'sends a $size file that is there already no second time',
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
    'removes what arrived with another byte in it (sums: $sums)',
    async ({ sums }) => {
      const { to, objects, asked } = await summingS3({ spoils: true, sums });
      await expect(send(await looked(large), KEY, to)).rejects.toMatchObject({
        name: 'FarEndDiffersError',
        message: expect.stringMatching(
          sums
            ? /^what arrived is not what was sent: CRC32 \S+ instead of \S+; send it again$/
            : /^what arrived is not what was sent: sha256 \w{64} instead of \w{64}; send it again$/,
        ),
      });
      expect(objects.size).toBe(0);
      expect(asked.at(-1)).toBe('DELETE');
    },
  );

  it('says so where what is wrong could not be removed', async () => {
    const { to } = await summingS3({ spoils: true, refuses: (what) => what === 'DELETE' });
    await expect(send(await looked(SMALL), KEY, to)).rejects.toMatchObject({
      name: 'NotRemovedError',
      message: `It could not be removed either; do it with aws s3 rm s3://raw-zone/${KEY}.`,
      cause: { name: 'FarEndDiffersError' },
    });
  });

  it.each([
    { how: 'grew', change: (path: string) => appendFile(path, 'tt2|2000|Drama\n') },
    { how: 'was cut short', change: (path: string) => truncate(path, 100_000) },
    { how: 'was written anew at the same size', change: (path: string) => utimes(path, 1, 1) },
  ])('leaves nothing of a file that $how while it was sent', async ({ change }) => {
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

  it('sends nothing of a file that has changed since it was looked at', async () => {
    const { to, asked } = await summingS3();
    const file = await looked(SMALL);
    await appendFile(file.path, 'tt2|2000|Drama\n');
    await expect(send(file, KEY, to)).rejects.toMatchObject({ name: 'FileChangedError' });
    expect(asked).toEqual([]);
  });

  it('stopped in the middle, gives up the parts that it has sent', async () => {
    const { to, asked, objects, uploads } = await summingS3();
    const stop = new AbortController();
    const progress: SendOptions['progress'] = (stage) => {
      if (stage === 'sending') stop.abort(new Error('SIGINT'));
    };
    // Larger than all parts that are under way at once, so that there is something left to stop.
    const file = await looked(Buffer.concat([large, large, large]));
    await expect(send(file, KEY, to, { signal: stop.signal, progress })).rejects.toThrow();
    expect(asked).toContain('Abort');
    expect([objects.size, uploads.size]).toEqual([0, 0]);
    expect(await send(file, KEY, to)).toMatchObject({ sent: true });
  });

  it('whose part fails, gives up the others, and works when it is said again', async () => {
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
    const to: FarEnd = { s3: client(bucket.url), bucket: LOCAL_BUCKET, onePutBytes: 8_388_608, sumsItself: false };
    return { ...bucket, to };
  };

  it('that goes away in the middle leaves no object, and the same again works', async () => {
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
    await second.mirror(join(storage, 'mirror'));
    expect(await readdir(join(storage, 'mirror')).catch(() => [])).toEqual([]);
    const { sent, sha256 } = await send(file, KEY, second.to);
    await second.mirror(join(storage, 'mirror'));
    expect(sent).toBe(true);
    expect(await rawZone(join(storage, 'mirror'))).toEqual({ [KEY.replace('Raw/', '')]: sha256 });
    expect(sha256).toBe(createHash('sha256').update(large).update(large).update(large).digest('hex'));
  });

  it('finds that an object is not what its checksum says, since it reads it', async () => {
    const storage = await temporaryFolder();
    const { to, close } = await embedded(storage);
    onTestFinished(close);
    const file = await looked(SMALL);
    await send(file, KEY, to);
    expect(await send(file, KEY, to)).toMatchObject({ sent: false });
    const data = join(storage, 'buckets', LOCAL_BUCKET, 'objects', `${KEY}.data`);
    await writeFile(data, SMALL.replace('1894', '1895'));
    expect(await send(file, KEY, to)).toMatchObject({ sent: true });
    expect(await readFile(data, 'utf8')).toBe(SMALL);
  });
});
