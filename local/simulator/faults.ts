import { draw, pickByShare } from './chance.ts';
import { MOVIE_GENRES } from './genres.ts';

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
);

export type Fault =
  | TransientFault
  /** The list is moved by one position for this request: an item is on two pages, another on none, and the totals are the same. */
  | { kind: 'drift'; share: number }
  /** Movies that are in lists, but whose details are 404: by id, and by a share of all ids that depends only on the seed. */
  | { kind: 'gone'; ids?: readonly number[]; share?: number }
  /** Status 500 until the fault is removed: for one genre and year, or for all paths below a path. */
  | Outage;

type Outage = {
  kind: 'outage';
  /** Status 422 instead of 500. Clients don't retry after 422. */
  forGood?: boolean;
} & ({ genre: number; year: number } | { path: string });

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

const isTransient = (fault: Fault): fault is TransientFault => !['drift', 'gone', 'outage'].includes(fault.kind);

/** The transient fault of this request, if any. The shares of all faults add up. */
export const transientFaultFor = (faults: readonly Fault[], attempt: Attempt): TransientFault | undefined => {
  const possible = faults
    .filter(isTransient)
    .filter(({ under, times = Infinity }) => isUnder(attempt.path, under ?? attempt.path) && attempt.before < times);
  return pickByShare(drawFor('transient', attempt), possible);
};

export const hasDrifted = (faults: readonly Fault[], attempt: Attempt): boolean =>
  faults.some((fault) => fault.kind === 'drift' && drawFor('drift', attempt) < fault.share);

export const isGone = (faults: readonly Fault[], seed: number, movieId: number): boolean =>
  faults.some(
    (fault) =>
      fault.kind === 'gone' && (fault.ids?.includes(movieId) || draw('gone', seed, movieId) < (fault.share ?? 0)),
  );

/** Whether the release dates of a discover request include a day of the year. Without bounds, they include every year. */
const includesYear = (query: URLSearchParams, year: number) => {
  const exactly = query.get('primary_release_year');
  const from = query.get('primary_release_date.gte') ?? '';
  const to = query.get('primary_release_date.lte') ?? '9999';
  return exactly ? Number(exactly) === year : from <= `${year}-12-31` && to >= `${year}-01-01`;
};

export const outageFor = (faults: readonly Fault[], path: string, query: URLSearchParams): Outage | undefined =>
  faults.find((fault): fault is Outage => {
    if (fault.kind !== 'outage') return false;
    if ('path' in fault) return isUnder(path, fault.path);
    const genres = query.get('with_genres')?.split(/[,|]/) ?? [];
    return path === '/discover/movie' && genres.includes(String(fault.genre)) && includesYear(query, fault.year);
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

const NAMED: Record<string, readonly Fault[]> = {
  none: [],
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
  drift: [DRIFT],
  gone: [{ kind: 'gone', share: 0.01 }],
  throttled: throttles(0.1),
};

const slug = (name: string) => name.toLowerCase().replaceAll(' ', '-');

/** The paths that `outage-<path>` accepts. The outage includes all paths below. */
const PATHS = 'authentication configuration discover discover/movie find genre movie movie/popular tv tv/popular'.split(
  ' ',
);

/** The allowed names of faults, for messages. */
export const FAULT_NAMES: readonly string[] = [
  ...Object.keys(NAMED),
  'outage-<genre>-<year> (such as outage-crime-2017)',
  `outage-<path> (${PATHS.map((path) => `outage-${path.replace('/', '-')}`).join(', ')})`,
];

/** The faults for a name on the command line; undefined for an unknown name. */
export const faultsNamed = (name: string): readonly Fault[] | undefined => {
  if (Object.hasOwn(NAMED, name)) return NAMED[name];
  const [, what, year] = /^outage-(.+?)(?:-(\d{4}))?$/.exec(name) ?? [];
  if (year) {
    const genre = MOVIE_GENRES.find((one) => slug(one.name) === what);
    return genre && [{ kind: 'outage', genre: genre.id, year: Number(year) }];
  }
  const path = PATHS.find((one) => one.replace('/', '-') === what);
  return path ? [{ kind: 'outage', path: `/${path}` }] : undefined;
};
