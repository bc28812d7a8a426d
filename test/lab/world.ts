import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { auditor } from '../../functions/auditor.ts';
import { pageWalker } from '../../functions/page-walker.ts';
import { planner } from '../../functions/planner.ts';
import { writer } from '../../functions/writer.ts';
import type { Handler } from '../../lib/lambda.ts';
import type { ObjectStore, ReadableStore } from '../../lib/raw-zone/object-store.ts';
import { saveReport } from '../../lib/report/save.ts';
import type { Executions } from '../../lib/runs/executions.ts';
import type { Lease } from '../../lib/runs/lock.ts';
import { KINDS } from '../../lib/sources/kinds.ts';
import { type Tmdb, tmdbClient } from '../../lib/tmdb/client.ts';
import { type Gate, pace } from '../../lib/tmdb/pace.ts';
import { readFunctions, readMachines } from '../../local/deployed.ts';
import type { Catalogue } from '../../local/simulator/catalogue.ts';
import { chance } from '../../local/simulator/chance.ts';
import type { Fault } from '../../local/simulator/faults.ts';
import { isListFault } from '../../local/simulator/list-faults.ts';
import { type Simulator, startSimulator } from '../../local/simulator/simulator.ts';
import { type Execution, stepFunctions } from '../../local/step-functions/engine.ts';
import { fastClock } from '../doubles/fast-clock.ts';
import { type MemoryStore, memoryStore } from '../doubles/memory-store.ts';
import type { S3Fault } from './faulty-s3.ts';
import { type LabProcess, labProcess, type Strike } from './process.ts';
import { faultyBucket } from './s3-bucket.ts';
import { BRANCHES, DATASET, DAY, smallDatasets } from './small-tmdb.ts';

/** Faults that TMDB has for a time, in milliseconds since the world began. */
export interface Phase {
  from: number;
  to: number;
  faults: readonly Fault[];
}

export interface WorldOptions {
  seed: number;
  catalogue: Catalogue;
  faults?: readonly Fault[];
  phases?: readonly Phase[];
  /** Requests that TMDB allows in a second, by milliseconds since the world began. Default: no limit. */
  ceiling?: (ms: number) => number;
  /** Faults of S3. Without any, the bucket is in memory. */
  s3?: readonly S3Fault[];
  /** A bucket in memory that has something already. */
  memory?: MemoryStore;
}

export interface ProcessOptions {
  strikes?: readonly Strike[];
  lease?: Lease;
  /** What a function is told about its time, in milliseconds; the default is its timeout. */
  remainingMs?: () => number;
}

/** No object of the bucket may contain it. */
export const TOKEN = 'the-secret-of-the-lab';

/** Requests a second of the process, as on a laptop. The clock of the lab does not wait for them. */
const PER_SECOND = 36;

/**
 * Timeout of one try, in milliseconds of this machine, where TMDB may not answer: the clock of the lab can't skip it. On a
 * busy machine an answer may take longer; then it is one more fault, and no wrong result.
 */
const TRY_MS = 1_000;
/**
 * The same where TMDB always answers: longer than any experiment. With the usual 15 s, a machine that is busy for so long
 * makes the client ask again for what TMDB has answered, and the experiment counts it as repeated after a kill.
 */
const NO_LIMIT_MS = 3_600_000;

/** IntervalSeconds of the state machines' Retry blocks, in milliseconds. */
const WAIT_FOR_TMDB_MS = 30_000;

const machines = (await readMachines()) as Parameters<typeof stepFunctions>[0]['machines'];
const functions = await readFunctions();
const datasets = await smallDatasets();
process.once('exit', () => rmSync(dirname(datasets), { recursive: true, force: true }));

let runs = 0;

/** A TMDB, a bucket, and a clock, for as many processes as an experiment needs. */
export const openWorld = async ({
  seed,
  catalogue,
  faults = [],
  phases = [],
  ceiling,
  s3,
  memory = memoryStore(),
}: WorldOptions) => {
  const clock = fastClock(Date.now());
  const beganAt = clock.now();
  const elapsed = () => clock.now() - beganAt;
  const startedAt = performance.now();
  const simulator: Simulator = await startSimulator({
    catalogue,
    seed,
    faults,
    token: TOKEN,
    latencyMs: { from: 0, to: 0 },
    now: clock.now,
    connections: 1_000,
    ...(ceiling ? { ceiling: () => ceiling(elapsed()) } : { ceiling: false as const }),
  });
  let isFaulty = true;
  let phase: Phase | undefined;
  const applyPhase = () => {
    const now = isFaulty ? phases.find(({ from, to }) => elapsed() >= from && elapsed() < to) : undefined;
    if (now === phase) return;
    phase = now;
    simulator.use([...(isFaulty ? faults : []), ...(now?.faults ?? [])]);
  };

  const bucket = s3 && (await faultyBucket(seed, s3));
  const truth: ReadableStore = bucket?.truth ?? memory;
  const store: ObjectStore = bucket?.store ?? memory;
  const canStall = [faults, ...phases.map((one) => one.faults)].flat().some(({ kind }) => kind === 'stall');
  const luck = chance(seed, 'jitter');
  const scratch = await mkdtemp(join(tmpdir(), 'lab-scratch-'));

  /** Executions of all processes: whether one runs, or when it ended. */
  const endings = new Map<string, { process: LabProcess; endedAt?: number }>();
  const executions: Executions = {
    state: async (arn) => {
      const one = endings.get(arn);
      if (!one) return 'absent';
      if (one.endedAt === undefined && !one.process.isDead()) return 'running';
      return { endedAt: new Date((one.endedAt ?? clock.now()) + 1) };
    },
  };

  /** A process that has a connection to TMDB and to the bucket, and the state machines. */
  const startProcess = ({ strikes = [], lease, remainingMs }: ProcessOptions = {}) => {
    const gate: Gate = pace(PER_SECOND, clock);
    const tmdb: Tmdb = tmdbClient({
      baseUrl: simulator.url,
      token: () => TOKEN,
      gate: {
        ...gate,
        pass: async () => {
          await gate.pass();
          applyPhase();
        },
      },
      clock,
      random: luck.next,
      limits: { tryMs: canStall ? TRY_MS : NO_LIMIT_MS },
    });
    const one = labProcess({ tmdb, store }, strikes);
    const ours = { clock, emit: one.emit, codeVersion: 'lab', ...(lease && { lease }) };
    const inTime =
      (handler: Handler<unknown>): Handler<unknown> =>
      (event, context) =>
        handler(event, remainingMs ? { getRemainingTimeInMillis: remainingMs } : context);
    const engine = stepFunctions({
      machines,
      functions,
      retryMs: 1,
      handlers: {
        Plan: one.calling((services) =>
          planner({
            ...ours,
            ...services,
            executions,
            datasets,
            kinds: KINDS,
            walkersAtOnce: 4,
            pace: { perSecond: PER_SECOND, perWalker: PER_SECOND, betweenSeconds: 0.2 },
          }),
        ),
        Walk: one.calling((services) => inTime(pageWalker({ ...ours, ...services, kinds: KINDS }))),
        Write: one.calling((services) => writer({ ...ours, ...services, scratch, publish: () => undefined })),
        Audit: one.calling((services) => auditor({ ...ours, ...services, executions, saveReport })),
      },
      onAttempt: ({ error, attempt, retryInMs }) => {
        // The engine does not wait for so long, but faults of TMDB that end after a time must get there.
        if (retryInMs !== undefined && error.startsWith('Tmdb')) clock.skip(WAIT_FOR_TMDB_MS * 2 ** (attempt - 1));
      },
    });
    const watched = (execution: Execution, ended: Promise<Execution>) => {
      const known = { process: one } as { process: LabProcess; endedAt?: number };
      endings.set(execution.executionArn, known);
      return ended.then((result) => {
        known.endedAt = clock.now();
        return result;
      });
    };
    return {
      ...one,
      /** Starts a run of the day, or resumes one. */
      start: (resume?: string) => {
        runs += 1;
        const input = { dataset: DATASET, ...(resume ? { resume } : { day: DAY }) };
        const { execution, ended } = engine.start(input, `lab-${String(runs).padStart(7, '0')}`);
        return { execution, ended: watched(execution, ended) };
      },
      redrive: (execution: Execution) => {
        const ended = engine.redrive(execution);
        return watched(execution, ended);
      },
    };
  };

  return {
    seed,
    clock,
    /** Milliseconds since the world began. The SDK of AWS waits in real time, so that counts where S3 has faults. */
    elapsed: () => elapsed() + (bucket ? performance.now() - startedAt : 0),
    /** Faults that are not in the list of requests to TMDB. A fault of lists is one for each list. */
    otherFaults: () => (bucket?.injected() ?? 0) + BRANCHES.length * faults.filter(isListFault).length,
    simulator,
    /** The bucket without faults. */
    truth,
    startProcess,
    /** TMDB and S3 have no faults from now on. */
    calm: () => {
      isFaulty = false;
      phase = undefined;
      simulator.use([]);
      bucket?.calm();
    },
    close: async () => {
      await simulator.close();
      await bucket?.close();
      await rm(scratch, { recursive: true, force: true });
    },
  };
};
export type World = Awaited<ReturnType<typeof openWorld>>;
