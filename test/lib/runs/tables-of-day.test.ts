import { describe, expect, it } from 'vitest';
import type { BranchManifest } from '../../../lib/runs/manifest.ts';
import { tablesOfDay, tableWarnings } from '../../../lib/runs/tables-of-day.ts';

type Tables = NonNullable<BranchManifest['tables']>;

const branch = (name: string, ids: number[], elsewhere: Tables['elsewhere'] = [], more: Partial<Tables> = {}) =>
  ({
    branch: name,
    tables: {
      main: 'movies',
      files: [
        { table: 'movies', key: `movies/${name}`, rows: ids.length, bytes: 100, sha256: name },
        { table: 'genres', key: 'genres/genres', rows: 27, bytes: 10, sha256: 'g' },
      ],
      ids,
      elsewhere,
      repeated: 0,
      drift: [],
      ...more,
    },
  }) as unknown as BranchManifest;

describe('the tables of a day', () => {
  it('have a row for each distinct movie, and the file of genres once', () => {
    const drift = [{ field: 'rating', values: 3, example: '1' }];
    const day = tablesOfDay([
      branch('crime-2017', [1, 2, 3]),
      branch('war-2017', [4], [{ branch: 'crime-2017', ids: [2] }], { drift }),
    ]);

    expect(day).toEqual({
      files: 3,
      bytes: 210,
      drift: 3,
      main: [{ table: 'movies', rows: 4, distinct: 4, lost: [], twice: [] }],
    });
    expect(day && tableWarnings(day)).toEqual([]);
  });

  it('name movies that no branch has rows of, and those that two have', () => {
    const day = tablesOfDay([
      branch('crime-2017', [1, 4]),
      branch('war-2017', [4], [{ branch: 'crime-2017', ids: [2, 1] }]),
    ]);

    expect(day?.main).toEqual([{ table: 'movies', rows: 3, distinct: 3, lost: [2], twice: [4] }]);
    expect(day && tableWarnings(day)).toEqual([
      'movies has 3 rows for 3 movies: 1 has none (2), 1 has two (4); TMDB changed while the lists were read. Run these branches again',
    ]);
  });

  it('say of a CSV that it has two ids of one movie, which no other run changes', () => {
    const day = tablesOfDay([branch('csv-0001', [1, 4]), branch('csv-0002', [4])]);

    expect(day && tableWarnings(day, true)).toEqual([
      'movies has 3 rows for 2 movies: 1 has two (4); the CSV has two ids of such a movie, in two slices. Count distinct ids',
    ]);
  });

  it('keep the ids of movies and of series apart', () => {
    const day = tablesOfDay([branch('popular-movies', [1]), branch('popular-series', [1], [], { main: 'series' })]);
    expect(day?.main.map(({ table, rows, twice }) => [table, rows, twice])).toEqual([
      ['movies', 1, []],
      ['series', 1, []],
    ]);
  });

  it('are none if no branch has tables', () => {
    expect(tablesOfDay([{ branch: 'crime-2017' } as BranchManifest])).toBeUndefined();
  });
});
