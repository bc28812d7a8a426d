import { rm } from 'node:fs/promises';
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
