import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { parse } from 'yaml';
import { ROOT } from '../local/deployed.ts';
// @ts-expect-error A file of serverless.yml, in JavaScript.
import { alias } from '../resources/tables.js';

/** The functions that are deployed, by the names of their files in functions/. */
export const FUNCTIONS = ['planner', 'page-walker', 'writer', 'auditor', 'freshness'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

const serverless = parse(await readFile(join(ROOT, 'serverless.yml'), 'utf8'));

/** `memorySize` of the functions, in MB. */
export const DEPLOYED_MEMORY = {
  pageWalker: Number(serverless.functions.pageWalker.memorySize),
  writer: Number(serverless.functions.writer.memorySize),
};

/** The settings of serverless.yml that serverless-esbuild passes on to esbuild. */
const { bundle, target, mainFields, minify, keepNames } = serverless.custom.esbuild;
export const DEPLOYED: BuildOptions = {
  bundle,
  target,
  mainFields,
  minify,
  keepNames,
  alias: await alias(),
  platform: 'node',
  format: 'cjs',
};

/**
 * Bundles a function as `sls package` does, or with other options.
 *
 * @param folder For the bundle. Without it, nothing is written.
 */
export const bundled = async (name: FunctionName, folder?: string, options: BuildOptions = DEPLOYED) => {
  const outfile = join(folder ?? '', `${name}.cjs`);
  const { metafile } = await build({
    ...options,
    absWorkingDir: ROOT,
    entryPoints: [`functions/${name}.ts`],
    outfile,
    write: folder !== undefined,
    metafile: true,
  });
  const [code] = Object.values(metafile.outputs);
  const parts = Object.entries(code?.inputs ?? {}).map(([path, { bytesInOutput }]) => ({ path, bytes: bytesInOutput }));
  return { file: outfile, bytes: code?.bytes ?? 0, parts };
};
