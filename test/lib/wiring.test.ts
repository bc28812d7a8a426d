import { describe, expect, it } from 'vitest';
import { AWS_TIMEOUTS, AWS_TRIES, LONGEST_AWS_REQUEST_MS } from '../../lib/raw-zone/timeouts.ts';
import { awsRegion, bucketServices, executionServices, planningServices } from '../../lib/wiring.ts';
import { serving } from './tmdb/hostile.ts';

/** A server that never answers the first requests. */
const hanging = async (unanswered: number, answer = '', headers = {}) => {
  const { url, seen } = await serving((request, response) => {
    request.resume();
    if (seen.requests >= unanswered) response.writeHead(200, { etag: '"1"', ...headers }).end(answer);
  });
  const endpoint = new URL(url).origin;
  const env = {
    BUCKET: 'bucket',
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  };
  return { env, seen };
};
/** Milliseconds; a busy machine must still be able to answer in this time. */
const SHORT = { connectionTimeout: 1_000, socketTimeout: 400 };

it('the region is the one that the AWS CLI and sls deploy find', () => {
  expect(awsRegion({ AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'sa-east-1' })).toEqual({ region: 'eu-west-1' });
  expect(awsRegion({ AWS_DEFAULT_REGION: 'sa-east-1' })).toEqual({ region: 'sa-east-1' });
  // The SDK then reads the profile.
  expect(awsRegion({ AWS_REGION: '' })).toEqual({});
});

it('there are four walkers at once, and eight where TMDB allows far more than its usual rate', () => {
  const walkersAtOnce = (env: Record<string, string>) => planningServices(env).walkersAtOnce;
  expect(walkersAtOnce({})).toBe(4);
  expect(walkersAtOnce({ TMDB_REQUESTS_PER_SECOND: '100' })).toBe(4);
  expect(walkersAtOnce({ TMDB_REQUESTS_PER_SECOND: '1000' })).toBe(8);
  expect(walkersAtOnce({ TMDB_REQUESTS_PER_SECOND: '1000', WALKERS_AT_ONCE: '2' })).toBe(2);
});

it('S3 is asked through the proxy of the environment, which the SDK does not read', async () => {
  const asked: (string | undefined)[] = [];
  const { url } = await serving((request, response) => {
    asked.push(request.url);
    request.resume();
    response.writeHead(200, { etag: '"1"' }).end();
  });
  const env = {
    BUCKET: 'bucket',
    AWS_ENDPOINT_URL_S3: 'http://s3.invalid',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    HTTP_PROXY: new URL(url).origin,
    HTTPS_PROXY: new URL(url).origin,
  };
  const put = (more: Record<string, string>) => bucketServices({ ...env, ...more }).store.put('a.json', '{}');
  expect(await put({})).toEqual({ etag: '"1"' });
  expect(asked).toEqual([expect.stringMatching(/^http:\/\/bucket\.s3\.invalid\/a\.json/)]);
  // An endpoint on this machine, and a host of NO_PROXY, are asked directly.
  expect(await put({ AWS_ENDPOINT_URL_S3: new URL(url).origin })).toEqual({ etag: '"1"' });
  expect(asked[1]).toMatch(/^\/bucket\/a\.json/);
  await expect(put({ NO_PROXY: '.s3.invalid' })).rejects.toMatchObject({
    code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/),
  });
  // Without an endpoint, it is S3 in AWS, through a tunnel. This proxy makes none.
  await expect(put({ AWS_ENDPOINT_URL_S3: '' })).rejects.toMatchObject({ code: 'ERR_PROXY_TUNNEL' });
  expect(() => put({ AWS_ENDPOINT_URL_S3: 's3' })).toThrow(
    'environment: AWS_ENDPOINT_URL_S3: use a URL such as https://s3.eu-west-1.amazonaws.com; got "s3".',
  );
});

describe('a request to AWS that is not answered', () => {
  it('is given up and tried again: a write to S3, a read from S3 and a question to Step Functions', async () => {
    const put = await hanging(1);
    expect(await bucketServices(put.env, SHORT).store.put('a.json', '{}')).toEqual({ etag: '"1"' });
    expect(put.seen.requests).toBe(2);

    const get = await hanging(1, '{}', { 'content-length': 2 });
    expect((await bucketServices(get.env, SHORT).store.get('a.json'))?.body.toString()).toBe('{}');

    const describe = await hanging(1, '{"status":"RUNNING"}', { 'content-type': 'application/x-amz-json-1.0' });
    expect(await executionServices(describe.env, SHORT).executions.state('arn:aws:a')).toBe('running');
  });

  it('fails after three tries', async () => {
    const { env, seen } = await hanging(10);

    await expect(bucketServices(env, { ...SHORT, socketTimeout: 50 }).store.put('a.json', '{}')).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    expect(seen.requests).toBe(AWS_TRIES);
  });

  it('is tried again within a minute', () => {
    expect(AWS_TIMEOUTS.connectionTimeout + AWS_TIMEOUTS.socketTimeout).toBeLessThan(60_000);
    expect(LONGEST_AWS_REQUEST_MS).toBeLessThan(90_000);
  });
});
