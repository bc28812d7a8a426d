import { LONGEST_CALL_SECONDS } from '../../lib/stages/walk.ts';
import { type Chance, chance } from '../../local/simulator/chance.ts';
import { type Fault, faultsNamed } from '../../local/simulator/faults.ts';
import { chunksOf, type Driving, drive, type Observed, observed, type Quiet } from './experiment.ts';
import type { S3Fault } from './faulty-s3.ts';
import type { Strike } from './process.ts';
import { killedLaptop, redriven, sleepingLaptop, twoAtOnce } from './several-processes.ts';
import { openWorld, type Phase, type WorldOptions } from './world.ts';

/** A kind of experiment: one seed gives one schedule of faults. */
export interface Case {
  /** Seeds of a whole run of the lab. */
  seeds: number;
  run(seed: number, quiet: Quiet): Promise<Observed>;
}

const SEEDS = 30;
/** S3 takes more time than a bucket in memory: the SDK waits in real time. */
const S3_SEEDS = 20;
/** Kills are what most depends on the moment. */
const KILL_SEEDS = 50;

interface Scene extends Omit<WorldOptions, 'seed' | 'catalogue'> {
  driving?: Driving;
  /** The fault changes what TMDB has. So a run after it, for the same day, is compared with the run without faults. */
  changesData?: boolean;
  /** Not only what was not kept is requested again. */
  mayRepeatAll?: boolean;
}

/** One process after another, under the faults of a scene. */
const scene = (make: (luck: Chance, quiet: Quiet) => Scene, seeds = SEEDS): Case => ({
  seeds,
  run: async (seed, quiet) => {
    const { driving, changesData, mayRepeatAll, ...options } = make(chance('schedule', seed), quiet);
    const world = await openWorld({ ...options, seed, catalogue: quiet.catalogue });
    try {
      const { wrong, kills } = await drive(world, driving);
      if (changesData) {
        world.calm();
        wrong.push(...(await drive(world)).wrong);
      }
      const isOnlyKilled = !mayRepeatAll && !options.faults && !options.phases && !options.ceiling && !options.s3;
      return await observed(world, quiet, { wrong, kills, ...(isOnlyKilled && { mayRepeat: chunksOf(kills) }) });
    } finally {
      await world.close();
    }
  },
});

const tmdb = (...faults: Fault[]): Case => scene(() => ({ faults }));
const changing = (...faults: Fault[]): Case => scene(() => ({ faults, changesData: true }));
const named = (name: string): Case => tmdb(...(faultsNamed(name) ?? []));

/** Share of requests with a fault that a retry gets past. */
const SHARE = 0.1;
const S3_KINDS = [
  'internal-error',
  'slow-down',
  'reset',
  'slow',
  'stall',
  'answer-lost',
  'cut',
  'corrupt',
] as const satisfies readonly S3Fault['kind'][];
const s3 = (kind: S3Fault['kind'], share = SHARE): Case => scene(() => ({ s3: [{ kind, share }] }), S3_SEEDS);

/** Share of movies with a fault for good: about two of 70. */
const FEW = 0.03;

const during = (from: number, to: number, ...faults: Fault[]): Phase => ({ from, to, faults });
const seconds = (number: number) => number * 1_000;

/** For 2 of 4 seconds, half of the answers are faults. */
const BURSTS = Array.from({ length: 30 }, (_, burst) =>
  during(seconds(4 * burst + 1), seconds(4 * burst + 3), ...(faultsNamed('storm-10') ?? []).map(fiveTimes)),
);
function fiveTimes(fault: Fault): Fault {
  return 'share' in fault && fault.share !== undefined ? { ...fault, share: fault.share * 5 } : fault;
}

const anywhere = (luck: Chance, quiet: Quiet, what: Strike['what'], error?: Strike['error']): Strike => ({
  at: luck.whole(1, quiet.steps),
  when: luck.hits(0.5) ? 'before' : 'after',
  what,
  ...(error && { error }),
});

const severalTimes = (luck: Chance, most: number, make: () => Strike): Strike[] =>
  Array.from({ length: luck.whole(1, most) }, make);

const several = (run: (seed: number, quiet: Quiet, luck: Chance) => Promise<Observed>, seeds = SEEDS): Case => ({
  seeds,
  run: (seed, quiet) => run(seed, quiet, chance('schedule', seed)),
});

/** Milliseconds that a call of a function has for its work, if it has `ms` for requests. */
const remaining = (ms: number) => 900_000 - LONGEST_CALL_SECONDS * 1_000 + ms;

export const CASES: Readonly<Record<string, Case>> = {
  // Single requests to TMDB.
  '429': named('throttled'),
  'status 500': tmdb({ kind: 'internal-error', share: SHARE }),
  'status 502 in HTML': tmdb({ kind: 'bad-gateway', share: SHARE }),
  'status 200 in HTML': tmdb({ kind: 'html-with-200', share: SHARE }),
  'status 403 of the CDN': tmdb({ kind: 'cdn-403', share: SHARE }),
  'connection reset': tmdb({ kind: 'reset', share: SHARE }),
  'no answer': tmdb({ kind: 'stall', share: 0.02 }),
  'answer cut off': tmdb(
    { kind: 'cut', what: 'connection', share: SHARE / 2 },
    { kind: 'cut', what: 'body', share: 0.05 },
  ),
  'wrong compression': tmdb({ kind: 'mislabelled', share: SHARE }),
  'wrong shape': tmdb({ kind: 'wrong-shape', share: SHARE, inARow: 2 }),
  'no credits, once': named('no-credits-once'),
  'no credits': named('no-credits'),
  // Everything at once, and over time.
  storm: named('storm'),
  'storm-10': named('storm-10'),
  'bad-day': tmdb(
    { kind: 'no-credits', share: 0.1 },
    { kind: 'always-500', share: FEW },
    { kind: 'mislabelled', share: 0.02 },
  ),
  bursts: scene(() => ({ phases: BURSTS })),
  'only 429 for a minute': scene(() => ({
    phases: [during(seconds(1), seconds(61), { kind: 'throttle', share: 1, body: 'json' })],
  })),
  'outage of two minutes': scene((luck) => {
    const from = luck.whole(0, 2_000);
    return { phases: [during(from, from + seconds(120), { kind: 'outage', path: '' })] };
  }),
  'limit drops from 40 to 10': scene((luck) => {
    const at = luck.whole(0, 1_500);
    return { ceiling: (ms) => (ms < at ? 40 : 10) };
  }),
  'outage of one list': several((seed, quiet, luck) => redriven(seed, quiet, luck.of([80, 10752]))),
  // Lists.
  drift: tmdb({ kind: 'drift', share: 0.2 }),
  'list reorders': named('list-reorders'),
  'list shrinks': changing({ kind: 'list-leaves', after: 2 }),
  'list grows': changing({ kind: 'list-grows', after: 2 }),
  'list swaps': changing({ kind: 'list-swaps', after: 2 }),
  'list is empty once': named('list-empties'),
  'list is empty': named('list-empties-for-good'),
  'list is halved': named('list-halves'),
  'list says a billion pages': named('list-huge'),
  // Single movies, for good.
  'movie gone': changing({ kind: 'gone', share: FEW }),
  'movie always 500': tmdb({ kind: 'always-500', share: FEW }),
  // A body of 9 MB, again and again.
  'movie too large': scene(() => ({ faults: [{ kind: 'always-huge', share: FEW / 2 }] }), 10),
  'movie redirects': tmdb({ kind: 'always-redirect', share: FEW }),
  'movie of a wrong shape': tmdb({ kind: 'always-wrong-shape', share: FEW }),
  // The token.
  'token in answers': tmdb({ kind: 'token-echo' }, { kind: 'always-500', share: FEW }),
  'token rejected once': tmdb({ kind: 'token-revoked', after: 30, times: 1 }),
  'token rejected': tmdb({ kind: 'token-revoked', after: 30 }),
  // S3.
  'S3: status 500': s3('internal-error'),
  'S3: status 503 SlowDown': s3('slow-down', SHARE / 2),
  'S3: connection reset': s3('reset'),
  'S3: slow': s3('slow'),
  'S3: no answer': s3('stall', 0.02),
  'S3: a write whose answer is lost': s3('answer-lost'),
  'S3: answer cut off': s3('cut'),
  'S3: other bytes': s3('corrupt', SHARE / 2),
  'S3: storm': scene(() => ({ s3: S3_KINDS.map((kind) => ({ kind, share: 0.02 })) }), S3_SEEDS),
  // The own process.
  SIGKILL: scene(
    (luck, quiet) => ({
      driving: { strikes: Array.from({ length: luck.whole(1, 3) }, () => [anywhere(luck, quiet, 'process')]) },
    }),
    KILL_SEEDS,
  ),
  'out of memory': scene(
    (luck, quiet) => ({
      driving: {
        strikes: [severalTimes(luck, 2, () => anywhere(luck, quiet, 'call', 'Runtime.ExitError'))],
      },
    }),
    KILL_SEEDS,
  ),
  'function times out': scene(
    (luck, quiet) => ({
      driving: { strikes: [severalTimes(luck, 2, () => anywhere(luck, quiet, 'call', 'Sandbox.Timedout'))] },
    }),
    KILL_SEEDS,
  ),
  'out of time': scene((luck) => ({
    driving: { options: { remainingMs: () => remaining(luck.whole(500, 2_000)) } },
  })),
  // Each of them asks for the whole branch.
  'two calls of a branch at once': scene(
    (luck, quiet) => ({
      mayRepeatAll: true,
      driving: { strikes: [severalTimes(luck, 2, () => anywhere(luck, quiet, 'zombie'))] },
    }),
    KILL_SEEDS,
  ),
  'two executions at once': several(
    (seed, quiet, luck) => twoAtOnce(seed, quiet, luck.hits(0.3) ? undefined : anywhere(luck, quiet, 'pause')),
    KILL_SEEDS,
  ),
  'killed laptop': several(
    (seed, quiet, luck) => killedLaptop(seed, quiet, anywhere(luck, quiet, 'process')),
    KILL_SEEDS,
  ),
  'sleeping laptop': several(
    (seed, quiet, luck) => sleepingLaptop(seed, quiet, anywhere(luck, quiet, 'pause')),
    KILL_SEEDS,
  ),
  'storm, S3 storm and SIGKILL': scene((luck, quiet) => ({
    faults: faultsNamed('storm') ?? [],
    s3: S3_KINDS.map((kind) => ({ kind, share: 0.01 })),
    driving: { calmAfter: 3, strikes: [1, 2].map(() => [anywhere(luck, quiet, 'process')]) },
  })),
  'storm and SIGKILL': scene((luck, quiet) => ({
    faults: faultsNamed('storm') ?? [],
    driving: { calmAfter: 3, strikes: [1, 2].map(() => [anywhere(luck, quiet, 'process')]) },
  })),
};
