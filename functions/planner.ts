import { type Handler, lambda } from '../lib/lambda.ts';
import { parse } from '../lib/parse.ts';
import { KINDS } from '../lib/sources/kinds.ts';
import { type Planned, type PlanServices, planRun } from '../lib/stages/plan.ts';
import { BETWEEN_SECONDS_IN_AWS } from '../lib/stages/plan-forecast.ts';
import { planEvent } from '../lib/stages/plan-input.ts';
import { type Token, tmdbToken } from '../lib/tmdb-token.ts';
import {
  bucketServices,
  type Environment,
  executionServices,
  planningServices,
  requestsPerSecond,
  tmdbServices,
} from '../lib/wiring.ts';

/** State `Plan` of the ingest machine: writes the plan of a run, one object for each branch. It returns only names. */
export const planner =
  (services: PlanServices): Handler<Planned> =>
  async (event) =>
    planRun(parse(planEvent, event, 'event of the planner'), services);

export const services = (env: Environment, token?: Token) => {
  const planning = planningServices(env);
  const perWalker = requestsPerSecond(env);
  return {
    ...bucketServices(env),
    ...executionServices(env),
    ...tmdbServices(env, token),
    ...planning,
    // Each walker is a process with the same rate as this one.
    pace: { perWalker, perSecond: perWalker * planning.walkersAtOnce, betweenSeconds: BETWEEN_SECONDS_IN_AWS },
    kinds: KINDS,
  };
};

export const handler = lambda(planner, services, tmdbToken);
