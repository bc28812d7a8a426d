import type { Encoding, Shape } from './body-faults.ts';
import { draw, pickByShare } from './chance.ts';
import { MOVIE_GENRES } from './genres.ts';
import { isAbout, type ListFault, type Pair } from './list-faults.ts';
import type { MovieFault } from './movie-faults.ts';
import type { TokenFault } from './token-faults.ts';

/**
 * A fault of a single request. Users of the real TMDB have seen each of them.
 *
 * `share` is the probability per request, 0 to 1. The random number depends on the simulator's seed, the path, the query
 * and the number of earlier identical requests. So a run is repeatable, but a retry may succeed.
 */
export type TransientFault = {
  share: number;
  /** Only for paths below this one, such as `/discover`. */
  under?: string;
  /** Only for the first `times` identical requests. */
  times?: number;
  /**
   * The random number is the same for identical requests, so a retry has the fault again: the first 1 to `inARow` of
   * them have it. Without `inARow`, each request has its own random number.
   */
  inARow?: number;
} & (
  | { kind: 'throttle'; body: 'json' | 'empty' | 'html'; retryAfter?: '0' | '1' | 'date' }
  /** Status 500 with TMDB's JSON, code 11. */
  | { kind: 'internal-error' }
  /** Status 502 with an HTML page. */
  | { kind: 'bad-gateway' }
  /** Status 200 with an HTML page. */
  | { kind: 'html-with-200' }
  | { kind: 'reset' }
  /** The request is accepted, but never answered. */
  | { kind: 'stall' }
  /** `connection`: the connection ends before the body is complete. `body`: a complete response with half of the body. */
  | { kind: 'cut'; what: 'connection' | 'body' }
  /** Status 403 with an HTML page. */
  | { kind: 'cdn-403' }
  /** A body with another compression than the header says, or than the client accepts. Without `as`, the seed decides. */
  | { kind: 'mislabelled'; as?: Encoding }
  /** A body of another shape than the request asks for. Without `as`, the seed decides. */
  | { kind: 'wrong-shape'; as?: Shape }
);

export type Fault =
  | TransientFault
  /** The list is moved by one position for this request: an item is on two pages, another on none, and the totals are the same. */
  | { kind: 'drift'; share: number }
  | ListFault
  | MovieFault
  | TokenFault
  /** Status 500 until the fault is removed: for one genre and year, or for all paths below a path. */
  | Outage;

type Outage = {
  kind: 'outage';
  /** Status 422 instead of 500. Clients don't retry after 422. */
  forGood?: boolean;
} & (Pair | { path: string });

const isUnder = (path: string, prefix: string) => path === prefix || path.startsWith(`${prefix}/`);

/** One request. `before` is the number of earlier identical requests. */
export interface Attempt {
  seed: number;
  path: string;
  query: URLSearchParams;
  before: number;
}

const drawFor = (what: string, { seed, path, query, before }: Attempt) =>
  draw(what, seed, path, query.toString(), before);

const TRANSIENT: readonly Fault['kind'][] = [
  'throttle',
  'internal-error',
  'bad-gateway',
  'html-with-200',
  'reset',
  'stall',
  'cut',
  'cdn-403',
  'mislabelled',
  'wrong-shape',
];

const isTransient = (fault: Fault): fault is TransientFault => TRANSIENT.includes(fault.kind);

/** The transient fault of this request, if any. The shares of all faults add up. */
export const transientFaultFor = (faults: readonly Fault[], attempt: Attempt): TransientFault | undefined => {
  const possible = faults
    .filter(isTransient)
    .filter(({ under, times = Infinity }) => isUnder(attempt.path, under ?? attempt.path) && attempt.before < times);
  const eachTry = possible.filter(({ inARow }) => inARow === undefined);
  return pickByShare(drawFor('transient', attempt), eachTry) ?? inARow(possible, attempt);
};

const inARow = (possible: readonly TransientFault[], attempt: Attempt): TransientFault | undefined => {
  const request = { ...attempt, before: 0 };
  const drawn = pickByShare(
    drawFor('in a row', request),
    possible.filter((fault) => fault.inARow !== undefined),
  );
  const answers = 1 + Math.floor(drawFor('how many', request) * (drawn?.inARow ?? 0));
  return attempt.before < answers ? drawn : undefined;
};

/** Selects the form of a fault that has several forms: a number in [0, 1). */
export const drawForm = (attempt: Attempt): number => drawFor('form', attempt);

export const hasDrifted = (faults: readonly Fault[], attempt: Attempt): boolean =>
  faults.some((fault) => fault.kind === 'drift' && drawFor('drift', attempt) < fault.share);

export const outageFor = (faults: readonly Fault[], path: string, query: URLSearchParams): Outage | undefined =>
  faults.find((fault): fault is Outage => {
    if (fault.kind !== 'outage') return false;
    if ('path' in fault) return isUnder(path, fault.path);
    return isAbout(fault, path, query);
  });

/** 429 in every form that was recorded or that TMDB's published limiter can send. Together, they have the probability `share`. */
const throttles = (share: number): readonly Fault[] =>
  (
    [
      { body: 'json' },
      { body: 'empty' },
      { body: 'html' },
      { body: 'json', retryAfter: '0' },
      { body: 'json', retryAfter: '1' },
      { body: 'empty', retryAfter: 'date' },
    ] as const
  ).map((form, _, forms) => ({ kind: 'throttle', share: share / forms.length, ...form }));

const DRIFT: Fault = { kind: 'drift', share: 0.05 };

/** All faults that a retry can get past, with the probability `sum` together, and lists that drift. The data don't change. */
const storm = (sum: number): readonly Fault[] => [
  ...throttles(0.2 * sum),
  { kind: 'internal-error', share: 0.1 * sum },
  { kind: 'bad-gateway', share: 0.1 * sum },
  { kind: 'html-with-200', share: 0.1 * sum },
  { kind: 'reset', share: 0.1 * sum },
  { kind: 'stall', share: 0.02 * sum },
  { kind: 'cut', what: 'connection', share: 0.04 * sum },
  { kind: 'cut', what: 'body', share: 0.04 * sum },
  { kind: 'cdn-403', share: 0.06 * sum },
  { kind: 'mislabelled', share: 0.1 * sum },
  { kind: 'wrong-shape', share: 0.08 * sum, inARow: 2 },
  { kind: 'no-credits', share: 0.06 * sum, times: 1 },
  DRIFT,
];

const CRIME_2017: Pair = { genre: 80, year: 2017 };

/** Share of ids for faults that few movies have. It is about four of the 1,500 movies of crime-war. */
const FEW = 0.003;

const NAMED: Record<string, Record<string, readonly Fault[]>> = {
  together: {
    /** 5 % of all requests fail with a transient fault, and lists drift. The data don't change. */
    mixed: [
      ...throttles(0.01),
      { kind: 'internal-error', share: 0.0075 },
      { kind: 'bad-gateway', share: 0.01 },
      { kind: 'html-with-200', share: 0.0075 },
      { kind: 'reset', share: 0.0075 },
      { kind: 'stall', share: 0.0025 },
      { kind: 'cut', what: 'connection', share: 0.0025 },
      { kind: 'cut', what: 'body', share: 0.0025 },
      DRIFT,
    ],
    storm: storm(0.05),
    'storm-10': storm(0.1),
    'bad-day': [
      { kind: 'no-credits', share: 0.1 },
      { kind: 'always-500', share: 0.01 },
      { kind: 'mislabelled', share: 0.02 },
    ],
  },
  requests: {
    throttled: throttles(0.1),
    'cdn-403': [{ kind: 'cdn-403', share: 0.02 }],
    mislabelled: [{ kind: 'mislabelled', share: 0.02 }],
    'wrong-shapes': [{ kind: 'wrong-shape', share: 0.02, inARow: 2 }],
  },
  lists: {
    drift: [DRIFT],
    'list-leaves': [{ kind: 'list-leaves', after: 2 }],
    'list-swaps': [{ kind: 'list-swaps', after: 2 }],
    'list-grows': [{ kind: 'list-grows', after: 2 }],
    'list-reorders': [{ kind: 'list-reorders', after: 2 }],
    'list-empties': [{ kind: 'list-empties', at: 2 }],
    'list-empties-for-good': [{ kind: 'list-empties', at: 2, forGood: true }],
    'list-halves': [{ kind: 'list-halves', at: 2, forGood: true }],
    'list-huge': [{ kind: 'list-huge', of: CRIME_2017 }],
  },
  movies: {
    gone: [{ kind: 'gone', share: 0.01 }],
    'no-credits': [{ kind: 'no-credits', share: 0.1 }],
    'no-credits-once': [{ kind: 'no-credits', share: 0.1, times: 1 }],
    'always-500': [{ kind: 'always-500', share: 0.01 }],
    'always-huge': [{ kind: 'always-huge', share: FEW }],
    'always-redirect': [{ kind: 'always-redirect', share: FEW }],
    'wrong-shapes-for-good': [{ kind: 'always-wrong-shape', share: FEW }],
  },
  token: {
    /** Some movies fail, so that error messages contain the token too. */
    'token-echo': [{ kind: 'token-echo' }, { kind: 'always-500', share: 0.01 }],
    'token-401-once': [{ kind: 'token-revoked', after: 100, times: 1 }],
  },
};

const slug = (name: string) => name.toLowerCase().replaceAll(' ', '-');

/** The paths that `outage-<path>` accepts. The outage includes all paths below. */
const PATHS =
  'authentication configuration discover discover/movie discover/tv find genre movie movie/popular tv tv/popular'.split(
    ' ',
  );

/** Names with a parameter, by group. */
const PATTERNS: Record<string, readonly string[]> = {
  token: ['token-revoked-after-<N> (such as token-revoked-after-100)'],
  outages: [
    'outage-<genre>-<year> (such as outage-crime-2017)',
    `outage-<path> (${PATHS.map((path) => `outage-${path.replace('/', '-')}`).join(', ')})`,
  ],
};

const GROUPS = [...new Set([...Object.keys(NAMED), ...Object.keys(PATTERNS)])].map(
  (group) => [group, [...Object.keys(NAMED[group] ?? {}), ...(PATTERNS[group] ?? [])]] as const,
);

/** The allowed names of faults, for messages. */
export const FAULT_NAMES: readonly string[] = ['none', ...GROUPS.flatMap(([, names]) => names)];

/** The allowed names as lines of a help text, one for each group. */
export const FAULT_GROUPS: readonly string[] = GROUPS.map(([group, names]) => `${group.padEnd(10)}${names.join(', ')}`);

const PLAIN: Record<string, readonly Fault[]> = Object.assign({ none: [] }, ...Object.values(NAMED));

/** The faults for a name on the command line; undefined for an unknown name. */
export const faultsNamed = (name: string): readonly Fault[] | undefined => {
  if (Object.hasOwn(PLAIN, name)) return PLAIN[name];
  const [, after] = /^token-revoked-after-(\d{1,9})$/.exec(name) ?? [];
  if (after !== undefined) return [{ kind: 'token-revoked', after: Number(after) }];
  const [, what, year] = /^outage-(.+?)(?:-(\d{4}))?$/.exec(name) ?? [];
  if (year) {
    const genre = MOVIE_GENRES.find((one) => slug(one.name) === what);
    return genre && [{ kind: 'outage', genre: genre.id, year: Number(year) }];
  }
  const path = PATHS.find((one) => one.replace('/', '-') === what);
  return path ? [{ kind: 'outage', path: `/${path}` }] : undefined;
};
