import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { discover } from '../../../lib/sources/discover.ts';
import { ListIncompleteError, type PagesOf } from '../../../lib/sources/source.ts';
import type { Query } from '../../../lib/tmdb/client.ts';
import { pageOf } from '../../doubles/fake-tmdb.ts';
import { memoryStore } from '../../doubles/memory-store.ts';
import { crime2017, crimeWar, daysFrom, listed } from '../crime-2017.ts';
import { shippedSchema } from '../datasets/shipped.ts';

const YEAR = daysFrom('2017-01-01', '2017-12-31');
const pair = { genreId: 80, from: '2017-01-01', to: '2017-12-31' } as const;
const items = (count: number) => Array.from({ length: count }, (_, at) => listed(at + 1));

/** Pages as the walker provides them: it requests each name once. */
const keeping = (answer: (query: Query, page: number) => ReturnType<typeof pageOf>, list = '/discover/movie') => {
  const kept = new Map<string, ReturnType<PagesOf>>();
  const asked: { query: Query; page: number }[] = [];
  const pages: PagesOf = (name, path, query, numbers) => {
    const pages =
      kept.get(name) ??
      Promise.all(
        numbers.map(async (page) => {
          expect(path).toBe(list);
          asked.push({ query, page });
          return answer(query, page) as Awaited<ReturnType<PagesOf>>[number];
        }),
      );
    kept.set(name, pages);
    return pages;
  };
  return { pages, asked };
};

/** A list that does not change. */
const still = (all: readonly object[]) => keeping((_, page) => pageOf(all, page));

/** A list whose order changes with each served page: `orders` has the number of positions by which it is rotated then. */
const drifting = (count: number, turns: readonly number[]) => {
  const all = items(count);
  let served = 0;
  return keeping((_, page) => {
    const turn = count === 0 ? 0 : (turns[served++] ?? 0) % count;
    return pageOf([...all.slice(turn), ...all.slice(0, turn)], page);
  });
};

const walked = (pages: PagesOf, tolerance = 0.005) => discover.open(crimeWar({ tolerance })).list(pair, pages);
const idsOf = (list: { items: readonly { id: number | string }[] }) => list.items.map(({ id }) => Number(id));

describe('a list that does not change', () => {
  it.each([0, 1, 20, 21, 95, 430])(
    'of %d movies is complete after one pass: each page is requested once, and page 1 again if there are several',
    async (count) => {
      const { pages, asked } = still(items(count));

      expect(await walked(pages)).toEqual({
        items: items(count).map((item) => ({ id: item.id, listed: item })),
        expected: count,
        listed: count,
        doubled: 0,
        passes: 1,
        warnings: [],
      });
      const numbers = Array.from({ length: Math.ceil(count / 20) || 1 }, (_, index) => index + 1);
      expect(asked.map(({ page }) => page)).toEqual(numbers.length > 1 ? [...numbers, 1] : numbers);
    },
  );

  it("is requested with the dataset's filters, by first release date, in a stable order", async () => {
    const { pages, asked } = still(items(1));
    await walked(pages);

    expect(asked).toEqual([
      {
        page: 1,
        query: {
          include_adult: false,
          include_video: false,
          language: 'en-US',
          'vote_average.gte': 0,
          'vote_count.gte': 5,
          'primary_release_date.gte': '2017-01-01',
          'primary_release_date.lte': '2017-12-31',
          sort_by: 'primary_release_date.asc',
          with_genres: 80,
        },
      },
    ]);
  });
});

describe('a list that drifts between pages', () => {
  it('drops duplicates, and a second pass finds the movies that the first one missed', async () => {
    // Page 2 is served after movie 1 has moved to the end: 22 to 41 instead of 21 to 40.
    const { pages } = drifting(60, [0, 1, 0, 0, 0, 0]);
    const list = await walked(pages);

    expect(idsOf(list).toSorted((a, b) => a - b)).toEqual(items(60).map(({ id }) => id));
    expect(list).toMatchObject({ expected: 60, listed: 60, doubled: 1, passes: 2, warnings: [] });
  });

  it("is read again when its first pass is empty, but TMDB's total is not 0", async () => {
    const all = items(15);
    let served = 0;
    const { pages } = keeping((_, page) => ({ ...pageOf(served++ === 0 ? [] : all, page), total_results: 15 }));

    expect(await walked(pages)).toMatchObject({ expected: 15, listed: 0, passes: 2, warnings: [] });
  });

  it('is complete for every change that ends within the passes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 21, max: 200 }),
        fc.array(fc.nat(40), { maxLength: 9 }),
        async (count, turns) => {
          // The list changes in the first pass in any way. The second pass reads all movies.
          const { pages } = drifting(count, turns.slice(0, Math.ceil(count / 20)));
          const list = await walked(pages, 0);

          expect(idsOf(list).toSorted((a, b) => a - b)).toEqual(items(count).map(({ id }) => id));
          expect(list.expected).toBe(count);
        },
      ),
    );
  });

  it('is never complete while movies are missing, and never has a movie twice', async () => {
    const turns = fc.array(fc.nat(60), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 120 }), turns, async (count, schedule) => {
        const { pages } = drifting(count, schedule);
        const list = await walked(pages, 1);

        expect(new Set(idsOf(list)).size).toBe(list.items.length);
        expect(list.warnings.length > 0).toBe(list.items.length < count);
        expect(list.listed).toBe(count);
      }),
    );
  });

  it('is read until a pass finds no new movie, and at most six times', async () => {
    // Every pass reads a different part of the list.
    let pass = 0;
    const restless = keeping((_, page) => {
      pass += page === 1 ? 1 : 0;
      return { ...pageOf(items(400).slice(pass * 5), page), total_pages: 2, total_results: 400 };
    });
    const list = await walked(restless.pages, 1);

    expect(list.passes).toBe(6);
    expect(restless.asked).toHaveLength(18);
    const settled = keeping((_, page) => ({ ...pageOf(items(38), page), total_results: 40 }));
    expect((await walked(settled.pages, 1)).passes).toBe(2);
  });
});

describe('a movie that leaves or enters a list while it is read', () => {
  /** A list whose movies change once, after this number of responses. */
  const changing = (count: number, after: number, change: (all: { id: number }[]) => { id: number }[]) => {
    const before = items(count);
    const later = change([...before]);
    let served = 0;
    const source = keeping((_, page) => pageOf(served++ < after ? before : later, page));
    return { ...source, later: later.map(({ id }) => id) };
  };
  const without = (id: number) => (all: { id: number }[]) => all.filter((one) => one.id !== id);

  it.each([1, 2, 3])('loses no movie when another one leaves page 1 after answer %d', async (after) => {
    const { pages, later } = changing(95, after, without(3));
    const list = await walked(pages, 0);

    expect(idsOf(list)).toEqual(expect.arrayContaining(later));
    expect(list).toMatchObject({ expected: 94, passes: 2, warnings: [] });
  });

  it('loses no movie when one leaves page 1 and another one enters, so that the total is the same', async () => {
    const { pages, later } = changing(95, 1, (all) => [...without(3)(all), { id: 96 }]);
    const list = await walked(pages, 0);

    expect(idsOf(list)).toEqual(later);
    expect(list).toMatchObject({ expected: 95, passes: 2, warnings: [] });
  });

  it('loses no movie in any single change of the list that also changes the total or page 1', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 21, max: 130 }),
        fc.nat(8),
        fc.uniqueArray(fc.nat(129), { maxLength: 3 }),
        fc.nat(3),
        async (count, after, leaving, entering) => {
          const { pages, later } = changing(count, after, (all) => [
            ...all.filter((_, index) => !leaving.includes(index)),
            ...Array.from({ length: entering }, (_, index) => ({ id: 1_000 + index })),
          ]);
          const left = leaving.filter((index) => index < count);
          fc.pre(left.length !== entering || left.some((index) => index < 20) || left.length === 0);
          const list = await walked(pages, 0);
          // If the change comes after the last response, the list is complete as it was before.
          const holdsAll = (ids: readonly number[]) => ids.every((id) => idsOf(list).includes(id));
          expect(holdsAll(later) || holdsAll(items(count).map(({ id }) => id))).toBe(true);
        },
      ),
    );
  });

  describe('between any two requests', () => {
    type Change = { enters: number } | { leaves: number } | { moves: number; to: number };
    const place = fc.nat(150);
    const entering = fc.record({ enters: place });
    const leaving = fc.record({ leaves: place });
    const moving = fc.record({ moves: place, to: place });
    const moments = (change: fc.Arbitrary<Change>) =>
      fc.array(fc.record({ before: fc.nat(25), change }), { maxLength: 12 });

    /** A list that changes before some of its answers, and what is known about it afterwards. */
    const lively = (count: number, changes: readonly { before: number; change: Change }[]) => {
      const now = items(count).map(({ id }) => ({ id }));
      /** The list before each answer, and what has changed it then. */
      const states: { ids: number[]; isChanged: boolean }[] = [];
      const apply = (change: Change) => {
        if ('enters' in change) return now.splice(change.enters % (now.length + 1), 0, { id: 1_000 + states.length });
        const [one] = now.splice(('moves' in change ? change.moves : change.leaves) % (now.length || 1), 1);
        return 'moves' in change && one && now.splice(change.to % (now.length + 1), 0, one);
      };
      const source = keeping((_, page) => {
        const due = changes.filter(({ before }) => before === states.length);
        const [change] = due;
        if (change) apply(change.change);
        states.push({ ids: now.map(({ id }) => id), isChanged: change !== undefined });
        return pageOf([...now], page);
      });
      /** The list before each answer of the last pass. A pass over several pages ends with page 1 again. */
      const lastPass = () => {
        const numbers = source.asked.map(({ page }) => page);
        const isSecondReading = (numbers.at(-2) ?? 1) > 1;
        return states.slice(numbers.lastIndexOf(1, isSecondReading ? -2 : -1));
      };
      return { ...source, states, lastPass };
    };
    const sorted = (ids: Iterable<number>) => [...ids].toSorted((a, b) => a - b);

    it('movies enter, leave and move: no movie is listed twice, and those that a pass misses are not more than its changes', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 0, max: 130 }),
          moments(fc.oneof(entering, leaving, moving)),
          async (count, changes) => {
            const { pages, states, lastPass, asked } = lively(count, changes);
            const list = await walked(pages, 1);
            const ids = idsOf(list);
            const seen = new Set(ids);
            const pass = lastPass();
            const missed = pass.at(-1)?.ids.filter((id) => !seen.has(id)) ?? [];

            expect(seen.size).toBe(ids.length);
            expect(sorted(seen.difference(new Set(states.flatMap((state) => state.ids))))).toEqual([]);
            expect(list.passes).toBeLessThanOrEqual(6);
            expect(asked.length).toBeLessThanOrEqual(6 * (Math.ceil(150 / 20) + 1));
            expect(missed.length).toBeLessThanOrEqual(pass.slice(1).filter(({ isChanged }) => isChanged).length);
          },
        ),
      );
    });

    it.each([
      { what: 'enter', change: entering },
      { what: 'leave', change: leaving },
    ])('movies only $what: a list without a warning is the list as it was at one moment', async ({ change }) => {
      let changed = 0;
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 15, max: 130 }), moments(change), async (count, changes) => {
          const { pages, states, lastPass } = lively(count, changes);
          const list = await walked(pages, 1);

          if (list.passes > 1) changed += 1;
          if (list.warnings.length === 0)
            expect(lastPass().map(({ ids }) => sorted(ids).join())).toContain(sorted(idsOf(list)).join());
          expect(states.map(({ ids }) => ids.length)).toContain(list.expected);
        }),
      );
      expect(changed).toBeGreaterThan(20);
    });
  });

  it('is an error after one request if its number of pages is impossible', async () => {
    const { pages, asked } = keeping((_, page) => ({
      ...pageOf(items(20), page),
      total_pages: 1_000_000_000,
      total_results: 20_000_000_000,
    }));

    await expect(walked(pages)).rejects.toThrow(/TMDB lists 20000000000 movies of genre 80/);
    expect(asked).toHaveLength(1);
  });
});

describe("a difference from TMDB's total", () => {
  const short = (missing: number) =>
    keeping((_, page) => ({ ...pageOf(items(1_000 - missing), page), total_results: 1_000 }));

  it('is a warning up to the tolerance', async () => {
    const list = await walked(short(5).pages);

    expect(list).toMatchObject({ expected: 1_000, passes: 2 });
    expect(list.warnings).toEqual(["TMDB's total is 1000 movies; its pages list 995 distinct ones in 2 passes"]);
  });

  it('is an error above the tolerance', async () => {
    const walking = walked(short(6).pages);

    await expect(walking).rejects.toThrow(ListIncompleteError);
    await expect(walking).rejects.toThrow(/list 994 distinct ones .* tolerates 0\.5 % missing/);
  });

  it("is a warning when there are more movies than TMDB's total", async () => {
    const { pages } = keeping((_, page) => ({ ...pageOf(items(11), page), total_results: 10 }));

    expect(await walked(pages, 0)).toMatchObject({ passes: 2, warnings: [expect.stringContaining('10 movies')] });
  });

  it('is an error when there are far more, because then the number of pages is wrong, too', async () => {
    const none = keeping((_, page) => ({ ...pageOf(items(25), page), total_pages: 0, total_results: 0 }));

    await expect(walked(none.pages)).rejects.toThrow(/TMDB's total is 0 movies; its pages list 20 distinct ones/);
  });
});

describe('a list beyond page 500', () => {
  /** A year with this number of movies on each day. */
  const yearOf = (perDay: readonly number[]) => {
    let id = 0;
    const all = YEAR.flatMap((day, at) =>
      Array.from({ length: perDay[at % perDay.length] ?? 0 }, () => ({ ...listed((id += 1)), release_date: day })),
    );
    const windows = new Map<string, typeof all>();
    const source = keeping((query, page) => {
      const [from, to] = [String(query['primary_release_date.gte']), String(query['primary_release_date.lte'])];
      const window =
        windows.get(from + to) ?? all.filter(({ release_date }) => release_date >= from && release_date <= to);
      windows.set(from + to, window);
      expect(page).toBeLessThanOrEqual(500);
      return pageOf(window, page);
    });
    return { all, ...source };
  };

  it('is divided into ranges of days that cover each day once, and no movie is lost', async () => {
    const day = fc.oneof({ weight: 20, arbitrary: fc.nat(100) }, { weight: 1, arbitrary: fc.nat(3_000) });
    await fc.assert(
      fc.asyncProperty(fc.array(day, { minLength: 20, maxLength: 60 }), async (perDay) => {
        const { pages, asked, all } = yearOf(perDay);
        fc.pre(all.length > 10_000 && all.length < 60_000);
        const list = await walked(pages, 0);

        expect(list).toMatchObject({ expected: all.length, listed: all.length, doubled: 0, passes: 1 });
        expect(idsOf(list)).toEqual(all.map(({ id }) => id));
        // For a range that is divided further, only page 1 is requested.
        const served = [
          ...Map.groupBy(
            asked,
            ({ query }) => `${query['primary_release_date.gte']}/${query['primary_release_date.lte']}`,
          ),
        ];
        const walkedDays = served.flatMap(([window, questions]) => {
          const [from = '', to = ''] = window.split('/');
          const movies = all.filter(({ release_date }) => release_date >= from && release_date <= to).length;
          const numbers = Math.max(1, Math.ceil(movies / 20));
          return questions.length === numbers + (numbers > 1 ? 1 : 0) ? daysFrom(from, to) : [];
        });
        expect(walkedDays.toSorted()).toEqual(YEAR);
      }),
      { numRuns: 6 },
    );
  });

  it('is not divided when it has exactly 500 pages', async () => {
    const source = still(items(10_000));
    await walked(source.pages);

    expect(source.asked).toHaveLength(501);
  });

  it('is an error when a single day has more pages than TMDB serves', async () => {
    const { pages } = keeping((_, page) => ({ ...pageOf(items(20), page), total_pages: 501, total_results: 10_001 }));

    await expect(walked(pages)).rejects.toThrow(/10001 movies of genre 80 from (2017-\d\d-\d\d) to \1,/);
  });
});

describe('the branches of a discover dataset', () => {
  const { source } = crimeWar();
  const planned = (changes: object, years?: { from: number; to: number }) =>
    discover
      .open(crimeWar({ source: { ...source, ...changes } }))
      .branches({ day: '2026-11-20', years, upload: undefined, only: false, store: memoryStore() });
  const pairs = async (...plan: Parameters<typeof planned>) => (await planned(...plan)).ofRun;

  it('are its combinations of genre and year: 22 for crime-war', async () => {
    const all = await pairs({});

    expect(all.map(({ name }) => name)).toEqual(
      ['crime', 'war'].flatMap((genre) => Array.from({ length: 11 }, (_, at) => `${genre}-${2012 + at}`)),
    );
    const { listFrom, placeholders, owners } = crime2017();
    expect(all[5]).toEqual({ name: 'crime-2017', listFrom, placeholders, owners });
  });

  it('have the name of the genre, whether the dataset has its name or its id', async () => {
    expect(await pairs({ genres: [10752, 'science-fiction'], years: { from: 1999, to: 1999 } })).toMatchObject([
      { name: 'war-1999', listFrom: { genreId: 10752 } },
      { name: 'science-fiction-1999', listFrom: { genreId: 878 } },
    ]);
  });

  it("end with the year of the run's day when the last year is the current one", async () => {
    const names = (await pairs({ genres: ['war'], years: { from: 2025, to: 'current' } })).map(({ name }) => name);

    expect(names).toEqual(['war-2025', 'war-2026']);
    expect(await pairs({ years: { from: 2027, to: 'current' } })).toEqual([]);
  });

  it("are those of the run's years when it defines them", async () => {
    expect((await pairs({ genres: ['war'] }, { from: 1944, to: 1945 })).map(({ name }) => name)).toEqual([
      'war-1944',
      'war-1945',
    ]);
  });
});

describe('series', () => {
  const { source } = crimeWar();
  const series = (changes: object = {}) =>
    discover.open(
      crimeWar({
        source: { ...source, media: 'series', genres: ['crime'], filters: { 'vote_count.gte': 5 }, ...changes },
      }),
    );

  it('are listed by the day on which they began, and requested as series', async () => {
    const { pages, asked } = keeping((_, page) => pageOf(items(1), page), '/discover/tv');
    const list = await series().list(pair, pages);

    expect(list).toMatchObject({ expected: 1, passes: 1, warnings: [] });
    expect(asked).toEqual([
      {
        page: 1,
        query: {
          'vote_count.gte': 5,
          'first_air_date.gte': '2017-01-01',
          'first_air_date.lte': '2017-12-31',
          sort_by: 'first_air_date.asc',
          with_genres: 80,
        },
      },
    ]);
    expect(series().itemRequest(pair)).toEqual({ media: 'tv', ids: 'tmdb', language: undefined });
    expect(series().noun).toBe('series');
    expect(series().firstPage?.(pair)).toMatchObject({ path: '/discover/tv', query: asked[0]?.query });
  });

  it('are cut into windows of days where there are too many, and named in errors', async () => {
    const many = keeping(
      (_, page) => ({ ...pageOf(items(20), page), total_pages: 501, total_results: 10_001 }),
      '/discover/tv',
    );
    await expect(series().list(pair, many.pages)).rejects.toThrow(/TMDB lists 10001 series of genre 80 from 2017/);
  });

  it('have branches that are called by their own genres', async () => {
    const { ofRun } = await series({
      genres: ['war-politics', 10765, 'action-adventure'],
      years: { from: 2020, to: 2020 },
    }).branches({ day: '2026-11-20', years: undefined, upload: undefined, only: false, store: memoryStore() });
    expect(ofRun.map(({ name, listFrom }) => [name, listFrom.genreId])).toEqual([
      ['war-politics-2020', 10768],
      ['sci-fi-fantasy-2020', 10765],
      ['action-adventure-2020', 10759],
    ]);
  });
});

describe('a genre of movies', () => {
  const named = async (genre: string | number) => {
    const dataset = shippedSchema.safeParse(
      crimeWar({ source: { kind: 'discover', genres: [genre], years: { from: 1999, to: 1999 } } }),
    ).data;
    const plan = { day: '2026-11-20', years: undefined, upload: undefined, only: false, store: memoryStore() } as const;
    return dataset && (await discover.open(dataset).branches(plan)).ofRun;
  };

  it.each([
    ['crime', 'crime', 80],
    [80, 'crime', 80],
    ['war', 'war', 10752],
    [10752, 'war', 10752],
    ['science-fiction', 'science-fiction', 878],
    ['tv-movie', 'tv-movie', 10770],
    ['Crime', 'crime', 80],
    ['Science Fiction', 'science-fiction', 878],
    ['SCIENCE FICTION', 'science-fiction', 878],
    ['TV Movie', 'tv-movie', 10770],
  ])('can be %s', async (given, name, genreId) => {
    expect(await named(given)).toMatchObject([{ name: `${name}-1999`, listFrom: { genreId } }]);
  });

  it.each([10768, 'war-politics', 'War & Politics', '80', 0, '', 'constructor'])(
    'cannot be %j: series have other genres, such as 10768',
    async (given) => {
      expect(await named(given)).toBeUndefined();
    },
  );
});

it('a discover source says what it has, and counts the requests of a list, with page 1 twice where there are several', () => {
  const source = discover.open(crimeWar());

  expect(source).toMatchObject({
    noun: 'movies',
    media: ['movie'],
    accepts: ['years'],
    howToSplit: 'give the run "years", such as "2000-2009" and then "2010-2019", or make two datasets of it',
  });
  expect([0, 20, 21, 100].map((count) => source.requestsPerList(count))).toEqual([1, 1, 3, 6]);
  expect(source.itemRequest(pair)).toEqual({ media: 'movie', ids: 'tmdb', language: 'en-US' });
  expect([{ genre_ids: [80, 18, 10752] }, { genre_ids: [80] }, {}].map((one) => source.branchesWith?.(one))).toEqual([
    2, 1, 1,
  ]);
});
