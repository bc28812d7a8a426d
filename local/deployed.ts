import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import * as z from 'zod';
import { parse } from '../lib/parse.ts';

/** The project's root folder. It doesn't depend on the working directory. */
export const ROOT = join(import.meta.dirname, '..');

const fn = z.object({ timeout: z.int().positive() });
const functions = z.object({ planner: fn, pageWalker: fn, writer: fn, auditor: fn });
export type Functions = z.output<typeof functions>;

/** The functions' timeouts in serverless.yml, in seconds. Local runs and deployed functions use the same values. */
export const readFunctions = async (): Promise<Functions> =>
  parse(z.object({ functions }), await yaml('serverless.yml'), 'serverless.yml').functions;

const memory = z.object({
  memorySize: z
    .int()
    .positive()
    .transform((megabytes) => megabytes / 1024),
});
const memories = z.object({ planner: memory, pageWalker: memory, writer: memory, auditor: memory });

/** The functions' memory in serverless.yml, in GB. */
export const readMemory = async () => {
  const { functions } = parse(z.object({ functions: memories }), await yaml('serverless.yml'), 'serverless.yml');
  return Object.fromEntries(Object.entries(functions).map(([name, { memorySize }]) => [name, memorySize]));
};

/** The state machine definitions, exactly as they are deployed. */
export const readMachines = async () => ({
  ingest: await yaml('statemachines/ingest.asl.yml'),
  branch: await yaml('statemachines/branch.asl.yml'),
});

const yaml = async (path: string) => parseYaml(await readFile(join(ROOT, path), 'utf8'), { merge: true });
