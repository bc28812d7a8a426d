import { draw, landsOn } from './chance.ts';
import { MOVIE_GENRES } from './genres.ts';

/**
 * What can befall a request on its way, each of them seen by somebody who asked the real TMDB.
 *
 * `share` is the probability per request, 0 to 1. It is drawn from the simulator's seed, the path, the query and how
 * often this very request came before: a run repeats itself, and a second try may succeed.
 */
export type TransientFault = {
  share: number;
  /** Only under this path, such as `/discover`. */
  under?: string;
  /** Only the first so many times that one and the same request comes. */
  times?: number;
} & (
  | { kind: 'throttle'; body: 'json' | 'empty' | 'html'; retryAfter?: '0' | '1' | 'date' }
  /** 500 with TMDB's JSON, code 11. */
  | { kind: 'internal-error' }
  /** 502 with a page for people. */
  | { kind: 'bad-gateway' }
  /** The same kind of page, and status 200. */
  | { kind: 'html-with-200' }
  | { kind: 'reset' }
  /** Accepted, and never answered. */
  | { kind: 'stall' }
  /** `connection` ends before the bytes announced have come; `body` is a complete message around half a body. */
  | { kind: 'cut'; what: 'connection' | 'body' }
);

export type Fault =
  | TransientFault
  /** The list has moved by one place for this request: items doubled or missed between pages, totals unmoved. */
  | { kind: 'drift'; share: number }
  /** Listed, yet 404: movies by id, and a share of all ids, always the same ones for one seed. */
  | { kind: 'gone'; ids?: readonly number[]; share?: number }
  /** 500 for as long as the fault is there: for one genre in one year, or for all under a path. */
  | Outage;

type Outage = {
  kind: 'outage';
  /** 422, which no client asks again, instead of 500. */
  forGood?: boolean;
} & ({ genre: number; year: number } | { path: string });

const isUnder = (path: string, prefix: string) => path === prefix || path.startsWith(`${prefix}/`);

/** One request, told apart from its repetitions by `before`: how often it came already. */
export interface Attempt {
  seed: number;
  path: string;
  query: URLSearchParams;
  before: number;
}

const drawFor = (what: string, { seed, path, query, before }: Attempt) =>
  draw(what, seed, path, query.toString(), before);

const isTransient = (fault: Fault): fault is TransientFault => !['drift', 'gone', 'outage'].includes(fault.kind);

/** The one transient fault that befalls this request, if any: the shares add up, none hides another. */
export const befalling = (faults: readonly Fault[], attempt: Attempt): TransientFault | undefined => {
  const possible = faults
    .filter(isTransient)
    .filter(({ under, times = Infinity }) => isUnder(attempt.path, under ?? attempt.path) && attempt.before < times);
  return landsOn(drawFor('transient', attempt), possible);
};

export const hasDrifted = (faults: readonly Fault[], attempt: Attempt): boolean =>
  faults.some((fault) => fault.kind === 'drift' && drawFor('drift', attempt) < fault.share);

export const isGone = (faults: readonly Fault[], seed: number, movieId: number): boolean =>
  faults.some(
    (fault) =>
      fault.kind === 'gone' && (fault.ids?.includes(movieId) || draw('gone', seed, movieId) < (fault.share ?? 0)),
  );

/** Does a discover request's window of release dates touch the year? Without bounds it does. */
const touches = (query: URLSearchParams, year: number) => {
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
    return path === '/discover/movie' && genres.includes(String(fault.genre)) && touches(query, fault.year);
  });

/** 429 in every form that was seen or that TMDB's published limiter can give, `share` over all of them. */
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
  /** 5 % of all requests fail and may be tried again, and lists drift; the data stay as they are. */
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

/** What `outage-<path>` may name, and all that lies under it. */
const PATHS = 'authentication configuration discover discover/movie find genre movie movie/popular tv tv/popular'.split(
  ' ',
);

/** For a sentence that says what may be written. */
export const FAULT_NAMES: readonly string[] = [
  ...Object.keys(NAMED),
  'outage-<genre>-<year> (such as outage-crime-2017)',
  `outage-<path> (${PATHS.map((path) => `outage-${path.replace('/', '-')}`).join(', ')})`,
];

/** The faults that a name on the command line stands for; undefined where it stands for none. */
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
