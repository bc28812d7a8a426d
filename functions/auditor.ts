import { parse } from '../lib/parse.ts';
import { type Audited, type AuditServices, audit, auditInput } from '../lib/stages/audit.ts';
import { bucketServices, type Environment, executionServices, type Handler, lambda } from '../lib/wiring.ts';

/** State `Audit` of the ingest machine: the plan held against what is in the bucket. */
export const auditor =
  (services: AuditServices): Handler<Audited> =>
  async (event) =>
    audit(parse(auditInput, event, 'event of the auditor'), services);

export const services = (env: Environment) => ({ ...bucketServices(env), ...executionServices(env) });

export const handler = lambda(auditor, services);
