import type { RunEvent } from '../../lib/events.ts';

/** The state of a run as a person sees it. It is a value: `nextState` makes the next one. Times are milliseconds since 1970. */
export interface RunState {
  /** Requests that all walkers together may send in a second. */
  pace: number;
  /** undefined until the run is planned. */
  plan: { dataset: string; day: string; branches: number; expected: number; at: number } | undefined;
  /** Branches that run now, in the order in which they began. */
  running: ReadonlyMap<string, RunningBranch>;
  /** Movies of each branch whose list is known. */
  movies: ReadonlyMap<string, Movies>;
  written: ReadonlySet<string>;
  /** Branches whose last attempt failed. A second sweep may still finish them. */
  failed: ReadonlySet<string>;
  /** The last error of each branch that had one. */
  errors: ReadonlyMap<string, string>;
  requests: number;
  throttles: number;
  /** What was counted during the last RATE_MS. */
  recent: readonly { at: number; requests: number; movies: number }[];
  /** TMDB answers nobody. */
  outage: Wait | undefined;
}

export interface Movies {
  kept: number;
  of: number;
}

export interface RunningBranch {
  /** undefined while it does something. */
  waits: Wait | undefined;
}

export interface Wait {
  /** What is wrong, such as: TMDB answers with status 503. */
  why: string;
  /** The attempt that follows, such as: attempt 3 of 5. */
  attempt?: string;
  /** When the next try is sent. */
  until: number;
}

/** A rate is the average of so many milliseconds: long enough for chunks of ten movies, short enough to follow a change. */
const RATE_MS = 10_000;

/** A wait that is shorter is not shown: it would be gone before anybody has read it. */
const SHOWN_WAIT_MS = 1_000;

export const newRun = (pace: number): RunState => ({
  pace,
  plan: undefined,
  running: new Map(),
  movies: new Map(),
  written: new Set(),
  failed: new Set(),
  errors: new Map(),
  requests: 0,
  throttles: 0,
  recent: [],
  outage: undefined,
});

/** The state after an event. */
export const nextState = (state: RunState, event: RunEvent, at: number): RunState => {
  switch (event.type) {
    case 'planned': {
      if (event.outcome !== 'planned') return state;
      const { dataset, day, branches, expected } = event;
      return { ...state, plan: { dataset, day, branches, expected, at } };
    }
    case 'branchStarted':
      return {
        ...state,
        running: withEntry(state.running, event.branch, { waits: undefined }),
        failed: without(state.failed, event.branch),
      };
    case 'listed':
      return { ...state, movies: withEntry(state.movies, event.branch, { kept: 0, of: event.movies }) };
    case 'moviesKept': {
      const { branch, kept, of } = event;
      const before = state.movies.get(branch)?.kept;
      const busy = working(state, branch);
      return {
        ...busy,
        movies: withEntry(busy.movies, branch, { kept, of }),
        // The first count of a resumed branch has movies that an earlier run kept.
        recent: counted(busy, at, { requests: 0, movies: before === undefined ? 0 : Math.max(0, kept - before) }),
      };
    }
    case 'requested': {
      const { requests, throttles } = event;
      return {
        ...state,
        requests: state.requests + requests,
        throttles: state.throttles + throttles,
        recent: counted(state, at, { requests, movies: 0 }),
      };
    }
    case 'waiting': {
      const { branch, reason, retry, retries, waitMs } = event;
      if (waitMs < SHOWN_WAIT_MS || !state.running.has(branch)) return state;
      const until = at + waitMs;
      // Six requests of a branch can wait at once. The one that waits longest is shown.
      if ((state.running.get(branch)?.waits?.until ?? 0) > until) return state;
      return waits(state, branch, { why: reason, attempt: `attempt ${retry + 1} of ${retries + 1}`, until });
    }
    case 'tmdbDown':
      return { ...state, outage: { why: event.reason, until: at + event.waitMs } };
    case 'tmdbUp':
      return { ...state, outage: undefined };
    case 'branchFailed': {
      const { branch, error, reason, attempt = 1, attempts = attempt, nextTryInMs } = event;
      const known = { ...state, errors: withEntry(state.errors, branch, `${error}: ${reason}`) };
      if (nextTryInMs !== undefined)
        return waits(known, branch, {
          why: error,
          attempt: `attempt ${attempt + 1} of ${attempts}`,
          until: at + nextTryInMs,
        });
      return {
        ...known,
        running: withoutEntry(known.running, branch),
        failed: new Set([...known.failed, branch]),
      };
    }
    case 'branchWritten': {
      const { branch } = event;
      return {
        ...state,
        running: withoutEntry(state.running, branch),
        written: new Set([...state.written, branch]),
        failed: without(state.failed, branch),
      };
    }
    default:
      return state;
  }
};

/** Figures of the whole run at a moment. */
export interface Overview {
  movies: number;
  /** Movies of all lists, as far as they are known. */
  ofMovies: number;
  /** Requests in a second, on average over the last RATE_MS. */
  perSecond: number;
  /** undefined where nothing is known: no movie was kept lately, or all are. */
  secondsLeft: number | undefined;
}

export const overview = (state: RunState, now: number): Overview => {
  const all = [...state.movies.values()];
  const movies = all.reduce((sum, { kept }) => sum + kept, 0);
  const ofMovies = Math.max(
    state.plan?.expected ?? 0,
    all.reduce((sum, { of }) => sum + of, 0),
  );
  const recent = state.recent.filter(({ at }) => at > now - RATE_MS);
  const seconds = Math.max(1_000, Math.min(RATE_MS, now - (state.plan?.at ?? now))) / 1000;
  const sum = (field: 'requests' | 'movies') => recent.reduce((total, one) => total + one[field], 0) / seconds;
  const moviesPerSecond = sum('movies');
  return {
    movies,
    ofMovies,
    perSecond: sum('requests'),
    secondsLeft: moviesPerSecond > 0 && ofMovies > movies ? (ofMovies - movies) / moviesPerSecond : undefined,
  };
};

const working = (state: RunState, branch: string): RunState =>
  state.running.get(branch)?.waits
    ? { ...state, running: withEntry(state.running, branch, { waits: undefined }) }
    : state;

const waits = (state: RunState, branch: string, wait: Wait): RunState => ({
  ...state,
  running: withEntry(state.running, branch, { waits: wait }),
});

const counted = ({ recent }: RunState, at: number, more: { requests: number; movies: number }) => [
  ...recent.filter((one) => one.at > at - RATE_MS),
  { at, ...more },
];

const withEntry = <Value>(map: ReadonlyMap<string, Value>, key: string, value: Value): ReadonlyMap<string, Value> =>
  new Map([...map, [key, value]]);

const withoutEntry = <Value>(map: ReadonlyMap<string, Value>, key: string): ReadonlyMap<string, Value> =>
  new Map([...map].filter(([name]) => name !== key));

const without = (set: ReadonlySet<string>, key: string): ReadonlySet<string> =>
  new Set([...set].filter((name) => name !== key));
