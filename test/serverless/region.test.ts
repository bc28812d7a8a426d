import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
// @ts-expect-error A plugin file of serverless.yml, in JavaScript.
import { region } from '../../resources/region.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aws-'));
  await writeFile(
    join(folder, 'config'),
    '[default]\nregion = ap-south-1\n[profile other]\nregion = eu-north-1\n[profile without]\n',
  );
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

it.each([
  { env: { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'sa-east-1' }, found: 'eu-west-1' },
  { env: { AWS_DEFAULT_REGION: 'sa-east-1' }, found: 'sa-east-1' },
  { env: {}, found: 'ap-south-1' },
  { env: { AWS_PROFILE: 'other' }, found: 'eu-north-1' },
  { env: {}, options: { 'aws-profile': 'other' }, found: 'eu-north-1' },
  { env: { AWS_CONFIG_FILE: '/nowhere' }, found: 'us-east-1' },
])(
  'the region is found as the AWS CLI finds it: $env and $options give $found',
  async ({ env, options = {}, found }) => {
    const all = {
      AWS_CONFIG_FILE: join(folder, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
      AWS_REGION: undefined,
      AWS_DEFAULT_REGION: undefined,
      AWS_PROFILE: 'default',
      ...env,
    };
    for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value);

    expect(await region({ options })).toBe(found);
  },
);
