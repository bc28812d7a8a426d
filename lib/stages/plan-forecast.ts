import { dollarsFor, PRICES, type Usage } from '../runs/prices.ts';
import type { Source } from '../sources/source.ts';
import { highestRate, secondsFor } from '../tmdb/pace.ts';
import { CHUNK } from './walk-items.ts';

/** How fast a run may ask TMDB, as configured. Where TMDB allows it, a gate reaches a higher rate (lib/tmdb/pace.ts). */
export interface Pace {
  /** Requests a second of all walkers together. */
  perSecond: number;
  /** Requests a second of one walker alone. */
  perWalker: number;
  /** Seconds from the last request of a branch to the first one of the next. */
  betweenSeconds: number;
}

/**
 * `betweenSeconds` in AWS: the start of two functions, the writer's work, the end of one execution and the start of the
 * next. An assumption.
 */
export const BETWEEN_SECONDS_IN_AWS = 4;

/** What a run will do and cost, as far as page 1 of each list says it. */
export interface Forecast {
  movies: number;
  pages: number;
  /** Requests to TMDB, without retries: those of the planner, and those of the walkers. */
  requests: number;
  /** Parts, if the dataset's rule keeps all movies. */
  parts: number;
  /** Time of the run, where TMDB allows its highest rate. */
  seconds: number;
  /** Requests a second of all walkers together, at the highest rate. */
  perSecond: number;
  /** In AWS. */
  usage: Usage;
  dollars: number;
  region: string;
  /** The day on which the prices were read. */
  pricesOf: string;
  /** Events in the history of the run's execution, if no branch fails. */
  historyEvents: number;
  historyLimit: number;
  /** Branches whose page 1 was not available. They are in no sum. */
  unavailable: number;
  /** Figures of each branch. Left out where they would not fit between two states. */
  perBranch?: BranchForecast[];
}

export interface BranchForecast {
  branch: string;
  /** null where page 1 of the list was not available. */
  movies: number | null;
  pages: number;
  requests: number;
  parts: number;
}

export interface ForecastInput {
  source: Source;
  /** Branches with the items of their lists, null where page 1 was not available. For the shares, see FirstPageSays. */
  branches: readonly { name: string; expected: number | null; distinctShare: number; keptForOthers: number }[];
  /** Branches whose files are removed. */
  removed: number;
  recordsPerFile: number;
  /** Tables that each branch writes. */
  tables: number;
  walkersAtOnce: number;
  pace: Pace;
  /** Longest time of one call of the page-walker, in seconds. */
  callSeconds: number;
}

/** Events that a history may have. Source: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html (read 2026-11-22). */
const HISTORY_LIMIT = 25_000;

/** Events of one branch in the Map of the run: iteration started and succeeded, RunBranch 6, BranchEnded 2. */
const EVENTS_PER_BRANCH = 10;
/** All others: started and succeeded 2; Plan and Audit 5 each; Planned?, Complete? and Done 2 each; the Map 4. */
const EVENTS_OF_RUN = 22;

/** States that a run enters once: Plan, Planned?, WalkBranches, Audit, Complete?, Done. Each is one transition. */
const TRANSITIONS_OF_RUN = 6;
/** RunBranch and BranchEnded; Write. */
const TRANSITIONS_PER_BRANCH = 3;
/** Walk and Finished?. */
const TRANSITIONS_PER_WALK = 2;

/** The functions' memory in serverless.yml, in GB. */
export const MEMORY_GB = { planner: 1, pageWalker: 0.5, writer: 0.5, auditor: 1 } as const;

/** Time of a function besides its requests to TMDB, in seconds: its start, S3, and the writer's work. An assumption for AWS. */
const CALL_SECONDS = 1;

/** Pages that the walker stores in one object (lib/sources/pages.ts), and movies in one chunk: half of what may be lost. */
const PAGES_PER_OBJECT = 20;
const MOVIES_PER_OBJECT = CHUNK / 2;

/** lock.json, run.json, the manifest and the report of the day, latest.json; and LIST: two of the planner, one of the auditor. */
const PUTS_OF_RUN = 5 + 3;
/** Its plan, its list, the ids that are left out, its manifest; and LIST: one of the walker, two of the writer. */
const PUTS_PER_BRANCH = 4 + 3;

/** Says what a run will do and cost. */
export const forecast = (input: ForecastInput): Forecast => {
  const { source, branches, removed, walkersAtOnce, pace, callSeconds } = input;
  const perBranch = branches.map((branch) => forecastBranch(branch, input));
  const sum = (field: 'pages' | 'requests' | 'parts') => perBranch.reduce((total, one) => total + one[field], 0);
  // Without page 1 of the lists, the planner checks the token.
  const planning = source.firstPage ? branches.length : 1;
  const walking = sum('requests');
  /** In AWS, walkers have a share each, also where this run is on one machine. */
  const share = meanRate(walking / walkersAtOnce, pace.perSecond / walkersAtOnce);
  const calls = perBranch.map(({ requests }) => Math.max(1, Math.ceil(requests / share / callSeconds)));
  const walks = calls.reduce((total, one) => total + one, 0);
  const count = branches.length + removed;
  const keptForOthers = Math.round(branches.reduce((total, one) => total + (one.expected ?? 0) * one.keptForOthers, 0));
  const usage: Usage = {
    gbSeconds: rounded(
      MEMORY_GB.planner * (planning / share + CALL_SECONDS) +
        MEMORY_GB.pageWalker * (walking / share + (walks + removed) * CALL_SECONDS) +
        MEMORY_GB.writer * count * CALL_SECONDS +
        MEMORY_GB.auditor * CALL_SECONDS,
    ),
    calls: 2 + walks + removed + count,
    transitions: TRANSITIONS_OF_RUN + count * TRANSITIONS_PER_BRANCH + (walks + removed) * TRANSITIONS_PER_WALK,
    puts:
      PUTS_OF_RUN +
      count * (PUTS_PER_BRANCH + putsOfTables(input.tables)) +
      perBranch.reduce((total, one) => total + putsOf(one, source), 0) +
      keptForOthers,
  };
  const gates = pace.perSecond / pace.perWalker;
  const perGate = meanRate(walking / gates, pace.perWalker);
  const walkers = longestOf(perBranch, walkersAtOnce, perGate, pace.betweenSeconds);
  return {
    movies: perBranch.reduce((total, { movies }) => total + (movies ?? 0), 0),
    pages: sum('pages'),
    requests: planning + walking,
    parts: sum('parts'),
    seconds: rounded(
      secondsFor(planning, pace.perWalker) + Math.max(walking / (gates * perGate), walkers) + pace.betweenSeconds,
    ),
    perSecond: rounded(highestRate(pace.perSecond)),
    usage,
    dollars: dollarsFor(usage),
    region: PRICES.region,
    pricesOf: PRICES.readOn,
    historyEvents: EVENTS_OF_RUN + count * EVENTS_PER_BRANCH,
    historyLimit: HISTORY_LIMIT,
    unavailable: branches.filter(({ expected }) => expected === null).length,
    perBranch,
  };
};

const forecastBranch = (
  { name, expected, distinctShare }: ForecastInput['branches'][number],
  { source, recordsPerFile }: ForecastInput,
): BranchForecast => {
  const items = expected ?? 0;
  return {
    branch: name,
    movies: expected,
    pages: source.pagesPerList(items),
    requests: source.requestsPerList(items) + Math.round(items * distinctShare * source.requestsPerItem),
    parts: Math.ceil(items / recordsPerFile),
  };
};

/** Objects of one branch besides PUTS_PER_BRANCH: pages (page 1 alone, the others, page 1 again), chunks and parts. */
const putsOf = ({ movies, pages, parts }: BranchForecast, { requestsPerItem }: Source): number => {
  const ofPages = pages > 1 ? 2 + Math.ceil((pages - 1) / PAGES_PER_OBJECT) : pages;
  const chunks = requestsPerItem > 0 ? Math.ceil((movies ?? 0) / MOVIES_PER_OBJECT) : 0;
  return ofPages + chunks + parts;
};

/** A file for each table; and LIST: one of the tables' folders, and one of each table. */
const putsOfTables = (tables: number): number => (tables > 0 ? 2 * tables + 1 : 0);

/** Seconds until the last walker is done: each takes the next branch of the list, largest first, when it is free. */
const longestOf = (
  branches: readonly BranchForecast[],
  walkersAtOnce: number,
  perWalker: number,
  betweenSeconds: number,
): number => {
  const busy = new Array<number>(walkersAtOnce).fill(0);
  for (const { requests } of branches) {
    const next = busy.indexOf(Math.min(...busy));
    busy[next] = (busy[next] ?? 0) + requests / perWalker + betweenSeconds;
  }
  return Math.max(...busy);
};

/** Requests a second of a gate, on average over a run. */
const meanRate = (requests: number, perSecond: number): number =>
  requests > 0 ? requests / secondsFor(requests, perSecond) : perSecond;

const rounded = (value: number): number => Math.round(value * 10) / 10;

/** What a run will do, in one sentence. */
export const sentence = (
  { movies, requests, unavailable }: Forecast,
  branches: number,
  { noun }: Pick<Source, 'noun'>,
): string =>
  `${counted(branches)}, ${movies} ${noun}, about ${requests} requests.${unavailable ? ` ${counted(unavailable)}: list unavailable.` : ''}`;

const counted = (count: number): string => `${count} ${count === 1 ? 'branch' : 'branches'}`;
