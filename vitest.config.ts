import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** File for the test counts, which .ci/run reads. */
const report = process.env.VITEST_JSON;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    // By default, Vitest reserves one core for itself. Of two cores, one would be idle.
    maxWorkers: availableParallelism(),
    // The test files of a worker share their modules: loading them again for each file would take a third of the time. So
    // no test may change the state of a module, and what each file needs is in the setup file.
    isolate: false,
    setupFiles: ['test/each-file.ts'],
    // Whole runs take seconds on an idle machine, but longer on a busy one.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
