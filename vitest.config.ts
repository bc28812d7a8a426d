import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** File for the test counts, which .ci/run reads. */
const report = process.env.VITEST_JSON;

/**
 * Vitest starts large files first if it doesn't know how long each one takes. The slow files have whole runs and
 * processes in them, and some are small. They start first, so that no core is idle at the end.
 */
class WholeRunsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const hasRuns = ({ moduleId }: TestSpecification) => /\/test\/(local|lab|serverless)\//.test(moduleId);
    return (await super.sort(files)).toSorted((a, b) => Number(hasRuns(b)) - Number(hasRuns(a)));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    // By default, Vitest reserves one core for itself. Of two cores, one would be idle.
    maxWorkers: availableParallelism(),
    sequence: { sequencer: WholeRunsFirst },
    // The test files of a worker share their modules: loading them again for each file would take a third of the time. So
    // no test may change the state of a module, and what each file needs is in the setup file.
    isolate: false,
    setupFiles: ['test/each-file.ts'],
    // Whole runs take seconds on an idle machine, but longer on a busy one.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
