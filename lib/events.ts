import type { Log } from './log.ts';

/**
 * The events of a run. The log and the local progress receive them, so that no code depends on the text of log lines.
 */
export type RunEvent =
  /** The planner knows the day of its run. All later events of its call belong to this run. */
  | { type: 'dayDecided'; dataset: string; day: string; run: string }
  | {
      type: 'planned';
      dataset: string;
      day: string;
      run: string;
      /** The planner's decision. Branches run only after 'planned'. */
      outcome: 'planned' | 'turnedAway' | 'dryRun';
      branches: number;
      /** Number of movies, from page 1 of each list. */
      expected: number;
      sentence: string;
    }
  /** Something in the dataset is probably not meant: a field that TMDB is not known to have. Before 'planned'. */
  | { type: 'datasetDoubtful'; dataset: string; warning: string }
  | { type: 'listUnavailable'; branch: string; error: string }
  | { type: 'branchStarted'; branch: string }
  | { type: 'listed'; branch: string; movies: number; expected: number }
  | { type: 'moviesKept'; branch: string; kept: number; of: number }
  /** A request failed and waits before its next try, or all requests wait after a 429. */
  | { type: 'waiting'; branch: string; reason: string; retry: number; retries: number; waitMs: number }
  /** That next try was sent. */
  | { type: 'retried'; branch: string; retry: number }
  /** Requests that have been sent since the last such event of the branch, retries included, and the 429s among their answers. */
  | { type: 'requested'; branch: string; requests: number; retries: number; throttles: number }
  /** TMDB answers no question. All requests wait until the next try. */
  | { type: 'tmdbDown'; reason: string; waitMs: number; givesUpInMs: number }
  | { type: 'tmdbUp'; afterMs: number }
  | {
      type: 'branchFailed';
      branch: string;
      error: string;
      reason: string;
      /** Number of the attempt, from 1. Only the state machine knows it; a function doesn't. */
      attempt?: number;
      /** Attempts after which the branch fails, if each one fails like this. Known where `attempt` is. */
      attempts?: number;
      /** Milliseconds until the next attempt; absent if there is none. */
      nextTryInMs?: number;
    }
  | { type: 'branchWritten'; branch: string; kept: number; leftOut: number; parts: number }
  /** The report of a day was not stored. The run goes on. */
  | { type: 'reportFailed'; dataset: string; day: string; error: string }
  | { type: 'audited'; planned: number; unfinished: number }
  | {
      type: 'freshness';
      dataset: string;
      today: string;
      /** The newest complete day; undefined where there is none. */
      lastComplete: string | undefined;
      /** Days from `lastComplete` to `today`. */
      days: number | undefined;
    };

export type Emit = (event: RunEvent) => void;

type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>;

/** An event that is a line of the log. */
type LineEvent = Exclude<RunEvent, { type: 'dayDecided' }>;

/** The log level and the message of each event. */
const LINES: { [Type in LineEvent['type']]: [Exclude<keyof Log, 'appendKeys'>, (event: EventOf<Type>) => string] } = {
  planned: ['info', ({ sentence }) => sentence],
  datasetDoubtful: ['warn', ({ warning }) => warning],
  listUnavailable: ['warn', () => 'list unavailable'],
  branchStarted: ['debug', () => 'branch started'],
  listed: ['info', () => 'list kept'],
  moviesKept: ['debug', () => 'movies kept'],
  waiting: ['info', () => 'waiting before a retry'],
  requested: ['debug', () => 'requested'],
  retried: ['debug', () => 'retried'],
  tmdbDown: ['warn', () => 'TMDB is down'],
  tmdbUp: ['info', () => 'TMDB answers again'],
  branchFailed: ['error', () => 'branch failed'],
  branchWritten: ['info', () => 'branch written'],
  reportFailed: ['warn', () => 'report failed'],
  audited: ['info', () => 'audited'],
  freshness: ['info', () => 'last complete day'],
};

/** Writes events to a log. */
export const logEvents =
  (log: Log): Emit =>
  (event) => {
    const { type, ...facts } = event;
    if (type === 'dayDecided') return log.appendKeys(facts);
    const [level, message] = LINES[type] as (typeof LINES)['audited'];
    log[level](message(event as EventOf<'audited'>), facts);
  };
