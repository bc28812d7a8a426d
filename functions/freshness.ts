import { type Handler, lambda } from '../lib/lambda.ts';
import { publishMetrics } from '../lib/metrics.ts';
import { checkFreshness, type FreshnessServices } from '../lib/stages/freshness.ts';
import { bucketServices, type Environment, watchingServices } from '../lib/wiring.ts';

/** Twice a day: publishes the days since the last complete day of each scheduled dataset. It ignores its event. */
export const freshness =
  (services: FreshnessServices): Handler<void> =>
  async () =>
    checkFreshness(services);

export const services = (env: Environment): FreshnessServices => {
  const publish = publishMetrics();
  return {
    ...bucketServices(env),
    ...watchingServices(env),
    publish: (dataset, days) => publish({ daysSinceComplete: { unit: 'Count', value: days } }, { dataset }),
  };
};

export const handler = lambda(freshness, services);
