import { join } from 'node:path';
import * as auditing from '../functions/auditor.ts';
import * as walking from '../functions/page-walker.ts';
import * as planning from '../functions/planner.ts';
import * as writing from '../functions/writer.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import type { Emit, RunEvent } from '../lib/events.ts';
import type { Handler } from '../lib/lambda.ts';
import type { Executions } from '../lib/runs/executions.ts';
import type { Tmdb } from '../lib/tmdb/client.ts';
import {
  type Environment,
  executionServices,
  planningServices,
  requestsPerSecond,
  tmdbServices,
} from '../lib/wiring.ts';
import { openFolderStore } from './bucket/folder-store.ts';
import { claim } from './claim.ts';
import { type Functions, ROOT, readFunctions, readMachines } from './deployed.ts';
import { diskError } from './disk.ts';
import { laptopLease } from './laptop-lease.ts';
import { waitOutOutages } from './outage.ts';
import { serveDescribeExecution } from './step-functions/describe-execution.ts';
import { LOCAL_EXECUTIONS, stepFunctions } from './step-functions/engine.ts';

export interface PipelineOptions {
  /** Folder for all files of the pipeline. */
  out: string;
  /** The functions' environment, without the addresses of the local services: TMDB_BASE_URL, TMDB_TOKEN, WALKERS_AT_ONCE … */
  env: Environment;
  /** A bucket in AWS instead of the embedded one. */
  bucket?: string | undefined;
  /** Called with each event of the run. */
  emit?: Emit;
  clock?: Clock;
  /** A TMDB client to use instead of the one that `env` describes. */
  tmdb?: Tmdb | undefined;
  /** Wait of the state machines' Retry, in milliseconds. */
  retryMs?: number;
  /** Longest outage of TMDB that the run waits for, in seconds. 0: the Retry blocks of the state machine decide. */
  giveUpAfterSeconds?: number;
}

/** Replaces the wait of 30 s in the definitions, which suits many walkers in AWS. */
const RETRY_MS = 1_000;

/**
 * Opens the pipeline on this machine: the real handlers and state machines, with a local bucket and Step Functions.
 *
 * @throws {FolderInUseError}
 * @throws {FolderError}
 */
export const openPipeline = async ({
  out,
  env,
  bucket,
  emit = () => undefined,
  clock = systemClock,
  tmdb,
  retryMs = RETRY_MS,
  giveUpAfterSeconds = 0,
}: PipelineOptions) => {
  const given = { CODE_VERSION: 'local', DATASETS: join(ROOT, 'datasets'), ...env };
  // All walkers of this process share one gate, and so one request rate. A wrong variable fails here, before anything starts.
  const client = tmdb ?? tmdbServices(given, undefined, clock).tmdb;
  const patient = waitOutOutages(client, { clock, emit, giveUpAfterMs: giveUpAfterSeconds * 1000 });
  const ours = {
    // The engine reports failed branches instead, because it knows the number of the attempt. A handler doesn't.
    emit: (event: RunEvent) => {
      if (event.type !== 'branchFailed') emit(event);
    },
    clock,
    tmdb: giveUpAfterSeconds > 0 ? patient.tmdb : client,
  };
  planningServices(given);

  const release = await claim(out);
  const embedded = bucket ? undefined : openFolderStore(join(out, 'bucket'));
  const settings: Record<string, string | undefined> = {
    ...given,
    BUCKET: bucket ?? 'embedded',
    ...(embedded && { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' }),
  };
  const onFirstEvent = (make: () => Handler<unknown>): Handler<unknown> => {
    let made: Handler<unknown> | undefined;
    return (event, context) => (made ??= make())(event, context);
  };
  const services = { ...ours, ...(embedded && { store: embedded.store }) };
  const { store } = { ...planning.services(settings), ...services };
  // Other machines use a bucket in AWS, too. The embedded one has only this process: `claim` sees to that.
  const leases = bucket ? laptopLease({ store, clock }) : undefined;
  const stopRenewing = leases?.keep();
  const held = leases && { lease: leases.lease };
  const taking = () => {
    const { executions } = executionServices(settings);
    return { ...services, ...held, executions: bucket ? andInAws(executions, given) : executions };
  };
  const engine = stepFunctions({
    machines: (await readMachines()) as Parameters<typeof stepFunctions>[0]['machines'],
    handlers: {
      Plan: onFirstEvent(() =>
        planning.planner({ ...planning.services(settings), ...taking(), pace: paceOfProcess(settings) }),
      ),
      Walk: onFirstEvent(() => walking.pageWalker({ ...walking.services(settings), ...services, ...held })),
      Write: onFirstEvent(() =>
        writing.writer({ ...writing.services(settings), ...services, ...held, publish: () => undefined }),
      ),
      Audit: onFirstEvent(() => auditing.auditor({ ...auditing.services(settings), ...taking() })),
    },
    functions: withTimeToWait(await readFunctions(), giveUpAfterSeconds),
    retryMs,
    onAttempt: ({ input, error, message, attempt, attempts, retryInMs }) => {
      const { branch } = input as { branch?: string };
      if (branch !== undefined)
        emit({
          type: 'branchFailed',
          branch,
          error,
          reason: message,
          attempt,
          attempts,
          ...(retryInMs !== undefined && { nextTryInMs: retryInMs }),
        });
    },
  });
  // The functions read this address when they are created, which is at their first event.
  const described = await serveDescribeExecution(engine.executions);
  settings.AWS_ENDPOINT_URL_SFN = described.url;

  const diskFailed = embedded?.failed.catch((error: unknown) => {
    throw diskError(error) ?? error;
  });
  const failed = Promise.race([patient.failed, ...(diskFailed ? [diskFailed] : [])]);
  failed.catch(() => undefined);

  return {
    start: engine.start,
    startBranch: engine.startBranch,
    redrive: engine.redrive,
    executions: engine.executions,
    /** The functions' bucket. */
    store,
    /** Rejected when the disk can't be written, or TMDB is down for too long. The run can't end well then. */
    failed,
    close: async () => {
      stopRenewing?.();
      await leases?.release();
      await described.close();
      await release();
    },
  };
};

/** From one branch of a walker to its next: the writer of 100 movies took 0.1 to 0.2 s. */
const BETWEEN_SECONDS = 0.2;

/** All walkers are in this process, and each may use its whole rate. */
export const paceOfProcess = (env: Environment) => {
  const perSecond = requestsPerSecond(env);
  return { perSecond, perWalker: perSecond, betweenSeconds: BETWEEN_SECONDS };
};

/** A function that waits for TMDB must not reach its timeout because of that. */
const withTimeToWait = (functions: Functions, seconds: number): Functions => ({
  planner: { timeout: functions.planner.timeout + seconds },
  pageWalker: { timeout: functions.pageWalker.timeout + seconds },
  writer: functions.writer,
  auditor: functions.auditor,
});

/** Asks AWS about the executions of AWS: in a bucket of a deployed service, one of them may hold the day. */
const andInAws = (local: Executions, env: Environment): Executions => ({
  state: (arn) => {
    if (arn.startsWith(LOCAL_EXECUTIONS)) return local.state(arn);
    const [, , , region] = arn.split(':');
    return executionServices({ ...env, AWS_REGION: region }).executions.state(arn);
  },
});

export type Pipeline = Awaited<ReturnType<typeof openPipeline>>;
