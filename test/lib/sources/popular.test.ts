import { describe, expect, it } from 'vitest';
import { popular } from '../../../lib/sources/popular.ts';
import type { PagesOf } from '../../../lib/sources/source.ts';
import type { Query } from '../../../lib/tmdb/client.ts';
import { pageOf } from '../../doubles/fake-tmdb.ts';
import { memoryStore } from '../../doubles/memory-store.ts';
import { shippedSchema } from '../datasets/shipped.ts';

const opened = (source: object = {}) =>
  popular.open(
    shippedSchema.parse({
      name: 'popular',
      timezone: 'America/Bahia',
      source: { kind: 'popular', media: ['movies', 'series'], language: 'pt-BR', ...source },
      record: { from: 'listed' },
      output: { key: 'Raw/TMDB/JSON/Popular{Media}/{yyyy}/{mm}/{dd}/popular_{media}_part_{part}_{yyyymmdd}.json' },
    }),
  );

const plan = { day: '2026-11-20', years: undefined, upload: undefined, only: false, store: memoryStore() } as const;
const items = (...ids: number[]) => ids.map((id) => ({ id, name: `Item ${id}` }));
const walked = async (all: readonly object[], source: object = {}, media: 'movies' | 'series' = 'movies') => {
  const asked: { path: string; query: Query; page: number }[] = [];
  const pages: PagesOf = async (_, path, query, numbers) =>
    numbers.map((page) => {
      asked.push({ path, query, page });
      return pageOf(all, page) as Awaited<ReturnType<PagesOf>>[number];
    });
  return { list: await opened(source).list({ media }, pages), asked };
};
const hundred = items(...Array.from({ length: 100 }, (_, at) => 100 - at));

describe('a popular list', () => {
  it("is the first page, in TMDB's order", async () => {
    const { list, asked } = await walked(hundred);

    expect(list).toEqual({
      items: hundred.slice(0, 20).map((listed) => ({ id: listed.id, listed })),
      expected: 20,
      listed: 20,
      doubled: 0,
      passes: 1,
      warnings: [],
    });
    expect(asked).toEqual([{ path: '/movie/popular', query: { language: 'pt-BR' }, page: 1 }]);
  });

  it('has the number of pages in the dataset, or all pages if there are fewer', async () => {
    expect((await walked(hundred, { pages: 3 })).list.items).toHaveLength(60);
    expect((await walked(hundred, { pages: 500 })).asked).toHaveLength(5);
  });

  it('of series has its own path, and can have a region', async () => {
    const { asked } = await walked(hundred, { region: 'BR' }, 'series');

    expect(asked).toEqual([{ path: '/tv/popular', query: { language: 'pt-BR', region: 'BR' }, page: 1 }]);
  });

  it('has a warning with the number of items on two pages', async () => {
    const drifted = [...items(...Array.from({ length: 20 }, (_, at) => at + 1)), ...items(20, 21)];
    const { list } = await walked(drifted, { pages: 2 });

    expect(list).toMatchObject({ expected: 22, listed: 22, doubled: 1 });
    expect(list.items).toHaveLength(21);
    expect(list.warnings).toEqual([expect.stringMatching(/^1 of 22 items were on two pages/)]);
  });

  it('is estimated from page 1 for at most the requested pages', () => {
    const first = opened({ pages: 3 }).firstPage?.({ media: 'series' });

    expect(first).toMatchObject({ path: '/tv/popular', query: { language: 'pt-BR' } });
    expect(first?.expected(pageOf(hundred, 1))).toBe(60);
    expect(first?.expected(pageOf(hundred.slice(0, 7), 1))).toBe(7);
  });

  it('has one branch for movies and one for series', async () => {
    const { ofRun } = await opened({ media: ['series', 'movies', 'series'] }).branches(plan);

    expect(ofRun).toEqual([
      {
        name: 'popular-series',
        listFrom: { media: 'series' },
        placeholders: { media: 'series', Media: 'Series' },
      },
      {
        name: 'popular-movies',
        listFrom: { media: 'movies' },
        placeholders: { media: 'movies', Media: 'Movies' },
      },
    ]);
  });
});

describe('a popular list that is not whole', () => {
  const short = (missing: number) => {
    const names: string[] = [];
    const pages: PagesOf = async (name, _, __, numbers) => {
      names.push(name);
      return numbers.map((page) => ({
        ...pageOf(hundred.slice(0, 60 - missing), page),
        total_results: 60,
        total_pages: 3,
      })) as Awaited<ReturnType<PagesOf>>;
    };
    return { names, read: opened({ pages: 3 }).list({ media: 'movies' }, pages) };
  };

  it('is read a second time, and is accepted when no more are missing than the dataset tolerates', async () => {
    const { names, read } = short(0);
    expect(await read).toMatchObject({ expected: 60, listed: 60, passes: 1 });
    expect(names.some((name) => name.startsWith('pass-2'))).toBe(false);
  });

  it('is an error with both numbers when more are missing', async () => {
    const { names, read } = short(10);

    await expect(read).rejects.toThrow(
      expect.objectContaining({
        name: 'ListIncompleteError',
        message: expect.stringMatching(
          /^TMDB's pages should list 60 items and list 50; the dataset tolerates [\d.]+ % missing\.$/,
        ),
      }),
    );
    expect(names.some((name) => name.startsWith('pass-2'))).toBe(true);
  });
});

it('popular lists say what they have: items of movies and series, one request for each page', () => {
  const source = opened({ pages: 3 });

  expect(source).toMatchObject({
    noun: 'items',
    media: ['movie', 'tv'],
    accepts: [],
    howToSplit: 'make two datasets of it',
    requestsPerItem: 0,
  });
  expect([0, 20, 21, 1_000].map((count) => source.pagesPerList(count))).toEqual([1, 1, 2, 3]);
  expect(source.itemRequest?.({ media: 'series' })).toEqual({ media: 'tv', ids: 'tmdb', language: 'pt-BR' });
});
