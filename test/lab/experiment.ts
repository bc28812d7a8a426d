import type { ReadableStore } from '../../lib/raw-zone/object-store.ts';
import { type DayManifest, loadDayManifest } from '../../lib/runs/day-manifest.ts';
import { loadRun } from '../../lib/runs/plan.ts';
import { isRetried, REASONS } from '../../lib/runs/work.ts';
import { CHUNK } from '../../lib/stages/walk-items.ts';
import type { Catalogue } from '../../local/simulator/catalogue.ts';
import {
  answered,
  type Comparison,
  compare,
  type Lake,
  lakeIn,
  objectsWith,
  promisesBroken,
  repeated,
  wrongInDay,
  wrongLastWords,
} from './oracle.ts';
import type { Strike } from './process.ts';
import { BRANCHES, DATASET, DAY } from './small-tmdb.ts';
import { openWorld, type ProcessOptions, TOKEN, type World } from './world.ts';

/** What one experiment showed. */
export interface Observed extends Comparison {
  /** What is wrong, in sentences; nothing if all is as it must be. */
  wrong: string[];
  /** Faults that happened. */
  faults: number;
  /** Requests that TMDB answered again, beyond those of a run without faults. Undefined where they are not counted. */
  repeated: number | undefined;
  /** Milliseconds until the day was complete, beyond those of a run without faults. Undefined without the clock of the lab. */
  recoveryMs: number | undefined;
}

/** A run without faults, which all others are compared with. */
export interface Quiet {
  catalogue: Catalogue;
  lake: Lake;
  asked: ReadonlyMap<string, number>;
  elapsedMs: number;
  /** Its bucket. */
  store: ReadableStore;
  /** Requests and writes. */
  steps: number;
}

export const quietRun = async (catalogue: Catalogue): Promise<Quiet> => {
  const world = await openWorld({ seed: 1, catalogue });
  try {
    const process = world.startProcess();
    const { status, cause } = await process.start().ended;
    if (status !== 'SUCCEEDED') throw new Error(`The run without faults failed: ${cause}`);
    return {
      catalogue,
      lake: await lakeIn(world.truth),
      asked: answered(world.simulator.asked),
      elapsedMs: world.elapsed(),
      store: world.truth,
      steps: process.steps(),
    };
  } finally {
    await world.close();
  }
};

/** Drives of one experiment: more than any fault of the lab takes. */
const MOST_DRIVES = 8;

export interface Driving {
  /** What happens to the process of each drive. */
  strikes?: readonly (readonly Strike[])[];
  /** Drives after which TMDB has no faults any more. Default: after the first. */
  calmAfter?: number;
  options?: ProcessOptions;
  /** The name of a run that a drive before has planned. */
  resume?: string | undefined;
  /** Checks the bucket after each drive. */
  check?: (store: ReadableStore) => Promise<string[]>;
}

/**
 * Starts a run, and goes on as its last words say until the day is complete: with a resumed run where it was planned, else
 * with a new one. Checks the bucket after each drive.
 */
export const drive = async (
  world: World,
  { strikes = [], calmAfter = 1, options = {}, resume, check = async () => [] }: Driving = {},
): Promise<{ wrong: string[]; kills: number; drives: number }> => {
  const wrong: string[] = [];
  let run = resume;
  let kills = 0;
  for (let drives = 0; drives < MOST_DRIVES; drives += 1) {
    if (drives >= calmAfter) world.calm();
    const process = world.startProcess({ ...options, strikes: strikes[drives] ?? [] });
    const { execution, ended } = process.start(run);
    const result = await ended;
    kills += process.struck.length;
    if (!run && (await loadRun(world.truth, { dataset: DATASET, day: DAY, run: execution.name }))) run = execution.name;
    if (!process.isDead()) wrong.push(...(await wrongLastWords(world.truth, result, run ?? execution.name)));
    wrong.push(...(await promisesBroken(world.truth)), ...(await check(world.truth)));
    const day = await loadDayManifest(world.truth, { dataset: DATASET, day: DAY });
    if (!process.isDead() && day?.complete && !hasMoreToAsk(day)) return { wrong, kills, drives: drives + 1 };
  }
  return { wrong: [...wrong, `the day is not complete after ${MOST_DRIVES} drives`], kills, drives: MOST_DRIVES };
};

/** Ids that a resumed run would request again: its last words say so. */
const hasMoreToAsk = ({ missing }: DayManifest): boolean =>
  REASONS.some((reason) => isRetried(reason) && (missing[reason]?.length ?? 0) > 0);

/** What a world became, compared with a run without faults. */
export const observed = async (
  world: World,
  quiet: Quiet,
  { wrong, kills, from = 0, mayRepeat }: { wrong: readonly string[]; kills: number; from?: number; mayRepeat?: number },
): Promise<Observed> => {
  const lake = await lakeIn(world.truth);
  const asked = world.simulator.asked.slice(from);
  const again = repeated(asked, quiet.asked);
  const tooOften =
    mayRepeat !== undefined && again > mayRepeat ? [`${again} requests were repeated; ${mayRepeat} are allowed`] : [];
  return {
    ...compare(lake, quiet.lake),
    wrong: [
      ...new Set([
        ...wrong,
        ...tooOften,
        ...(await wrongInDay(world.truth, lake, quiet.lake)),
        ...(await objectsWith(world.truth, TOKEN)).map((key) => `${key} contains the token`),
      ]),
    ],
    faults:
      kills + world.otherFaults() + asked.filter(({ status, fault }) => fault !== undefined || status !== 200).length,
    repeated: again,
    recoveryMs: Math.max(0, world.elapsed() - quiet.elapsedMs),
  };
};

/** Milliseconds after which an experiment is stuck, by the clock of this machine. The longest ones take some seconds. */
const STUCK_MS = 120_000;

/** The result of an experiment, also where it throws or does not end. */
export const tried = async (experiment: () => Promise<Observed>): Promise<Observed> => {
  const failed = (problem: string): Observed => ({
    wrong: [problem],
    lost: [],
    doubled: [],
    differing: [],
    faults: 0,
    repeated: 0,
    recoveryMs: 0,
  });
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<Observed>((resolve) => {
    timer = setTimeout(() => resolve(failed(`the experiment has not ended after ${STUCK_MS / 1000} s`)), STUCK_MS);
  });
  try {
    return await Promise.race([experiment(), stuck]);
  } catch (error) {
    return failed((error as Error).stack ?? String(error));
  } finally {
    clearTimeout(timer);
  }
};

/** Everything that is wrong with an experiment, in sentences. */
export const problemsOf = ({ wrong, lost, doubled, differing }: Observed): string[] => [
  ...wrong,
  ...(lost.length ? [`lost: ${lost.join(', ')}`] : []),
  ...(doubled.length ? [`doubled: ${doubled.join(', ')}`] : []),
  ...(differing.length ? [`other bytes than without faults: ${differing.join(', ')}`] : []),
];

/**
 * Requests that kills may repeat: a chunk for each of them and for each branch that runs. A branch that was reading its
 * list repeats fewer: the pages that it was asking for, and one pass, because a list can change in such a pause.
 */
export const chunksOf = (kills: number): number => kills * CHUNK * BRANCHES.length;
