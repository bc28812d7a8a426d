import { join } from 'node:path';
import * as auditing from '../functions/auditor.ts';
import * as walking from '../functions/page-walker.ts';
import * as planning from '../functions/planner.ts';
import * as writing from '../functions/writer.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Tmdb } from '../lib/tmdb/client.ts';
import { type Environment, type Handler, planningServices, tmdbServices } from '../lib/wiring.ts';
import { LOCAL_BUCKET, startBucket } from './bucket.ts';
import { claim } from './claim.ts';
import { ROOT, readFunctions, readMachines } from './deployed.ts';
import { stepFunctions } from './step-functions/engine.ts';

export interface PipelineOptions {
  /** Folder for all that this keeps. */
  out: string;
  /** What the functions' environment has besides the neighbors: TMDB_BASE_URL, TMDB_TOKEN, WALKERS_AT_ONCE … */
  env: Environment;
  /** A bucket in AWS instead of the embedded one. */
  bucket?: string | undefined;
  log: Log;
  clock?: Clock;
  /** Another client of TMDB than the one that `env` describes. */
  tmdb?: Tmdb | undefined;
  /** Milliseconds that the machines' Retry waits. */
  retryMs?: number;
}

/** Instead of the half minutes that AWS waits for a crowd to disperse. */
const RETRY_MS = 1_000;

/**
 * The pipeline on this machine: real handlers, real state machines, and S3 and Step Functions beside them.
 *
 * @throws {FolderInUseError}
 */
export const openPipeline = async ({
  out,
  env,
  bucket,
  log,
  clock = systemClock,
  tmdb,
  retryMs = RETRY_MS,
}: PipelineOptions) => {
  const given = { CODE_VERSION: 'local', DATASETS: join(ROOT, 'datasets'), ...env };
  // One process, one gate: all walkers share the whole pace. And what is wrong in the environment shows before anything is up.
  const ours = { log, clock, ...(tmdb ? { tmdb } : tmdbServices(given, undefined, clock)) };
  planningServices(given);

  const release = await claim(out);
  const s3 = bucket ? undefined : await startBucket(join(out, 's3'));
  const settings: Record<string, string | undefined> = {
    ...given,
    ...(bucket && { BUCKET: bucket }),
    ...(s3 && {
      BUCKET: LOCAL_BUCKET,
      AWS_ENDPOINT_URL_S3: s3.url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    }),
  };
  const onFirstEvent = (make: () => Handler<unknown>): Handler<unknown> => {
    let made: Handler<unknown> | undefined;
    return (event, context) => (made ??= make())(event, context);
  };
  const engine = stepFunctions({
    machines: (await readMachines()) as Parameters<typeof stepFunctions>[0]['machines'],
    handlers: {
      Plan: onFirstEvent(() => planning.planner({ ...planning.services(settings), ...ours })),
      Walk: onFirstEvent(() => walking.pageWalker({ ...walking.services(settings), ...ours })),
      Write: onFirstEvent(() => writing.writer({ ...writing.services(settings), ...ours, publish: () => undefined })),
      Audit: onFirstEvent(() => auditing.auditor({ ...auditing.services(settings), ...ours })),
    },
    functions: await readFunctions(),
    retryMs,
  });
  // The functions ask Step Functions over HTTP, and it calls the functions: they are made on their first event, when its address is known.
  const described = await engine.serve();
  settings.AWS_ENDPOINT_URL_SFN = described.url;

  return {
    start: engine.start,
    startBranch: engine.startBranch,
    redrive: engine.redrive,
    executions: engine.executions,
    /** The bucket as the functions see it. */
    store: planning.services(settings).store,
    /** Plain files under `<out>/bucket/<key>`, where the bucket is the embedded one. */
    mirror: async () => s3?.mirror(join(out, 'bucket')),
    close: async () => {
      await described.close();
      await s3?.close();
      await release();
    },
  };
};

export type Pipeline = Awaited<ReturnType<typeof openPipeline>>;
