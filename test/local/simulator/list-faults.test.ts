import { describe, expect, it } from 'vitest';
import { type Fault, faultsNamed } from '../../../local/simulator/faults.ts';
import type { Simulator } from '../../../local/simulator/simulator.ts';
import { body, simulated, statuses } from './asking.ts';

/** 74 movies on four pages. */
const CRIME_2017 = '/discover/movie?with_genres=80&primary_release_year=2017&vote_count.gte=5';
const CRIME_2018 = CRIME_2017.replace('2017', '2018');
/** 42 movies on three pages. */
const WAR_2012 = '/discover/movie?with_genres=10752&primary_release_year=2012&vote_count.gte=5';

interface Page {
  page: number;
  results: { id: number }[];
  total_pages: number;
  total_results: number;
}
const page = (simulator: Simulator, number: number, list = CRIME_2017): Promise<Page> =>
  body(simulator, `${list}&page=${number}`);
const idsOf = (...pages: Page[]) => pages.flatMap(({ results }) => results.map(({ id }) => id));

/** All pages, page 1 first. */
const walk = async (simulator: Simulator, list = CRIME_2017) => {
  const first = await page(simulator, 1, list);
  const pages = [first];
  for (let number = 2; number <= first.total_pages; number++) pages.push(await page(simulator, number, list));
  return { ids: idsOf(...pages), totals: pages.map(({ total_results }) => total_results), pages };
};
const quiet = async (list = CRIME_2017) => walk(await simulated(), list);

describe('list-leaves', () => {
  const faults: Fault[] = [{ kind: 'list-leaves', after: 1 }];

  it('removes a movie of page 1 after it was served: later movies move up, and a walk misses one', async () => {
    const { ids, totals } = await quiet();
    const simulator = await simulated({ faults });
    const during = await walk(simulator);
    const afterwards = await walk(simulator);

    expect(totals).toEqual([74, 74, 74, 74]);
    expect(during.totals).toEqual([74, 73, 73, 73]);
    expect(during.ids).toEqual(ids.toSpliced(20, 1));
    const left = ids.filter((id) => !afterwards.ids.includes(id));
    expect(left).toHaveLength(1);
    expect(ids.slice(0, 20)).toContain(left[0]);
    expect(afterwards.ids).toEqual(ids.filter((id) => id !== left[0]));
    expect(afterwards.totals).toEqual([73, 73, 73, 73]);
    expect(await statuses(simulator, `/movie/${left[0]}`, 1)).toEqual([200]);
  });

  it('starts after page 1 of a list was served the given number of times', async () => {
    const simulator = await simulated({ faults: [{ kind: 'list-leaves', after: 2 }] });
    const totals: number[] = [];
    for (const number of [1, 2, 1, 2]) totals.push((await page(simulator, number)).total_results);

    expect(totals).toEqual([74, 74, 74, 73]);
    expect((await page(simulator, 2, CRIME_2018)).total_results).toBe((await quiet(CRIME_2018)).totals[0]);
  });

  it('ends when the faults are switched off, and starts again when they are switched on', async () => {
    const simulator = await simulated({ faults });
    await walk(simulator);
    simulator.use([]);
    expect(await walk(simulator)).toEqual(await quiet());
    simulator.use(faults);
    expect((await walk(simulator)).totals).toEqual([74, 73, 73, 73]);
  });

  it('removes the same movie in every run with one seed', async () => {
    const run = async (seed: number) => {
      const simulator = await simulated({ faults, seed });
      await page(simulator, 1);
      return walk(simulator);
    };

    expect(await run(1)).toEqual(await run(1));
    expect(new Set((await Promise.all([1, 2, 3, 4].map(run))).map(({ ids }) => ids.join())).size).toBeGreaterThan(1);
  });

  it('does not change lists of one page', async () => {
    const list = `${CRIME_2017}&vote_average.gte=8`;
    const before = await quiet(list);
    const simulator = await simulated({ faults });
    await page(simulator, 1, list);

    expect(before.ids.length).toSatisfy((count: number) => count > 0 && count <= 20);
    expect(await walk(simulator, list)).toEqual(before);
  });

  it('can be limited to one genre and year', async () => {
    const simulator = await simulated({
      faults: [{ kind: 'list-leaves', after: 1, of: { genre: 80, year: 2017 } }],
    });

    expect((await walk(simulator, CRIME_2018)).ids).toEqual((await quiet(CRIME_2018)).ids);
    expect((await walk(simulator)).totals.at(-1)).toBe(73);
  });
});

describe('list-swaps', () => {
  const faults: Fault[] = [{ kind: 'list-swaps', after: 1 }];

  it('removes a movie of page 1 and adds one at the end, so that the total is the same', async () => {
    const { ids } = await quiet();
    const simulator = await simulated({ faults });
    const during = await walk(simulator);
    const afterwards = await walk(simulator);

    expect(during.totals).toEqual([73, 73, 73, 73]);
    expect(during.ids).toEqual(ids.toSpliced(20, 1));
    expect(afterwards.totals).toEqual([73, 73, 73, 73]);
    expect(afterwards.ids).toHaveLength(73);
    expect(afterwards.ids.at(-1)).toBe(ids.at(-1));
    expect(ids.slice(0, 20)).toContain(ids.find((id) => !afterwards.ids.includes(id)));
  });

  it('omits the last movie before the change, and serves the whole list without faults', async () => {
    const { ids } = await quiet();
    const simulator = await simulated({ faults: [{ kind: 'list-swaps', after: 2 }] });

    expect((await walk(simulator)).ids).toEqual(ids.slice(0, -1));
    simulator.use([]);
    expect((await walk(simulator)).ids).toEqual(ids);
  });
});

describe('lists that shrink', () => {
  it.each<{ fault: Fault; totals: number[] }>([
    { fault: { kind: 'list-empties', at: 2 }, totals: [74, 0, 74, 74] },
    { fault: { kind: 'list-empties', at: 2, forGood: true }, totals: [74, 0, 0, 0] },
    { fault: { kind: 'list-halves', at: 2, forGood: true }, totals: [74, 37, 37, 37] },
    { fault: { kind: 'list-halves', at: 1 }, totals: [37, 74, 74, 74] },
  ])('$fault has the totals $totals', async ({ fault, totals }) => {
    const simulator = await simulated({ faults: [fault] });
    const seen: number[] = [];
    for (let time = 0; time < 4; time++) seen.push((await page(simulator, 1)).total_results);

    expect(seen).toEqual(totals);
  });

  it('an empty list has one page, as in TMDB', async () => {
    const simulator = await simulated({ faults: [{ kind: 'list-empties', at: 1 }] });

    expect(await page(simulator, 1)).toEqual({ page: 1, results: [], total_pages: 1, total_results: 0 });
    expect((await walk(simulator)).ids).toEqual((await quiet()).ids);
  });

  it('half of a list is its first half, on all pages', async () => {
    const simulator = await simulated({ faults: [{ kind: 'list-halves', at: 1, forGood: true }] });
    const { ids, pages } = await walk(simulator);

    expect(ids).toEqual((await quiet()).ids.slice(0, 37));
    expect(pages.map(({ total_pages }) => total_pages)).toEqual([2, 2]);
  });

  it('other pages are empty only after a list is empty for good', async () => {
    const simulator = await simulated({ faults: [{ kind: 'list-empties', at: 2, forGood: true }] });
    const counts: number[] = [];
    for (const number of [1, 2, 1, 2]) counts.push((await page(simulator, number)).results.length);

    expect(counts).toEqual([20, 20, 0, 0]);
  });
});

describe('other lists', () => {
  it('list-huge has a total of a billion pages, and serves the real pages', async () => {
    const simulator = await simulated({ faults: faultsNamed('list-huge') ?? [] });
    const window = CRIME_2017.replace(
      'primary_release_year=2017',
      'primary_release_date.gte=2017-01-01&primary_release_date.lte=2017-06-30',
    );

    expect(await page(simulator, 1)).toMatchObject({ total_pages: 1e9, total_results: 2e10 });
    expect(await page(simulator, 1, window)).toMatchObject({ total_pages: 1e9 });
    expect(idsOf(await page(simulator, 4))).toEqual((await quiet()).ids.slice(60));
    expect(await page(simulator, 1, CRIME_2018)).toMatchObject({ total_pages: 4 });
    expect(await page(simulator, 1, WAR_2012.replace('2012', '2017'))).toMatchObject({ total_pages: 3 });
  });

  it('list-reorders serves page 2 once from a list with another order', async () => {
    const simulator = await simulated({ faults: [{ kind: 'list-reorders', after: 1 }] });
    const { ids } = await quiet();
    const during = await walk(simulator);

    expect(during.ids).toHaveLength(ids.length);
    expect(new Set(during.ids).size).toBeLessThan(ids.length);
    expect(during.totals).toEqual([74, 74, 74, 74]);
    expect((await walk(simulator)).ids).toEqual(ids);
  });

  it('can be combined, also with drift', async () => {
    const faults = [...(faultsNamed('list-leaves') ?? []), ...(faultsNamed('drift') ?? [])];
    const simulator = await simulated({ faults });
    await page(simulator, 1, WAR_2012);
    await walk(simulator, WAR_2012);

    expect((await walk(simulator, WAR_2012)).totals).toEqual([46, 46, 46]);
  });

  it('other responses are unchanged', async () => {
    const simulator = await simulated({ faults: faultsNamed('list-empties-for-good') ?? [] });

    expect(await statuses(simulator, `${CRIME_2017}&page=501`, 1)).toEqual([400]);
    expect(await body(simulator, '/genre/movie/list')).toHaveProperty('genres');
  });
});
