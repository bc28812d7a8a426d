import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import * as z from 'zod';

/** The project's root, wherever the command was called from. */
export const ROOT = join(import.meta.dirname, '..');

const fn = z.object({ timeout: z.int().positive() });
const functions = z.object({ planner: fn, pageWalker: fn, writer: fn, auditor: fn });
export type Functions = z.output<typeof functions>;

/** What serverless.yml says of the functions; seconds. One place for both, so that what runs here runs there. */
export const readFunctions = async (): Promise<Functions> =>
  z.object({ functions }).parse(await yaml('serverless.yml')).functions;

/** The state machines that are deployed, to the letter. */
export const readMachines = async () => ({
  ingest: await yaml('statemachines/ingest.asl.yml'),
  branch: await yaml('statemachines/branch.asl.yml'),
});

const yaml = async (path: string) => parseYaml(await readFile(join(ROOT, path), 'utf8'), { merge: true });
