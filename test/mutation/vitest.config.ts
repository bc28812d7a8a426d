import { defineConfig } from 'vitest/config';

/** The unit tests of lib/, one worker, for `npm run mutation` (stryker.config.json). */
export default defineConfig({
  test: {
    include: ['test/lib/**/*.test.ts', 'test/contracts/*.test.ts'],
    maxWorkers: 1,
    isolate: false,
    setupFiles: ['test/each-file.ts'],
    testTimeout: 60_000,
  },
});
