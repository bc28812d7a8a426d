import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Where CI wants the runner's own counts; .ci/run reads them. */
const report = process.env.VITEST_JSON;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    // Vitest leaves one core to itself, which does next to nothing: of two cores, one would be idle.
    maxWorkers: availableParallelism(),
    // Whole runs take seconds on a quiet machine; a slow one is normal and no reason to fail.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
