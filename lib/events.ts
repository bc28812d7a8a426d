import type { Log } from './log.ts';

/**
 * What a run tells while it runs. The log and the local progress are subscribers; no subscriber reads the wording of
 * a log line.
 */
export type RunEvent =
  | {
      type: 'planned';
      dataset: string;
      day: string;
      run: string;
      /** What the planner decided. Only 'planned' is followed by branches. */
      outcome: 'planned' | 'turnedAway' | 'dryRun';
      branches: number;
      /** Movies that page 1 of each list promises. */
      expected: number;
      sentence: string;
    }
  | { type: 'listUnavailable'; branch: string; error: string }
  | { type: 'branchStarted'; branch: string }
  | { type: 'listed'; branch: string; movies: number; expected: number }
  | { type: 'moviesKept'; branch: string; kept: number; of: number }
  /** A request failed and waits before its next try, or a 429 holds all requests back. */
  | { type: 'waiting'; branch: string; reason: string; retry: number; retries: number; waitMs: number }
  /** That next try was sent. */
  | { type: 'retried'; branch: string; retry: number }
  | {
      type: 'branchFailed';
      branch: string;
      error: string;
      reason: string;
      /** From 1. Who runs the state machine knows it; a function alone does not. */
      attempt?: number;
      /** Milliseconds until the state machine tries again; absent where it does not. */
      nextTryInMs?: number;
    }
  | { type: 'branchWritten'; branch: string; kept: number; leftOut: number; parts: number }
  | { type: 'audited'; planned: number; unfinished: number };

export type Emit = (event: RunEvent) => void;

type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>;

/** How each event is logged: how loud, and under which message. */
const LINES: { [Type in RunEvent['type']]: [keyof Log, (event: EventOf<Type>) => string] } = {
  planned: ['info', ({ sentence }) => sentence],
  listUnavailable: ['warn', () => 'list unavailable'],
  branchStarted: ['debug', () => 'branch started'],
  listed: ['info', () => 'list kept'],
  moviesKept: ['debug', () => 'movies kept'],
  waiting: ['debug', () => 'waiting before a retry'],
  retried: ['debug', () => 'retried'],
  branchFailed: ['error', () => 'branch failed'],
  branchWritten: ['info', () => 'branch written'],
  audited: ['info', () => 'audited'],
};

/** Writes events to a log. */
export const logEvents =
  (log: Log): Emit =>
  (event) => {
    const [level, message] = LINES[event.type] as [keyof Log, (event: RunEvent) => string];
    const { type: _, ...facts } = event;
    log[level](message(event), facts);
  };
