import { rm } from 'node:fs/promises';
import fc from 'fast-check';
import { afterAll } from 'vitest';
import { folders, up } from './left-open.ts';

/*
 * Vitest runs this file before each test file, and so the hook belongs to each of them. A hook in a module that tests
 * import would belong to the first one only, because the test files of a worker share their modules.
 */
afterAll(async () => {
  await Promise.all(up.splice(0).map((close) => close()));
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

/*
 * One seed for all properties, so that a change that passes here passes everywhere. With another seed, fast-check tries
 * other inputs: PROPERTY_SEED=7 npx vitest run
 */
fc.configureGlobal({ seed: Number(process.env.PROPERTY_SEED ?? 1) });
