import { describe, expect, it } from 'vitest';
import { fetcherFor } from '../../../lib/movies/fetch.ts';
import type { PlannedBranch } from '../../../lib/runs/plan.ts';
import type { Outcome } from '../../../lib/runs/work.ts';
import { KINDS } from '../../../lib/sources/kinds.ts';
import { openSource } from '../../../lib/sources/source.ts';
import { newTally } from '../../../lib/tmdb/client.ts';
import { TmdbUnavailableError } from '../../../lib/tmdb/errors.ts';
import { fakeTmdb } from '../../doubles/fake-tmdb.ts';
import { crime2017, crimeWar, detailed, detailsOf } from '../crime-2017.ts';

const fetcherOf = ({ settings, listFrom }: PlannedBranch) =>
  fetcherFor(settings.ask, openSource(KINDS, settings).itemRequest(listFrom));

const fetched = async (
  branch: PlannedBranch,
  id: number | string,
  answer: Parameters<typeof fakeTmdb>[0],
  resolved?: number,
) => {
  const tmdb = fakeTmdb(answer);
  const partly: Outcome[] = [];
  const tally = newTally();
  const outcome = await fetcherOf(branch)?.(id, resolved, {
    tmdb,
    asker: { tally },
    partly: (one) => partly.push(one),
  });
  return { outcome, asked: tmdb.asked, partly, tally };
};
const asking = (...ask: ('details' | 'credits')[]) => crime2017({ settings: crimeWar({ ask }) });

describe('a movie of a list', () => {
  it('is fetched with one request for details and credits, in the language of the list', async () => {
    const { outcome, asked, tally } = await fetched(crime2017(), 7, () => detailed(7));

    expect(asked).toEqual([{ path: '/movie/7', query: { language: 'en-US', append_to_response: 'credits' } }]);
    expect(outcome).toEqual({ id: 7, outcome: 'fetched', tmdbId: 7, json: Buffer.from(JSON.stringify(detailed(7))) });
    expect(tally.requests).toBe(1);
  });

  it('is fetched with its details or its credits alone when the dataset needs only these', async () => {
    const { credits, ...details } = detailed(7);

    expect((await fetched(asking('details'), 7, () => details)).asked).toEqual([
      { path: '/movie/7', query: { language: 'en-US' } },
    ]);
    expect((await fetched(asking('credits'), 7, () => ({ id: 7, ...credits }))).asked).toEqual([
      { path: '/movie/7/credits', query: { language: 'en-US' } },
    ]);
    expect(fetcherOf(asking())).toBeUndefined();
  });

  it('that is a series is fetched from /tv/{id}', async () => {
    const source = { kind: 'popular', media: ['series'] };
    const branch = crime2017({ settings: crimeWar({ ask: ['details'], source }), listFrom: { media: 'series' } });

    expect((await fetched(branch, 7, () => detailed(7))).asked).toMatchObject([{ path: '/tv/7' }]);
  });

  it('can be gone', async () => {
    expect((await fetched(crime2017(), 7, () => 'gone')).outcome).toEqual({ id: 7, outcome: 'gone' });
  });

  it.each([
    ['has another id', () => detailed(8), 'shape'],
    ['has no credits, which were requested', () => ({ ...detailed(7), credits: undefined }), 'shape'],
    ['has a budget that is a text', () => detailed(7, { budget: '5' }), 'shape'],
  ])('is quarantined when the response %s', async (_, answer, why) => {
    const { outcome } = await fetched(crime2017(), 7, answer);

    expect(outcome).toMatchObject({ id: 7, outcome: 'quarantined', why: expect.stringContaining(why) });
  });

  it('takes credits that were left out from the credits alone, if they are of the same movie', async () => {
    const { credits, ...details } = detailed(7);
    const alone = (id: number) => (path: string) => (path === '/movie/7/credits' ? { id, ...credits } : details);

    expect(await fetched(crime2017(), 7, alone(7))).toMatchObject({
      outcome: {
        outcome: 'fetched',
        json: Buffer.from(JSON.stringify({ ...details, credits: { id: 7, ...credits } })),
      },
      asked: [{ path: '/movie/7' }, { path: '/movie/7/credits' }],
    });
    expect((await fetched(crime2017(), 7, alone(8))).outcome).toMatchObject({ outcome: 'quarantined' });
  });

  it('has no outcome when TMDB is unavailable', async () => {
    const failing = fetched(crime2017(), 7, () => {
      throw new TmdbUnavailableError('GET /movie/7: status 500');
    });

    await expect(failing).rejects.toThrow(TmdbUnavailableError);
  });
});

describe('an IMDb id', () => {
  const nothing = {
    movie_results: [],
    person_results: [],
    tv_results: [],
    tv_episode_results: [],
    tv_season_results: [],
  };
  const one = [{ id: 550 }];
  const saying = (found: object) => (path: string) =>
    path.startsWith('/find/') ? { ...nothing, ...found } : detailed(550);
  const look = (found: object, id = 'tt0137523') => fetched(detailsOf(id), id, saying(found));

  it('is looked up, and then its movie is fetched', async () => {
    const { outcome, asked, partly } = await look({ movie_results: one });

    expect(asked).toEqual([
      { path: '/find/tt0137523', query: { external_source: 'imdb_id' } },
      { path: '/movie/550', query: { language: 'en-US' } },
    ]);
    expect(partly).toEqual([{ id: 'tt0137523', outcome: 'resolved', tmdbId: 550 }]);
    expect(outcome).toMatchObject({ id: 'tt0137523', outcome: 'fetched', tmdbId: 550 });
  });

  it('that was looked up before is not looked up again', async () => {
    const { asked, partly } = await fetched(detailsOf('tt0137523'), 'tt0137523', saying({}), 550);

    expect(asked.map(({ path }) => path)).toEqual(['/movie/550']);
    expect(partly).toEqual([]);
  });

  it.each([
    ['not_found', {}],
    ['is_tv', { tv_results: one }],
    ['is_episode', { tv_episode_results: one }],
    ['is_episode', { tv_season_results: one }],
    ['is_person', { person_results: one }],
    ['ambiguous', { movie_results: [{ id: 1 }, { id: 2 }] }],
    ['ambiguous', { movie_results: one, tv_results: one }],
    ['ambiguous', { movie_results: one, tv_episode_results: one }],
  ])('is %s when find returns %j, and there is no further request', async (reason, found) => {
    const { outcome, asked } = await look(found);

    expect(outcome).toEqual({ id: 'tt0137523', outcome: reason });
    expect(asked).toHaveLength(1);
  });

  describe('in a CSV of series', () => {
    const branch = detailsOf('tt0137523');
    const { source } = branch.settings;
    const ofSeries = { ...branch, settings: { ...branch.settings, source: { ...source, upload: 'Series' } } };

    it.each([
      ['a series', { tv_results: one }],
      ['a series and a movie', { tv_results: one, movie_results: [{ id: 7 }] }],
      ['a series and an episode', { tv_results: one, tv_episode_results: [{ id: 7 }] }],
    ])('is looked up, and where it is %s, the series is fetched', async (_, found) => {
      const { outcome, asked, partly } = await fetched(ofSeries, 'tt0137523', saying(found));

      expect(asked.map(({ path }) => path)).toEqual(['/find/tt0137523', '/tv/550']);
      expect(partly).toEqual([{ id: 'tt0137523', outcome: 'resolved', tmdbId: 550 }]);
      expect(outcome).toMatchObject({ id: 'tt0137523', outcome: 'fetched', tmdbId: 550 });
    });

    it.each([
      ['not_found', {}],
      ['is_movie', { movie_results: one }],
      ['is_movie', { movie_results: [{ id: 1 }, { id: 2 }], tv_episode_results: one }],
      ['is_episode', { tv_episode_results: one }],
      ['is_episode', { tv_season_results: one }],
      ['is_person', { person_results: one }],
      ['ambiguous', { tv_results: [{ id: 1 }, { id: 2 }] }],
    ])('is %s when find returns %j, and there is no further request', async (reason, found) => {
      const { outcome, asked } = await fetched(ofSeries, 'tt0137523', saying(found));

      expect(outcome).toEqual({ id: 'tt0137523', outcome: reason });
      expect(asked).toHaveLength(1);
    });

    it('has credits as a movie has', async () => {
      const { credits } = detailed(550);
      const ofCredits = { ...ofSeries, settings: { ...ofSeries.settings, ask: ['credits' as const] } };
      const { outcome, asked } = await fetched(ofCredits, 'tt0137523', () => ({ id: 550, ...credits }), 550);

      expect(asked.map(({ path }) => path)).toEqual(['/tv/550/credits']);
      expect(outcome).toMatchObject({ outcome: 'fetched', tmdbId: 550 });
    });
  });

  it.each(['', 'tt', 'tt123456', 'tt123456789', 'nm0000093', 'TT0137523', '0137523', 'tt0137523 ', '../movie/7'])(
    '%j is malformed, and there is no request',
    async (id) => {
      const { outcome, asked } = await look({ movie_results: one }, id);

      expect([outcome, asked]).toEqual([{ id, outcome: 'malformed' }, []]);
    },
  );

  it('is gone when find returns a movie that no longer exists', async () => {
    const { outcome } = await fetched(detailsOf('tt0137523'), 'tt0137523', (path) =>
      path.startsWith('/find/') ? { ...nothing, movie_results: one } : 'gone',
    );

    expect(outcome).toEqual({ id: 'tt0137523', outcome: 'gone' });
  });

  it('is quarantined with the response when find returns an unknown shape', async () => {
    const body = { movie_results: 'none' };
    expect(await look(body)).toMatchObject({
      outcome: { outcome: 'quarantined', why: expect.stringContaining('shape') },
    });
  });
});
