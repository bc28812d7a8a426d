import { defineConfig } from 'vitest/config';

/** Where CI wants the runner's own counts; .ci/run reads them. */
const report = process.env.VITEST_JSON;

export default defineConfig({
  test: {
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    projects: [
      {
        extends: true,
        test: { name: 'pipeline', include: ['test/**/*.test.ts'], exclude: ['test/serverless/**'] },
      },
      {
        extends: true,
        // One file at a time: whatever calls sls works in the one folder .esbuild.
        test: { name: 'serverless', include: ['test/serverless/**/*.test.ts'], fileParallelism: false },
      },
    ],
    // Whole runs take seconds on a quiet machine; a slow one is normal and no reason to fail.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
