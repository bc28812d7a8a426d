import { type Handler, lambda } from '../lib/lambda.ts';
import { parse } from '../lib/parse.ts';
import { saveReport } from '../lib/report/save.ts';
import { type Audited, type AuditServices, audit, auditInput } from '../lib/stages/audit.ts';
import { bucketServices, type Environment, executionServices } from '../lib/wiring.ts';

/** State `Audit` of the ingest machine: compares the bucket with the plan. */
export const auditor =
  (services: AuditServices): Handler<Audited> =>
  async (event) =>
    audit(parse(auditInput, event, 'event of the auditor'), services);

export const services = (env: Environment) => ({
  ...bucketServices(env),
  ...executionServices(env),
  saveReport,
});

export const handler = lambda(auditor, services);
