import type { Catalogue } from './catalogue.ts';
import type { Movie, Series, Title } from './invented-movies.ts';

type Filter<One> = (one: One) => boolean;

/** What `discover/movie` or `discover/tv` can do. */
interface Discover<One extends Title> {
  /** The 12 or 14 values of `sort_by` are these fields, each with `.asc` or `.desc`. */
  sorts: Record<string, (one: One) => string | number>;
  /** The supported filters. Like TMDB, the simulator ignores all other names. */
  filters: Record<string, (wanted: string) => Filter<One>>;
  /** What is listed only if the query's parameter is true. */
  hidden: Record<string, Filter<One>>;
}

const DEFAULT_SORT = 'popularity.desc';

/** Strings are compared by code unit, not by locale. Ties are sorted by id, because tests need a fixed order. */
const order = <One extends Title>(sorts: Discover<One>['sorts'], sort: string): ((a: One, b: One) => number) => {
  const [field = '', direction] = sort.split('.');
  const value = sorts[field];
  if (!value || (direction !== 'asc' && direction !== 'desc')) return order(sorts, DEFAULT_SORT);
  const sign = direction === 'asc' ? 1 : -1;
  return (a, b) => {
    const [left, right] = [value(a), value(b)];
    return left < right ? -sign : left > right ? sign : a.id - b.id;
  };
};

/** TMDB's lists of values: `,` means AND, `|` means OR. */
const matches = (wanted: string, has: (one: string) => boolean) =>
  wanted.split(',').every((group) => group.split('|').some((one) => has(one.trim())));

const genre = (title: Title) => (id: string) => title.genres.some((one) => String(one.id) === id);

/** The filters for minimum and maximum of a number. Bounds that aren't numbers are ignored. */
const bounds = <One>(name: string, value: (one: One) => number): Record<string, (wanted: string) => Filter<One>> => ({
  [`${name}.gte`]: (wanted) => (one) => !(value(one) < Number(wanted)),
  [`${name}.lte`]: (wanted) => (one) => !(value(one) > Number(wanted)),
});

/** The filters for a window of dates. A title without a date is in no window. */
const dates = <One>(name: string, year: string, date: (one: One) => string) => {
  const dated = (holds: (date: string) => boolean) => (one: One) => date(one) !== '' && holds(date(one));
  return {
    [`${name}.gte`]: (wanted: string) => dated((on) => on >= wanted),
    [`${name}.lte`]: (wanted: string) => dated((on) => on <= wanted),
    [year]: (wanted: string) => dated((on) => on.startsWith(`${wanted}-`)),
  };
};

const TITLE = {
  sorts: {
    popularity: ({ popularity = 0 }: Title) => popularity,
    vote_average: ({ vote_average = 0 }: Title) => vote_average,
    vote_count: ({ vote_count = 0 }: Title) => vote_count,
  },
  filters: {
    with_genres: (wanted: string) => (title: Title) => matches(wanted, genre(title)),
    without_genres: (wanted: string) => (title: Title) => !wanted.split(/[,|]/).some(genre(title)),
    ...bounds<Title>('vote_average', ({ vote_average = 0 }) => vote_average),
    ...bounds<Title>('vote_count', ({ vote_count = 0 }) => vote_count),
    with_original_language: (wanted: string) => (title: Title) =>
      matches(wanted, (one) => one === title.original_language),
    with_origin_country: (wanted: string) => (title: Title) =>
      matches(wanted, (one) => title.origin_country?.includes(one) ?? false),
  },
  hidden: { include_adult: ({ adult = false }: Title) => adult },
};

const MOVIES: Discover<Movie> = {
  sorts: {
    ...TITLE.sorts,
    original_title: ({ original_title, title }) => original_title ?? title,
    primary_release_date: ({ release_date }) => release_date,
    revenue: ({ revenue = 0 }) => revenue,
    title: ({ title }) => title,
  },
  filters: {
    ...TITLE.filters,
    ...dates<Movie>('primary_release_date', 'primary_release_year', ({ release_date }) => release_date),
    ...bounds<Movie>('with_runtime', ({ runtime }) => runtime ?? 0),
  },
  hidden: { ...TITLE.hidden, include_video: ({ video = false }) => video },
};

const SERIES: Discover<Series> = {
  sorts: {
    ...TITLE.sorts,
    first_air_date: ({ first_air_date }) => first_air_date,
    name: ({ name }) => name,
    original_name: ({ original_name }) => original_name,
  },
  filters: {
    ...TITLE.filters,
    ...dates<Series>('first_air_date', 'first_air_date_year', ({ first_air_date }) => first_air_date),
    ...bounds<Series>('with_runtime', ({ episode_run_time: [minutes = 0] }) => minutes),
  },
  hidden: { ...TITLE.hidden, include_null_first_air_dates: ({ first_air_date }) => first_air_date === '' },
};

/** The number of cached lists. With the cache, only the first page of a query filters the whole catalogue. */
const REMEMBERED = 500;

/** Discover for one catalogue. Returns all titles of a query; the caller cuts the page. */
const listing = <One extends Title>(titles: readonly One[], { sorts, filters, hidden }: Discover<One>) => {
  const remembered = new Map<string, readonly One[]>();

  const list = (query: URLSearchParams): readonly One[] => {
    const wanted = [...query].flatMap(([name, value]) => (value === '' ? [] : (filters[name]?.(value) ?? [])));
    const unwanted = Object.entries(hidden).flatMap(([name, is]) => (query.get(name) === 'true' ? [] : [is]));
    return titles
      .filter((one) => wanted.every((holds) => holds(one)) && !unwanted.some((is) => is(one)))
      .sort(order(sorts, query.get('sort_by') ?? DEFAULT_SORT));
  };

  return (query: URLSearchParams): readonly One[] => {
    const key = [...query].filter(([name]) => name !== 'page').join('&');
    const known = remembered.get(key) ?? list(query);
    if (remembered.size >= REMEMBERED) remembered.clear();
    remembered.set(key, known);
    return known;
  };
};

/** `discover/movie` */
export const discovering = ({ movies }: Catalogue) => listing(movies, MOVIES);

/** `discover/tv` */
export const discoveringSeries = ({ series }: Catalogue) => listing(series, SERIES);
