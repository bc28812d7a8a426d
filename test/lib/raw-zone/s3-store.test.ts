import type { RequestListener } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { s3Store } from '../../../lib/raw-zone/s3-store.ts';
import { saying, serving } from '../tmdb/hostile.ts';

const error = (code: string) => `<Error><Code>${code}</Code><Message>No.</Message></Error>`;

/** A bucket that sends the same response to every request. test/contracts tests everything else. */
const answering = async (status: number, body = '') => {
  const conditions: unknown[] = [];
  const answer = saying(status, body, { etag: '"new"' });
  const { url } = await serving((request, response) => {
    conditions.push({ ifMatch: request.headers['if-match'], ifNoneMatch: request.headers['if-none-match'] });
    request.resume();
    request.on('end', () => answer(request, response));
  });
  return { store: storeAt(url), conditions };
};

const storeAt = (url: string, waits: number[] = []) => {
  const s3 = new S3Client({
    endpoint: new URL(url).origin,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  return s3Store(s3, 'bucket', async (ms) => void waits.push(ms));
};

it('the newest object in S3 is the one modified last; within one second, the one with the last key', async () => {
  const contents = [
    ['a/1.csv', '2026-11-20T12:00:00.000Z'],
    ['a/2.csv', '2026-11-21T12:00:00.000Z'],
    ['a/3.csv', '2026-11-21T12:00:00.000Z'],
    ['a/4.csv', '2026-11-19T12:00:00.000Z'],
  ].map(([key, modified]) => `<Contents><Key>${key}</Key><LastModified>${modified}</LastModified></Contents>`);
  const { store } = await answering(200, `<ListBucketResult>${contents.join('')}</ListBucketResult>`);

  expect(await store.newest('a/', () => true)).toBe('a/3.csv');
});

it('a list has the keys of all its pages, up to the page without a token', async () => {
  const tokens: (string | null)[] = [];
  const { url } = await serving((request, response) => {
    const token = new URL(request.url ?? '', 'http://bucket').searchParams.get('continuation-token');
    tokens.push(token);
    const key = `<Contents><Key>a/${tokens.length}.json</Key></Contents>`;
    const next = token === 'two' ? '' : `<NextContinuationToken>${token ? 'two' : 'one'}</NextContinuationToken>`;
    saying(200, `<ListBucketResult>${key}${next}</ListBucketResult>`)(request, response);
  });

  expect(await storeAt(url).list('a/')).toEqual(['a/1.json', 'a/2.json', 'a/3.json']);
  expect(tokens).toEqual([null, 'one', 'two']);
});

it('a list may be without keys and without times', async () => {
  const { store } = await answering(200, '<ListBucketResult><Contents><Key>a/1</Key></Contents></ListBucketResult>');
  const { store: empty } = await answering(200, '<ListBucketResult></ListBucketResult>');

  expect(await store.newest('a/', () => true)).toBe('a/1');
  expect([await empty.list('a/'), await empty.folders('a/'), await empty.newest('a/', () => true)]).toEqual([
    [],
    [],
    undefined,
  ]);
});

it('the folders of a prefix are the ones that S3 groups by slash', async () => {
  let asked: string | undefined;
  const { url } = await serving((request, response) => {
    asked = request.url;
    saying(
      200,
      '<ListBucketResult><CommonPrefixes><Prefix>a/2026/</Prefix></CommonPrefixes><CommonPrefixes /></ListBucketResult>',
    )(request, response);
  });

  expect(await storeAt(url).folders('a/')).toEqual(['2026/']);
  expect(new URL(asked ?? '', url).searchParams.get('delimiter')).toBe('/');
});

it('an object is written as JSON unless another type is given, and a version is returned where S3 has one', async () => {
  const types: (string | undefined)[] = [];
  const { url } = await serving((request, response) => {
    types.push(request.headers['content-type']);
    request.resume();
    request.on('end', () => saying(200, '', { etag: '"new"', 'x-amz-version-id': 'v1' })(request, response));
  });
  const store = storeAt(url);

  expect(await store.put('a.json', '{}')).toEqual({ etag: '"new"', versionId: 'v1' });
  await store.putIf('a.json', '{}', undefined);
  await store.put('a.csv', '', { contentType: 'text/csv' });
  await store.putIf('a.csv', '', undefined, { contentType: 'text/csv' });
  expect(types).toEqual(['application/json', 'application/json', 'text/csv', 'text/csv']);
});

describe('removing keys from S3', () => {
  it('sends at most 1,000 keys in one request, and none without keys', async () => {
    const removed: number[] = [];
    const { url } = await serving(async (request, response) => {
      const body = (await buffer(request)).toString();
      removed.push(body.split('<Key>').length - 1);
      expect(body).toContain('<Quiet>true</Quiet>');
      saying(200, '<DeleteResult></DeleteResult>')(request, response);
    });
    const store = storeAt(url);
    await store.remove([]);
    await store.remove(Array.from({ length: 2_000 }, (_, at) => `a/${at}`));

    expect(removed).toEqual([1_000, 1_000]);
  });

  it('fails when S3 keeps one of them', async () => {
    const { store } = await answering(
      200,
      '<DeleteResult><Error><Key>a/1</Key><Code>AccessDenied</Code><Message>No.</Message></Error></DeleteResult>',
    );

    await expect(store.remove(['a/1'])).rejects.toThrow('S3 could not delete a/1: AccessDenied No.');
  });
});

describe('a conditional write to S3', () => {
  it('sends its condition: the object does not exist, or it has not changed', async () => {
    const { store, conditions } = await answering(200);
    await store.putIf('lock.json', '{}', undefined);
    await store.putIf('lock.json', '{}', '"read"');
    await store.put('lock.json', '{}');

    expect(conditions).toEqual([
      { ifMatch: undefined, ifNoneMatch: '*' },
      { ifMatch: '"read"', ifNoneMatch: undefined },
      { ifMatch: undefined, ifNoneMatch: undefined },
    ]);
  });

  it.each([
    [412, 'PreconditionFailed'],
    [409, 'ConditionalRequestConflict'],
    [404, 'NoSuchKey'],
  ])('returns undefined when S3 answers %d %s', async (status, code) => {
    const { store } = await answering(status, error(code));

    expect(await store.putIf('lock.json', '{}', '"read"')).toBeUndefined();
  });

  it('fails when S3 rejects it for another reason', async () => {
    const { store } = await answering(403, error('AccessDenied'));

    await expect(store.putIf('lock.json', '{}', undefined)).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(store.get('lock.json')).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

describe('a body from S3 whose connection breaks', () => {
  const OBJECT = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7919) % 256));

  /**
   * One object, and how many bytes each request for it gets before the connection breaks. The last number counts for all
   * later requests. `etag` may change between requests.
   */
  const breaking = async (gets: readonly number[], etag: (request: number) => string = () => '"one"') => {
    const ranges: (string | undefined)[] = [];
    const waits: number[] = [];
    const listener: RequestListener = (request, response) => {
      const { range, 'if-match': ifMatch } = request.headers;
      const sent = gets[Math.min(ranges.length, gets.length - 1)] ?? 0;
      const current = etag(ranges.length);
      ranges.push(range);
      if (ifMatch !== undefined && ifMatch !== current)
        return void response.writeHead(412).end(error('PreconditionFailed'));
      const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
      const rest = OBJECT.subarray(from);
      response.writeHead(range ? 206 : 200, {
        etag: current,
        'content-length': rest.length,
        ...(range && { 'content-range': `bytes ${from}-${OBJECT.length - 1}/${OBJECT.length}` }),
      });
      if (sent >= rest.length) return void response.end(rest);
      // Send the bytes before the connection breaks, so that the number of received bytes is known.
      response.write(rest.subarray(0, sent), () => setTimeout(() => request.socket.destroy(), 20));
    };
    const store = storeAt((await serving(listener)).url, waits);
    return { store, ranges, waits };
  };

  it('is read again from its start', async () => {
    const { store, ranges, waits } = await breaking([100_000, 0, 300_000]);

    expect((await store.get('a.json'))?.body.equals(OBJECT)).toBe(true);
    expect(ranges).toEqual([undefined, undefined, undefined]);
    expect(waits).toEqual([200, 400]);
  });

  it('is an error after three tries', async () => {
    const { store, ranges } = await breaking([100_000]);

    await expect(store.get('a.json')).rejects.toThrow();
    expect(ranges).toHaveLength(3);
  });

  it('is streamed from that position, if the object is the same', async () => {
    const { store, ranges } = await breaking([100_000, 50_000, 300_000]);
    const streamed = await store.stream('movies.csv');

    expect(streamed?.bytes).toBe(OBJECT.length);
    expect(streamed && (await buffer(streamed.body)).equals(OBJECT)).toBe(true);
    expect(ranges).toEqual([undefined, 'bytes=100000-', 'bytes=150000-']);
  });

  it('is streamed as long as each try returns bytes', async () => {
    const { store, ranges, waits } = await breaking([40_000]);
    const streamed = await store.stream('movies.csv');

    expect(streamed && (await buffer(streamed.body)).equals(OBJECT)).toBe(true);
    expect(ranges).toHaveLength(8);
    expect(new Set(waits)).toEqual(new Set([200]));
  });

  it('is an error after three continued tries in a row without a byte', async () => {
    const { store, ranges, waits } = await breaking([100_000, 0]);
    const streamed = await store.stream('movies.csv');

    await expect(streamed && buffer(streamed.body)).rejects.toThrow();
    expect(ranges).toEqual([undefined, 'bytes=100000-', 'bytes=100000-', 'bytes=100000-']);
    expect(waits).toEqual([200, 400, 800]);
  });

  it('is an error if the object has changed, so no reader gets parts of two objects', async () => {
    const { store, ranges } = await breaking([100_000, 300_000], (request) => (request === 0 ? '"one"' : '"two"'));
    const streamed = await store.stream('movies.csv');

    await expect(streamed && buffer(streamed.body)).rejects.toThrow(
      'movies.csv changed while it was read: wait until its upload is complete, then run again.',
    );
    expect(ranges).toHaveLength(2);
  });

  it('is an error with its cause if the object was deleted, and the error of S3 if that is another one', async () => {
    const streaming = async (status: number, code: string) => {
      let requests = 0;
      const { url } = await serving((request, response) => {
        requests += 1;
        if (requests > 1) return void saying(status, error(code))(request, response);
        response.writeHead(200, { etag: '"one"', 'content-length': 10 });
        response.write('12345', () => setTimeout(() => request.socket.destroy(), 20));
      });
      const streamed = await storeAt(url).stream('movies.csv');
      return streamed && buffer(streamed.body);
    };

    await expect(streaming(404, 'NoSuchKey')).rejects.toMatchObject({
      message: 'movies.csv changed while it was read: wait until its upload is complete, then run again.',
      cause: { name: 'NoSuchKey' },
    });
    await expect(streaming(403, 'AccessDenied')).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it('is an error if S3 sends another range than the one requested', async () => {
    let requests = 0;
    const { url } = await serving((request, response) => {
      requests += 1;
      if (requests > 1) return void response.writeHead(200, { 'content-length': 10 }).end('1234567890');
      response.writeHead(200, { etag: '"one"', 'content-length': 10 });
      response.write('12345', () => setTimeout(() => request.socket.destroy(), 20));
    });
    const streamed = await storeAt(url).stream('movies.csv');

    await expect(streamed && buffer(streamed.body)).rejects.toThrow(
      'S3 sent the range undefined of movies.csv, not the bytes from 5 on: run again.',
    );
  });

  it('is not requested further when the reader stops', async () => {
    const { store, ranges } = await breaking([100_000, 300_000]);
    const streamed = await store.stream('movies.csv');
    for await (const chunk of streamed?.body ?? []) if (chunk.length > 0) break;

    expect(ranges).toHaveLength(1);
  });
});
