import { describe, expect, it } from 'vitest';
import { catalogueOf } from '../../../local/simulator/catalogue.ts';
import { discovering, discoveringSeries } from '../../../local/simulator/discover.ts';
import { inventedSeries, type Movie, type Series } from '../../../local/simulator/invented-movies.ts';

const genre = (id: number) => ({ id, name: String(id) });
const movie = (fields: Partial<Movie> & { id: number }): Movie => ({
  title: 'A',
  release_date: '2015-06-15',
  genres: [genre(80)],
  ...fields,
});

const found = (query: string, ...movies: Movie[]) =>
  discovering(catalogueOf(movies))(new URLSearchParams(query)).map(({ id }) => id);

describe('discover/movie', () => {
  const genres = [movie({ id: 1 }), movie({ id: 2, genres: [genre(10752)] })];
  const both = movie({ id: 3, genres: [genre(80), genre(10752)] });

  it.each([
    { query: 'with_genres=80', ids: [1, 3] },
    { query: 'with_genres=80,10752', ids: [3] },
    { query: 'with_genres=80|10752', ids: [1, 2, 3] },
    { query: 'without_genres=10752', ids: [1] },
    { query: 'with_genre=80', ids: [1, 2, 3] }, // TMDB ignores a name it doesn't know
  ])('filters by $query', ({ query, ids }) => {
    expect(found(query, ...genres, both)).toEqual(ids);
  });

  it.each([
    { query: 'primary_release_date.gte=2012-01-01&primary_release_date.lte=2012-12-31', ids: [2, 3] },
    { query: 'primary_release_year=2012', ids: [2, 3] },
    { query: 'primary_release_date.lte=2012-01-01', ids: [1, 2] },
    { query: '', ids: [1, 2, 3, 4] },
  ])('a movie without a date is in no range of dates: $query', ({ query, ids }) => {
    const dates = ['2011-12-31', '2012-01-01', '2012-12-31', ''];
    expect(found(query, ...dates.map((release_date, i) => movie({ id: i + 1, release_date })))).toEqual(ids);
  });

  it.each(['vote_count', 'vote_average', 'runtime'])('includes both ends of a range of %s', (field) => {
    const name = field === 'runtime' ? 'with_runtime' : field;
    const movies = [4, 5, 6, 7].map((value) => movie({ id: value, [field]: value }));
    expect(found(`${name}.gte=5&${name}.lte=6`, ...movies)).toEqual([5, 6]);
  });

  it('omits adult movies and videos unless they are requested', () => {
    const movies = [movie({ id: 1 }), movie({ id: 2, adult: true }), movie({ id: 3, video: true })];
    expect(found('', ...movies)).toEqual([1]);
    expect(found('include_adult=true&include_video=true', ...movies)).toEqual([1, 2, 3]);
  });

  it('filters by original language and by country', () => {
    const movies = ['pt', 'es', 'en'].map((original_language, i) =>
      movie({ id: i + 1, original_language, origin_country: i === 0 ? ['BR', 'PT'] : ['US'] }),
    );
    expect(found('with_original_language=pt|es', ...movies)).toEqual([1, 2]);
    expect(found('with_original_language=en-US', ...movies)).toEqual([]);
    expect(found('with_origin_country=PT', ...movies)).toEqual([1]);
  });

  it.each(['original_title', 'popularity', 'primary_release_date', 'revenue', 'title', 'vote_average', 'vote_count'])(
    'sorts by %s in both directions, and equal movies by id',
    (field) => {
      const name = field === 'primary_release_date' ? 'release_date' : field;
      const movies = [9, 1, 5].flatMap((value, i) => [
        movie({ id: 10 + i, [name]: value }),
        movie({ id: i, [name]: value }),
      ]);
      expect(found(`sort_by=${field}.asc`, ...movies)).toEqual([1, 11, 2, 12, 0, 10]);
      expect(found(`sort_by=${field}.desc`, ...movies)).toEqual([0, 10, 2, 12, 1, 11]);
    },
  );

  it.each(['', 'sort_by=budget.desc', 'sort_by=title'])('sorts by popularity when %j has no valid order', (query) => {
    expect(found(query, movie({ id: 1, popularity: 1 }), movie({ id: 2, popularity: 2 }))).toEqual([2, 1]);
  });
});

describe('discover/tv', () => {
  const one = (fields: Partial<Series> & { id: number }): Series => ({
    ...inventedSeries(fields.id),
    genres: [genre(80)],
    first_air_date: '2020-06-15',
    ...fields,
  });
  const found = (query: string, ...series: Series[]) =>
    discoveringSeries(catalogueOf([], series))(new URLSearchParams(`sort_by=first_air_date.asc&${query}`)).map(
      ({ id }) => id,
    );
  const dated = ['2019-12-31', '2020-01-01', '2020-12-31', ''].map((first_air_date, i) =>
    one({ id: i + 1, first_air_date }),
  );

  it.each([
    { query: 'first_air_date.gte=2020-01-01&first_air_date.lte=2020-12-31', ids: [2, 3] },
    { query: 'first_air_date_year=2020', ids: [2, 3] },
    { query: 'primary_release_year=2020', ids: [1, 2, 3] }, // a parameter of movies
    { query: 'include_null_first_air_dates=true', ids: [4, 1, 2, 3] },
  ])('has its own parameters for dates: $query', ({ query, ids }) => {
    expect(found(query, ...dated)).toEqual(ids);
  });

  it("filters by series' genres, votes, length and country", () => {
    const series = [
      one({ id: 1, vote_count: 4, episode_run_time: [20] }),
      one({ id: 2, genres: [genre(10768)], vote_count: 5, origin_country: ['BR'] }),
      one({ id: 3, vote_count: 6, episode_run_time: [], origin_country: ['BR'] }),
    ];
    expect(found('with_genres=80', ...series)).toEqual([1, 3]);
    expect(found('with_genres=10752', ...series)).toEqual([]);
    expect(found('vote_count.gte=5', ...series)).toEqual([2, 3]);
    expect(found('with_runtime.lte=20&with_genres=80', ...series)).toEqual([1, 3]);
    expect(found('with_origin_country=BR', ...series)).toEqual([2, 3]);
  });
});
