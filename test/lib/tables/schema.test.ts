import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../../lib/datasets/dataset.ts';
import { datasetNames, loadDataset } from '../../../lib/datasets/load.ts';
import { KINDS } from '../../../lib/sources/kinds.ts';
import { tablesOf } from '../../../lib/tables/schema.ts';
import { DETAILS_FIELDS, LISTED_FIELDS, PEOPLE_FIELDS } from '../../../lib/tables/tmdb-fields.ts';
import { FIELDS } from '../../../lib/tmdb/fields.ts';
import { crimeWar } from '../crime-2017.ts';

const tables = (dataset: Pick<Dataset, 'record' | 'output'>, ...media: ('movie' | 'tv')[]) =>
  Object.fromEntries(
    tablesOf(dataset, media).map(({ name, columns }) => [
      name,
      columns.map((column) => `${column.name} ${column.type}`).join(', '),
    ]),
  );

const SHIPPED = await datasetNames('datasets');

describe('the tables of a dataset', () => {
  it('are those of docs/output-format.md for crime-war', () => {
    expect(tables(crimeWar(), 'movie')).toEqual({
      movies:
        'id BIGINT, title VARCHAR, original_language VARCHAR, popularity DOUBLE, poster_path VARCHAR, softcore BOOLEAN, vote_average DOUBLE, vote_count BIGINT, release_date DATE, budget BIGINT, imdb_id VARCHAR, revenue BIGINT, runtime BIGINT',
      movie_genres: 'movie_id BIGINT, position BIGINT, genre_id BIGINT, share DOUBLE',
      movie_countries: 'movie_id BIGINT, position BIGINT, country VARCHAR, share DOUBLE',
      movie_cast:
        'movie_id BIGINT, position BIGINT, person_id BIGINT, gender BIGINT, name VARCHAR, popularity DOUBLE, character VARCHAR, credit_order BIGINT',
      movie_directors:
        'movie_id BIGINT, position BIGINT, person_id BIGINT, gender BIGINT, name VARCHAR, popularity DOUBLE, job VARCHAR',
      genres: 'id BIGINT, name VARCHAR, name_pt VARCHAR',
    });
  });

  it.each(SHIPPED)('of the shipped %s have names and columns once each', async (name) => {
    const all = tablesOf(await loadDataset('datasets', name, KINDS), ['movie', 'tv']);
    expect(all.length).toBeGreaterThan(2);
    expect(new Set(all.map((table) => table.name)).size).toBe(all.length);
    for (const { columns } of all) expect(new Set(columns.map((column) => column.name)).size).toBe(columns.length);
  });

  it('follow from the record of a dataset: scalars are columns, objects several, and lists tables', () => {
    const { output } = crimeWar();
    const record: Dataset['record'] = {
      from: 'listed',
      without: ['poster_path', 'genre_ids', 'softcore', 'overview', 'backdrop_path', 'adult', 'video'],
      with: {
        genres: { from: 'details' },
        belongs_to_collection: { from: 'details' },
        no_such_field: { from: 'details' },
        asked_for: { from: 'asked' },
        actors: { from: 'cast', first: 3 },
        cast: { from: 'cast' },
      },
      peopleWithout: ['adult', 'known_for_department', 'original_name', 'popularity', 'profile_path', 'credit_id'],
    };
    expect(tables({ record, output: { ...output, tables: true } }, 'movie')).toEqual({
      movies:
        'id BIGINT, title VARCHAR, original_language VARCHAR, popularity DOUBLE, vote_average DOUBLE, vote_count BIGINT, original_title VARCHAR, release_date DATE, belongs_to_collection_id BIGINT, belongs_to_collection_name VARCHAR, belongs_to_collection_poster_path VARCHAR, belongs_to_collection_backdrop_path VARCHAR, asked_for VARCHAR',
      movie_genres: 'movie_id BIGINT, position BIGINT, genre_id BIGINT, name VARCHAR, share DOUBLE',
      movie_actors:
        'movie_id BIGINT, position BIGINT, person_id BIGINT, gender BIGINT, name VARCHAR, cast_id BIGINT, character VARCHAR, credit_order BIGINT',
      movie_cast:
        'movie_id BIGINT, position BIGINT, person_id BIGINT, gender BIGINT, name VARCHAR, cast_id BIGINT, character VARCHAR, credit_order BIGINT',
      genres: 'id BIGINT, name VARCHAR, name_pt VARCHAR',
    });
  });

  it('have shares of a list that the tables have beyond a record of credits', () => {
    const { output } = crimeWar();
    const record: Dataset['record'] = { from: 'credits', without: [], with: {}, peopleWithout: [] };
    const { movie_genres, movie_cast } = tables(
      { record, output: { ...output, tables: { with: ['genres'] } } },
      'movie',
    );
    expect(movie_genres).toBe('movie_id BIGINT, position BIGINT, genre_id BIGINT, name VARCHAR, share DOUBLE');
    expect(movie_cast).not.toContain('share');
  });

  it('are none if the dataset says so', () => {
    const { record, output } = crimeWar();
    expect(tablesOf({ record, output: { ...output, tables: false } }, ['movie'])).toEqual([]);
  });
});

it.each(['movie', 'tv'] as const)('every field that TMDB is known to have for a %s has a type', (media) => {
  const missing = {
    listed: FIELDS[media].listed.filter((name) => !(name in LISTED_FIELDS[media])),
    details: FIELDS[media].details.filter((name) => !(name in DETAILS_FIELDS[media])),
    cast: FIELDS[media].cast.filter((name) => !(name in PEOPLE_FIELDS.cast[media])),
    crew: FIELDS[media].crew.filter((name) => !(name in PEOPLE_FIELDS.crew[media])),
  };
  expect(missing).toEqual({ listed: [], details: [], cast: [], crew: [] });
});
