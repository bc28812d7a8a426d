import { readFile } from 'node:fs/promises';
import { type BuildOptions, build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';

/** The esbuild options of `sls package`: serverless-esbuild passes them on from serverless.yml. */
const { bundle, target, mainFields, minify, keepNames } = parseYaml(await readFile('serverless.yml', 'utf8')).custom
  .esbuild;
const OPTIONS: BuildOptions = { bundle, target, mainFields, minify, keepNames, platform: 'node', format: 'cjs' };

/** The packages whose code is in a function's bundle. */
const packagesIn = async (name: string) => {
  const { metafile } = await build({
    ...OPTIONS,
    entryPoints: [`functions/${name}.ts`],
    write: false,
    metafile: true,
  });
  const [output] = Object.values(metafile.outputs);
  const inputs = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return new Set(inputs.flatMap(([path]) => /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []));
};

const TMDB = ['axios', 'axios-retry'];
const TOKEN = ['@aws-sdk/client-ssm', '@middy/ssm'];

describe('a bundle contains only the packages that its function uses:', () => {
  it.each([
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
    const packages = await packagesIn(name);

    expect([...packages]).toEqual(expect.arrayContaining(['@aws-sdk/client-s3', '@middy/core', 'zod', ...has]));
    expect(hasNot.filter((one) => packages.has(one))).toEqual([]);
  });
});
