import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import type { Context } from 'aws-lambda';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { LOCAL_BUCKET, startBucket } from '../../local/bucket.ts';
import { simulated } from '../local/simulator/asking.ts';

const DRY_RUN = {
  input: { dataset: 'crime-war', dryRun: true, only: ['crime-2017'] },
  execution: { id: 'arn:friday', name: 'friday', startTime: '2026-11-20T12:00:00Z', redriveCount: 0 },
};
const context = { getRemainingTimeInMillis: () => 900_000 } as Context;

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

/** An SSM on 127.0.0.1 with one parameter. Undefined means that there is no parameter. */
const ssm = async (parameter: string, value: () => string | undefined) => {
  const asked: unknown[] = [];
  const server = createServer(async (request, response) => {
    asked.push(await json(request));
    const token = value();
    response.writeHead(200, { 'Content-Type': 'application/x-amz-json-1.1' });
    response.end(
      JSON.stringify(
        token === undefined
          ? { Parameters: [], InvalidParameters: [parameter] }
          : { Parameters: [{ Name: parameter, Type: 'SecureString', Value: token }], InvalidParameters: [] },
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => server.closeAllConnections());
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
};

/** The planner's handler as Lambda loads it, with its environment. */
const planner = async (value: () => string | undefined, env: Record<string, string> = {}) => {
  const parameter = `/tmdb-raw-zone/${randomUUID()}/tmdb-token`;
  const [tmdb, parameters, bucket] = await Promise.all([
    simulated({ token: 'secret-token' }),
    ssm(parameter, value),
    mkdtemp(join(tmpdir(), 'token-')).then((folder) => startBucket(folder)),
  ]);
  onTestFinished(() => bucket.close());
  const all = {
    AWS_ENDPOINT_URL_SSM: parameters.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    AWS_ENDPOINT_URL_S3: bucket.url,
    BUCKET: LOCAL_BUCKET,
    TMDB_BASE_URL: tmdb.url,
    TMDB_TOKEN_PARAMETER: parameter,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    ...env,
  };
  for (const [name, one] of Object.entries(all)) vi.stubEnv(name, one);
  vi.resetModules();
  const { handler } = await import('../../functions/planner.ts');
  return { plan: () => handler(DRY_RUN, context), tmdb, parameter, asked: parameters.asked };
};

it('the token comes from the SSM parameter, decrypted, and is read once for several events', async () => {
  const { plan, tmdb, parameter, asked } = await planner(() => 'secret-token');

  expect(await plan()).toMatchObject({ outcome: 'dryRun', expected: 74 });
  await plan();
  expect(asked).toEqual([{ Names: [parameter], WithDecryption: true }]);
  expect(new Set(tmdb.asked.map(({ status }) => status))).toEqual(new Set([200]));
  expect(JSON.stringify(tmdb.asked)).not.toContain('secret-token');
});

it('TMDB_TOKEN has precedence, and then SSM is not called', async () => {
  const { plan, asked } = await planner(() => 'another', { TMDB_TOKEN: 'secret-token' });

  expect(await plan()).toMatchObject({ outcome: 'dryRun' });
  expect(asked).toEqual([]);
});

it('a missing parameter is a TmdbTokenError with the command that creates it', async () => {
  const { plan, tmdb, parameter } = await planner(() => undefined);

  await expect(plan()).rejects.toMatchObject({
    name: 'TmdbTokenError',
    message: expect.stringMatching(
      new RegExp(
        `^The SSM parameter ${parameter} could not be read in region us-east-1 .+ Put the token there: aws ssm put-parameter --region us-east-1 `,
      ),
    ),
  });
  expect(tmdb.asked).toEqual([]);
});

it('a wrong token is a TmdbTokenError that does not contain the token', async () => {
  const { plan } = await planner(() => 'wrong-token');

  await expect(plan()).rejects.toMatchObject({
    name: 'TmdbTokenError',
    message: expect.not.stringContaining('wrong-'),
  });
});
