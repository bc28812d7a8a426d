import { openTables } from '#tables';
import { type Handler, lambda } from '../lib/lambda.ts';
import { type PublishMetrics, publishMetrics } from '../lib/metrics.ts';
import { metricsOf } from '../lib/runs/manifest.ts';
import { answersIn } from '../lib/runs/plan.ts';
import { branchWork } from '../lib/runs/work.ts';
import { type OnBranchServices, onBranch } from '../lib/stages/on-branch.ts';
import { type WriteServices, write } from '../lib/stages/write.ts';
import { bucketServices, type Environment, scratchServices } from '../lib/wiring.ts';

/** State `Write` of the branch machine: writes the parts and the manifest of a branch from the walker's stored work. */
export const writer =
  (
    services: Omit<WriteServices, 'work'> & OnBranchServices & { publish: PublishMetrics },
  ): Handler<Record<string, never>> =>
  async (event) => {
    const { ref, done } = await onBranch(event, 'event of the writer', services, (branch, store) =>
      write(branch, { ...services, store, work: branchWork(store, answersIn(branch)) }),
    );
    if (done) services.publish(metricsOf(done), ref);
    return {};
  };

export const services = (env: Environment) => ({
  ...bucketServices(env),
  ...scratchServices(),
  openTables,
  publish: publishMetrics(),
});

export const handler = lambda(writer, services);
