import { parse } from '../lib/parse.ts';
import { type Planned, type PlanServices, planEvent, planRun } from '../lib/stages/plan.ts';
import {
  bucketServices,
  type Environment,
  executionServices,
  type Handler,
  lambda,
  planningServices,
  tmdbServices,
} from '../lib/wiring.ts';

/** State `Plan` of the ingest machine: what a run will do, written down branch by branch; the state carries names. */
export const planner =
  (services: PlanServices): Handler<Planned> =>
  async (event) => {
    const planned = await planRun(parse(planEvent, event, 'event of the planner'), services);
    services.log.info(planned.says, {
      dataset: planned.dataset,
      day: planned.day,
      run: planned.run,
      outcome: planned.outcome,
      expected: planned.expected,
      branches: planned.unfinished.length,
    });
    return planned;
  };

export const services = (env: Environment, token?: () => string | undefined) => ({
  ...bucketServices(env),
  ...executionServices(env),
  ...tmdbServices(env, token),
  ...planningServices(env),
});

export const handler = lambda(planner, services);
