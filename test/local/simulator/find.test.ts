import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { found } from '../../../lib/tmdb/responses.ts';
import { type FindSays, whatFindSays } from '../../../local/simulator/find.ts';
import { asking, body, catalogue, simulated } from './asking.ts';

const imdbIds = Array.from({ length: 20_000 }, (_, i) => `tt${String(i * 37).padStart(7, '0')}`);
const exampleOf = (fate: FindSays) => imdbIds.find((id) => whatFindSays(id) === fate) ?? '';
const path = (imdbId: string) => `/find/${imdbId}?external_source=imdb_id`;

describe('find', () => {
  it.each([
    ['movie', 70],
    ['not_found', 25],
    ['is_tv', 2],
    ['is_episode', 1.5],
    ['is_person', 0.5],
    ['ambiguous', 0.5],
    ['gone', 0.5],
  ])('returns %s for %d %% of all ids', (fate, percent) => {
    const share = (100 * imdbIds.filter((id) => whatFindSays(id) === fate).length) / imdbIds.length;
    expect(Math.abs(share - percent)).toBeLessThan(1);
  });

  it.each<[FindSays, string[]]>([
    ['movie', ['movie_results']],
    ['not_found', []],
    ['is_tv', ['tv_results']],
    ['is_episode', ['tv_episode_results']],
    ['is_person', ['person_results']],
    ['ambiguous', ['movie_results', 'tv_results']],
    ['gone', ['movie_results']],
  ])('returns five lists for %s, and only %j have items', async (fate, filled) => {
    const answer = await body(await simulated(), path(exampleOf(fate)));

    found.parse(answer);
    expect(Object.keys(answer)).toHaveLength(5);
    expect(Object.keys(answer).filter((list) => answer[list].length === 1)).toEqual(filled);
  });

  it.each([
    ['movie', 200],
    ['ambiguous', 200],
    ['gone', 404],
  ] as const)('leads from %s to details that answer %d', async (fate, status) => {
    const simulator = await simulated();
    const { movie_results } = await body(simulator, path(exampleOf(fate)));
    const byId = await asking(simulator, `/movie/${movie_results[0].id}`);

    expect(byId.status).toBe(status);
    expect((await asking(simulator, `/movie/${exampleOf(fate)}/credits`)).status).toBe(status);
    if (status === 200)
      expect(await byId.json()).toMatchObject({ imdb_id: exampleOf(fate), title: movie_results[0].title });
  });

  describe('for an id of a series', () => {
    const ids = Array.from({ length: 5_000 }, (_, i) => `tt${30_000_000 + i * 5_801}`);
    const idThat = (result: FindSays) => ids.find((id) => whatFindSays(id) === result) ?? '';

    it('finds a series for 70 % of them', () => {
      const share = (100 * ids.filter((id) => whatFindSays(id) === 'is_tv').length) / ids.length;
      expect(Math.abs(share - 70)).toBeLessThan(2);
    });

    it.each<[FindSays, string[], number]>([
      ['is_tv', ['tv_results'], 200],
      ['ambiguous', ['movie_results', 'tv_results'], 200],
      ['gone', ['tv_results'], 404],
    ])('fills %2$j for %1$s, and the details of the series answer %d', async (result, filled, status) => {
      const simulator = await simulated();
      const answer = await body(simulator, path(idThat(result)));

      expect(Object.keys(answer).filter((list) => answer[list].length === 1)).toEqual(filled);
      const [series] = answer.tv_results;
      const byId = await asking(simulator, `/tv/${series.id}`);
      expect(byId.status).toBe(status);
      expect((await asking(simulator, `/tv/${series.id}/credits`)).status).toBe(status);
      if (status === 200) expect(await byId.json()).toMatchObject({ id: series.id, name: series.name });
    });
  });

  it('gives every IMDb id a unique TMDB id that has this IMDb id', async () => {
    const simulator = await simulated();
    const digits = fc.oneof(fc.integer({ max: 9_999_999, min: 0 }), fc.integer({ max: 99_999_999, min: 0 }));
    const ids = fc.tuple(digits, fc.constantFrom(7, 8)).map(([n, length]) => `tt${String(n).padStart(length, '0')}`);
    await fc.assert(
      fc.asyncProperty(ids, async (imdbId) => {
        fc.pre(whatFindSays(imdbId) === 'movie');
        const { movie_results } = await body(simulator, path(imdbId));
        expect(movie_results[0].id).toBeGreaterThanOrEqual(10_000_000);
        expect((await body(simulator, `/movie/${movie_results[0].id}`)).imdb_id).toBe(imdbId);
      }),
    );
  });

  it('finds a movie of the catalogue only by its own id', async () => {
    const movie = catalogue().movies.find(({ imdb_id }) => imdb_id);
    const imdbId = movie?.imdb_id ?? '';
    const simulator = await simulated();

    expect(whatFindSays(imdbId, catalogue())).toBe('movie');
    expect((await body(simulator, path(imdbId))).movie_results).toMatchObject([{ id: movie?.id }]);
    expect((await asking(simulator, `/movie/${10_000_000 + Number(imdbId.slice(2))}`)).status).toBe(404);
  });

  it.each(['tt12', 'nm0000001', 'tt123456789', 'x'])('finds nothing for the id %s', async (id) => {
    expect(whatFindSays(id)).toBe('not_found');
    expect(Object.values(await body(await simulated(), path(id))).flat()).toEqual([]);
  });
});
