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
  const s3 = new S3Client({
    endpoint: new URL(url).origin,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  return { store: s3Store(s3, 'bucket'), conditions };
};

it('the newest object in S3 is the one modified last; within one second, the one with the last key', async () => {
  const contents = [
    ['a/1.csv', '2026-11-20T12:00:00.000Z'],
    ['a/2.csv', '2026-11-21T12:00:00.000Z'],
    ['a/3.csv', '2026-11-21T12:00:00.000Z'],
    ['a/4.csv', '2026-11-19T12:00:00.000Z'],
  ].map(([key, modified]) => `<Contents><Key>${key}</Key><LastModified>${modified}</LastModified></Contents>`);
  const { store } = await answering(200, `<ListBucketResult>${contents.join('')}</ListBucketResult>`);

  expect(await store.newest('a/')).toBe('a/3.csv');
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
