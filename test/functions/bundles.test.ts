import { describe, expect, it } from 'vitest';
import { bundled, type FunctionName } from '../../bench/bundled.ts';

/** The size of a function's bundle in bytes, and the packages whose code is in it. */
const bundleOf = async (name: FunctionName) => {
  const { bytes, parts } = await bundled(name);
  const used = parts.filter((part) => part.bytes > 0);
  const packages = used.flatMap(({ path }) => /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  return { bytes, packages: new Set(packages) };
};

const TMDB = ['axios', 'axios-retry'];
/** For forms, which axios can send and this project does not. */
const NOWHERE = ['form-data', 'mime-types', 'mime-db'];
const TOKEN = ['@aws-sdk/client-ssm', '@middy/ssm'];

describe('a bundle is under 1 MB, and contains only the packages that its function uses:', () => {
  it.each<{ name: FunctionName; has: string[]; hasNot: string[] }>([
    { name: 'planner', has: [...TMDB, ...TOKEN, '@aws-sdk/client-sfn'], hasNot: [] },
    {
      name: 'page-walker',
      has: [...TMDB, ...TOKEN],
      hasNot: ['@aws-sdk/client-sfn', '@aws-lambda-powertools/metrics'],
    },
    {
      name: 'writer',
      has: ['@aws-lambda-powertools/metrics'],
      hasNot: [...TMDB, ...TOKEN, '@aws-sdk/client-sfn'],
    },
    {
      name: 'auditor',
      has: ['@aws-sdk/client-sfn'],
      hasNot: [...TMDB, ...TOKEN, '@aws-lambda-powertools/metrics'],
    },
    {
      name: 'freshness',
      has: ['@aws-lambda-powertools/metrics'],
      hasNot: [...TMDB, ...TOKEN, '@aws-sdk/client-sfn'],
    },
  ])('the $name has $has and not $hasNot', async ({ name, has, hasNot }) => {
    const { bytes, packages } = await bundleOf(name);

    expect([...packages]).toEqual(expect.arrayContaining(['@aws-sdk/client-s3', '@middy/core', 'zod', ...has]));
    expect([...hasNot, ...NOWHERE].filter((one) => packages.has(one))).toEqual([]);
    expect(bytes).toBeLessThan(1_000_000);
  });
});
