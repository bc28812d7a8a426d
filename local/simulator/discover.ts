import type { Catalogue } from './catalogue.ts';
import type { Movie } from './invented-movies.ts';

type Filter = (movie: Movie) => boolean;

/** The 14 values of `sort_by` are these, each `.asc` or `.desc`. */
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

/** Compares by code unit, not by locale, and ties by id: TMDB promises no order of ties, a test needs one. */
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

/** TMDB's lists: `,` is and, `|` is or. */
const matches = (wanted: string, has: (one: string) => boolean) =>
  wanted.split(',').every((group) => group.split('|').some((one) => has(one.trim())));

const genre = (movie: Movie) => (id: string) => movie.genres.some((one) => String(one.id) === id);

const dated = (holds: (date: string) => boolean) => (movie: Movie) =>
  movie.release_date !== '' && holds(movie.release_date);

/** At least and at most, for a number TMDB keeps; a bound that isn't a number is ignored. */
const bounds = (name: string, value: (movie: Movie) => number): Record<string, (wanted: string) => Filter> => ({
  [`${name}.gte`]: (wanted) => (movie) => !(value(movie) < Number(wanted)),
  [`${name}.lte`]: (wanted) => (movie) => !(value(movie) > Number(wanted)),
});

/** What TMDB's discover filters by, as far as simulated. Any other name is ignored without a word, as TMDB does. */
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

/** How many answers are remembered, so that the pages after the first don't filter the whole catalogue again. */
const REMEMBERED = 500;

/** `discover/movie` over one catalogue: the whole list that a query's pages are cut from. */
export const discovering = ({ movies }: Catalogue) => {
  const remembered = new Map<string, readonly Movie[]>();

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
    const known = remembered.get(key) ?? list(query);
    if (remembered.size >= REMEMBERED) remembered.clear();
    remembered.set(key, known);
    return known;
  };
};
