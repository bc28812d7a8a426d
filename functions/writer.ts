import type { Log } from '../lib/log.ts';
import { parse } from '../lib/parse.ts';
import { branchRef } from '../lib/runs/layout.ts';
import { isFinished, loadManifest, metricsOf } from '../lib/runs/manifest.ts';
import { loadBranch } from '../lib/runs/plan.ts';
import { branchWork } from '../lib/runs/work.ts';
import { noting } from '../lib/stages/on-branch.ts';
import { type WriteServices, write } from '../lib/stages/write.ts';
import {
  bucketServices,
  type Environment,
  type Handler,
  lambda,
  metricServices,
  type PublishMetrics,
} from '../lib/wiring.ts';

/** State `Write` of the branch machine: what the walker kept becomes parts of 100, and the branch's manifest. */
export const writer =
  (services: Omit<WriteServices, 'work'> & { log: Log; publish: PublishMetrics }): Handler<Record<string, never>> =>
  async (event) => {
    const ref = parse(branchRef, event, 'event of the writer');
    const branch = await loadBranch(services.store, ref);
    return noting(services, ref, async () => {
      if (isFinished(await loadManifest(services.store, ref), branch)) return {};
      const manifest = await write(branch, { ...services, work: branchWork(services.store, ref) });
      services.log.info('branch written', {
        branch: ref.branch,
        kept: manifest.kept,
        leftOut: manifest.leftOut,
        parts: manifest.parts.length,
      });
      services.publish(metricsOf(manifest), ref.dataset);
      return {};
    });
  };

export const services = (env: Environment) => ({ ...bucketServices(env), ...metricServices() });

export const handler = lambda(writer, services);
