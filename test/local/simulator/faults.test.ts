import { describe, expect, it } from 'vitest';
import { FAULT_GROUPS, FAULT_NAMES, type Fault, faultsNamed } from '../../../local/simulator/faults.ts';
import type { Simulator } from '../../../local/simulator/simulator.ts';
import { asking, body, catalogue, simulated, statuses } from './asking.ts';

const pages = (count: number) => Array.from({ length: count }, (_, i) => `/discover/movie?page=${i + 1}`);
const refused = async (faults: readonly Fault[], path: string) =>
  (await asking(await simulated({ faults }), path)).status === 500;
const crimeIn = (year: number) => `/discover/movie?with_genres=80&primary_release_year=${year}`;

describe('transient faults', () => {
  it.each<[string, Fault, number, string | null, string]>([
    ['429 in JSON', { kind: 'throttle', share: 1, body: 'json' }, 429, null, '"status_code":25'],
    ['429 in HTML', { kind: 'throttle', share: 1, body: 'html', retryAfter: '0' }, 429, '0', '<html>'],
    ['429, empty', { kind: 'throttle', share: 1, body: 'empty', retryAfter: '1' }, 429, '1', ''],
    ['500', { kind: 'internal-error', share: 1 }, 500, null, '"status_code":11'],
    ['502 in HTML', { kind: 'bad-gateway', share: 1 }, 502, null, '<html>'],
    ['403 in HTML', { kind: 'cdn-403', share: 1 }, 403, null, '<html>'],
    ['200 in HTML', { kind: 'html-with-200', share: 1 }, 200, null, '<html>'],
  ])('can be %s', async (_, fault, status, retryAfter, text) => {
    const response = await asking(await simulated({ faults: [fault] }), '/configuration');

    expect([response.status, response.headers.get('retry-after')]).toEqual([status, retryAfter]);
    expect(await response.text()).toContain(text);
  });

  it('can name a date in Retry-After', async () => {
    const faults: Fault[] = [{ kind: 'throttle', share: 1, body: 'empty', retryAfter: 'date' }];
    const date = (await asking(await simulated({ faults }), '/configuration')).headers.get('retry-after') ?? '';

    expect(new Date(date).toUTCString()).toBe(date);
  });

  it.each<[string, Fault]>([
    ['reset', { kind: 'reset', share: 1 }],
    ['cut', { kind: 'cut', share: 1, what: 'connection' }],
    ['cut', { kind: 'cut', share: 1, what: 'body' }],
  ])('can be a connection or body that is %s', async (status, fault) => {
    const simulator = await simulated({ faults: [fault] });

    await expect(body(simulator, '/movie/popular')).rejects.toThrow();
    expect(simulator.asked).toMatchObject([{ status }]);
  });

  it('can be a complete response with half of a JSON body', async () => {
    const simulator = await simulated({ faults: [{ kind: 'cut', share: 1, what: 'body' }] });
    const headers = { authorization: 'Bearer simulator', 'accept-encoding': 'identity' };
    const text = await (await asking(simulator, '/movie/popular', { headers })).text();

    expect(text).toMatch(/^\{"page":1/);
    expect(() => JSON.parse(text)).toThrow();
  });

  it('can be no response until the simulator is closed', async () => {
    const simulator = await simulated({ faults: [{ kind: 'stall', share: 1 }] });
    const never = asking(simulator, '/configuration').catch(() => 'closed');
    await expect.poll(() => simulator.asked).toMatchObject([{ status: 'stall' }]);

    await simulator.close();

    expect(await never).toBe('closed');
  });

  it('affect the same requests in every run with the same seed, and others with another seed', async () => {
    const run = async (seed: number) => {
      const simulator = await simulated({ seed, faults: [{ kind: 'bad-gateway', share: 0.3 }] });
      const seen: number[] = [];
      for (const page of pages(60)) seen.push(...(await statuses(simulator, page, 1)));
      return seen;
    };

    expect(await run(1)).toEqual(await run(1));
    expect(await run(1)).not.toEqual(await run(2));
    expect((await run(1)).filter((status) => status === 502).length).toSatisfy((n: number) => n > 8 && n < 30);
  });

  it('are transient: a retry of the same request succeeds', async () => {
    const simulator = await simulated({ faults: [{ kind: 'bad-gateway', share: 0.5 }] });

    expect(new Set(await statuses(simulator, '/configuration', 20))).toEqual(new Set([200, 502]));
  });

  it('can be limited to a path and to the first requests', async () => {
    const simulator = await simulated({ faults: [{ kind: 'internal-error', share: 1, under: '/movie', times: 2 }] });

    expect(await statuses(simulator, '/movie/popular', 3)).toEqual([500, 500, 200]);
    expect(await statuses(simulator, '/tv/popular', 1)).toEqual([200]);
  });
});

describe('permanent faults', () => {
  const idsOver = async (simulator: Simulator, count: number) =>
    (await Promise.all(pages(count).map((page) => body(simulator, page)))).flatMap(({ results }) =>
      results.map(({ id }: { id: number }) => id),
    );

  it('drift repeats some items and omits others, with the same totals', async () => {
    const straight = await idsOver(await simulated(), 30);
    const drifting = await simulated({ faults: [{ kind: 'drift', share: 0.3 }] });
    const drifted = await idsOver(drifting, 30);

    expect(drifted).toHaveLength(straight.length);
    expect(new Set(drifted).size).toBeLessThan(new Set(straight).size);
    expect((await body(drifting, '/discover/movie')).total_results).toBe(
      (await body(await simulated(), '/discover/movie')).total_results,
    );
  });

  it('drift does not affect every repetition, so further passes find every item', async () => {
    const simulator = await simulated({ faults: [{ kind: 'drift', share: 0.3 }] });
    const seen = new Set<number>();
    for (let pass = 0; pass < 6; pass++) for (const id of await idsOver(simulator, 10)) seen.add(id);

    expect(seen).toEqual(new Set([...seen, ...(await idsOver(await simulated(), 10))]));
  });

  it('gone movies are in lists, but their details and credits are 404', async () => {
    const [gone, there] = catalogue().movies.map(({ id }) => id);
    const simulator = await simulated({ faults: [{ kind: 'gone', ids: [gone ?? 0] }] });

    expect(await statuses(simulator, `/movie/${gone}`, 2)).toEqual([404, 404]);
    expect(await statuses(simulator, `/movie/${gone}/credits`, 1)).toEqual([404]);
    expect(await statuses(simulator, `/movie/${there}`, 1)).toEqual([200]);
  });

  it('a share of all ids can be gone, and they are the same for every request', async () => {
    const simulator = await simulated({ faults: [{ kind: 'gone', share: 0.1 }] });
    const ids = catalogue()
      .movies.slice(0, 300)
      .map(({ id }) => id);
    const status = (path: string) => asking(simulator, path).then((response) => response.status);
    const details = await Promise.all(ids.map((id) => status(`/movie/${id}`)));

    expect(details.filter((one) => one === 404).length).toSatisfy((n: number) => n > 15 && n < 50);
    expect(await Promise.all(ids.map((id) => status(`/movie/${id}/credits`)))).toEqual(details);
  });

  it('an outage affects one genre and year until the fault is removed, and no other', async () => {
    const simulator = await simulated({ faults: [{ kind: 'outage', genre: 80, year: 2017 }] });
    const window =
      '/discover/movie?with_genres=80&primary_release_date.gte=2017-07-01&primary_release_date.lte=2017-12-31';

    expect(await statuses(simulator, crimeIn(2017), 3)).toEqual([500, 500, 500]);
    expect(await statuses(simulator, window, 1)).toEqual([500]);
    expect(await statuses(simulator, crimeIn(2016), 1)).toEqual([200]);
    expect(await statuses(simulator, window.replaceAll('2017', '2018'), 1)).toEqual([200]);
    expect(await statuses(simulator, crimeIn(2017).replace('80', '10752'), 1)).toEqual([200]);
    simulator.use([]);
    expect(await statuses(simulator, crimeIn(2017), 1)).toEqual([200]);
  });

  it('an outage with forGood gets a status that clients do not retry', async () => {
    const simulator = await simulated({ faults: [{ kind: 'outage', genre: 80, year: 2017, forGood: true }] });

    expect(await statuses(simulator, crimeIn(2017), 2)).toEqual([422, 422]);
    expect(await statuses(simulator, crimeIn(2016), 1)).toEqual([200]);
  });
});

describe('faults by name', () => {
  it.each([
    ['outage-crime-2017', crimeIn(2017)],
    ['outage-science-fiction-2001', '/discover/movie?with_genres=878&primary_release_year=2001'],
    ['outage-tv-movie-1999', '/discover/movie?with_genres=10770&primary_release_year=1999'],
    ['outage-movie-popular', '/movie/popular'],
    ['outage-tv-popular', '/tv/popular'],
    ['outage-find', '/find/tt0000001?external_source=imdb_id'],
  ])('%s makes %s fail', async (name, path) => {
    expect(await refused(faultsNamed(name) ?? [], path)).toBe(true);
    expect(await refused(faultsNamed(name) ?? [], '/configuration')).toBe(false);
  });

  it.each(['', 'outage', 'outage-', 'outage-2017', 'outage-crimes-2017', 'outage-nothing', 'constructor', 'toString'])(
    '%j is unknown',
    (name) => {
      expect(faultsNamed(name)).toBeUndefined();
    },
  );

  it('every name in the list is known', () => {
    for (const name of FAULT_NAMES.filter((one) => !one.includes('<'))) expect(faultsNamed(name)).toBeDefined();
  });

  it('every name is in one group of the help text', () => {
    const words = FAULT_GROUPS.flatMap((group) => group.split(/,? +/));
    for (const name of FAULT_NAMES.slice(1)) {
      const [plain = ''] = name.split(' ');
      expect(words.filter((word) => word === plain)).toHaveLength(1);
    }
  });

  it.each(['token-revoked-after-', 'token-revoked-after-x', 'token-revoked-after--1', 'list-', 'always'])(
    '%j is unknown too',
    (name) => {
      expect(faultsNamed(name)).toBeUndefined();
    },
  );

  it.each([
    { name: 'storm', sum: 0.05 },
    { name: 'storm-10', sum: 0.1 },
  ])('$name is $sum of all faults that a retry can get past, and drift, and changes no data', async ({ name, sum }) => {
    const faults = faultsNamed(name) ?? [];
    const passing = faults.flatMap((fault) => (fault.kind !== 'drift' && 'share' in fault ? [fault.share ?? 0] : []));
    const kinds = new Set(faults.map(({ kind }) => kind));

    expect(passing.reduce((total, share) => total + share, 0)).toBeCloseTo(sum);
    expect(kinds).toEqual(
      new Set([
        ...(faultsNamed('mixed') ?? []).map(({ kind }) => kind),
        ...['cdn-403', 'mislabelled', 'wrong-shape', 'no-credits'],
      ]),
    );
  });

  it('mixed is 5 % transient faults of all kinds, and drift, and changes no data', () => {
    const mixed = faultsNamed('mixed') ?? [];
    const transient = mixed.flatMap((fault) => (fault.kind !== 'drift' && 'share' in fault ? [fault.share ?? 0] : []));

    expect(transient.reduce((sum, share) => sum + share, 0)).toBeCloseTo(0.05);
    expect(new Set(mixed.map(({ kind }) => kind)).size).toBe(8);
    expect(mixed.map(({ kind }) => kind)).not.toContain('gone');
  });
});
