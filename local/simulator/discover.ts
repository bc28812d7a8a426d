import type { Catalogue } from './catalogue.ts';
import type { Movie } from './invented-movies.ts';

type Filter = (movie: Movie) => boolean;

/** `sort_by` has 14 values: each of these names with `.asc` or `.desc`. */
const SORTS: Record<string, (movie: Movie) => string | number> = {
  original_title: (movie) => movie.original_title ?? movie.title,
  popularity: (movie) => movie.popularity ?? 0,
  primary_release_date: (movie) => movie.release_date,
  revenue: (movie) => movie.revenue ?? 0,
  title: (movie) => movie.title,
  vote_average: (movie) => movie.vote_average ?? 0,
  vote_count: (movie) => movie.vote_count ?? 0,
};

const DEFAULT_SORT = 'popularity.desc';

/** Compares by code unit, not by locale. Equal movies are sorted by id: TMDB defines no order for them, but tests need one. */
const order = (sort: string) => {
  const [field = '', direction] = sort.split('.');
  const value = SORTS[field];
  if (!value || (direction !== 'asc' && direction !== 'desc')) return order(DEFAULT_SORT);
  const sign = direction === 'asc' ? 1 : -1;
  return (a: Movie, b: Movie): number => {
    const [left, right] = [value(a), value(b)];
    return left < right ? -sign : left > right ? sign : a.id - b.id;
  };
};

/** TMDB's list syntax: `,` means AND, `|` means OR. */
const matches = (wanted: string, has: (one: string) => boolean) =>
  wanted.split(',').every((group) => group.split('|').some((one) => has(one.trim())));

const genre = (movie: Movie) => (id: string) => movie.genres.some((one) => String(one.id) === id);

const dated = (holds: (date: string) => boolean) => (movie: Movie) =>
  movie.release_date !== '' && holds(movie.release_date);

/** The filters `.gte` and `.lte` of a number field. A bound that isn't a number is ignored. */
const bounds = (name: string, value: (movie: Movie) => number): Record<string, (wanted: string) => Filter> => ({
  [`${name}.gte`]: (wanted) => (movie) => !(value(movie) < Number(wanted)),
  [`${name}.lte`]: (wanted) => (movie) => !(value(movie) > Number(wanted)),
});

/** The simulated filters of TMDB's discover. Like TMDB, the simulator ignores unknown names without an error. */
const FILTERS: Record<string, (wanted: string) => Filter> = {
  with_genres: (wanted) => (movie) => matches(wanted, genre(movie)),
  without_genres: (wanted) => (movie) => !wanted.split(/[,|]/).some(genre(movie)),
  'primary_release_date.gte': (wanted) => dated((date) => date >= wanted),
  'primary_release_date.lte': (wanted) => dated((date) => date <= wanted),
  primary_release_year: (wanted) => dated((date) => date.startsWith(`${wanted}-`)),
  ...bounds('vote_average', (movie) => movie.vote_average ?? 0),
  ...bounds('vote_count', (movie) => movie.vote_count ?? 0),
  ...bounds('with_runtime', (movie) => movie.runtime ?? 0),
  with_original_language: (wanted) => (movie) => matches(wanted, (one) => one === movie.original_language),
  with_origin_country: (wanted) => (movie) => matches(wanted, (one) => movie.origin_country?.includes(one) ?? false),
};

/** Number of lists in the cache. It avoids filtering the whole catalogue again for each page. */
const CACHE_SIZE = 500;

/** `discover/movie` for one catalogue: the whole list of a query. Its pages are slices of it. */
export const discovering = ({ movies }: Catalogue) => {
  const cache = new Map<string, readonly Movie[]>();

  const list = (query: URLSearchParams): readonly Movie[] => {
    const filters = [...query].flatMap(([name, wanted]) => (wanted === '' ? [] : (FILTERS[name]?.(wanted) ?? [])));
    if (query.get('include_adult') !== 'true') filters.push((movie) => !movie.adult);
    if (query.get('include_video') !== 'true') filters.push((movie) => !movie.video);
    return movies
      .filter((movie) => filters.every((holds) => holds(movie)))
      .sort(order(query.get('sort_by') ?? DEFAULT_SORT));
  };

  return (query: URLSearchParams): readonly Movie[] => {
    const key = [...query].filter(([name]) => name !== 'page').join('&');
    const result = cache.get(key) ?? list(query);
    if (cache.size >= CACHE_SIZE) cache.clear();
    cache.set(key, result);
    return result;
  };
};
