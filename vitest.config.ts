import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Whole runs take seconds on a quiet machine; a slow one is normal and no reason to fail.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
