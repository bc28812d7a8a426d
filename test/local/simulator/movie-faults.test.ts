import { describe, expect, it } from 'vitest';
import { type Fault, faultsNamed } from '../../../local/simulator/faults.ts';
import type { Simulator } from '../../../local/simulator/simulator.ts';
import { asking, body, catalogue, simulated, statuses } from './asking.ts';

const ids = () =>
  catalogue()
    .movies.slice(0, 150)
    .map(({ id }) => id);
const [one = 0, other = 0] = ids();
/** Details and credits in one request. */
const both = (id: number) => `/movie/${id}?append_to_response=credits`;
const idsWhere = async (holds: (id: number) => Promise<boolean>) => {
  const found = await Promise.all(ids().map(async (id) => ((await holds(id)) ? [id] : [])));
  return found.flat();
};

describe('movies without credits', () => {
  it('have no appended credits, but have them under /credits', async () => {
    const simulator = await simulated({ faults: [{ kind: 'no-credits', ids: [one] }] });
    const appended = await body(simulator, both(one));

    expect(appended).toHaveProperty('id', one);
    expect(appended).not.toHaveProperty('credits');
    expect(await body(simulator, both(one))).not.toHaveProperty('credits');
    expect(await body(simulator, `/movie/${one}/credits`)).toHaveProperty('cast');
    expect(await body(simulator, both(other))).toHaveProperty('credits');
  });

  it('have them again after the first response with times: 1', async () => {
    const simulator = await simulated({ faults: [{ kind: 'no-credits', ids: [one], times: 1 }] });

    expect(await body(simulator, both(one))).not.toHaveProperty('credits');
    expect(await body(simulator, both(one))).toHaveProperty('credits');
  });

  it.each(['no-credits', 'no-credits-once'])('are 10 %, the same ones for one seed: %s', async (name) => {
    const lacking = async (seed: number) => {
      const simulator = await simulated({ seed, faults: faultsNamed(name) ?? [] });
      return idsWhere(async (id) => !('credits' in (await body(simulator, both(id)))));
    };

    const first = await lacking(1);
    expect(first.length).toSatisfy((count: number) => count > 5 && count < 30);
    expect(await lacking(1)).toEqual(first);
    expect(await lacking(2)).not.toEqual(first);
  });
});

describe('movies that always fail', () => {
  const always = (fault: Fault): Promise<Simulator> => simulated({ faults: [fault] });

  it('answer 500, also for all paths below', async () => {
    const simulator = await always({ kind: 'always-500', ids: [one] });

    expect(await statuses(simulator, both(one), 3)).toEqual([500, 500, 500]);
    expect(await body(simulator, `/movie/${one}/credits`)).toMatchObject({ status_code: 11 });
    expect(await statuses(simulator, both(other), 1)).toEqual([200]);
    simulator.use([]);
    expect(await statuses(simulator, both(one), 1)).toEqual([200]);
  });

  it('are the same 1 % for one seed', async () => {
    const failing = async (seed: number) => {
      const simulator = await simulated({ seed, faults: faultsNamed('always-500') ?? [] });
      return idsWhere(async (id) => (await statuses(simulator, `/movie/${id}`, 1))[0] === 500);
    };

    const first = await failing(1);
    expect(first.length).toSatisfy((count: number) => count > 0 && count < 8);
    expect(await failing(1)).toEqual(first);
    expect(await failing(2)).not.toEqual(first);
  });

  it('have a body of more than 8 MB, which is small when compressed', async () => {
    const response = await asking(await always({ kind: 'always-huge', ids: [one] }), both(one));

    expect(Number(response.headers.get('content-length'))).toBeLessThan(1e6);
    const text = await response.text();
    expect(text.length).toBeGreaterThan(8 * 1024 * 1024);
    expect(JSON.parse(text)).toMatchObject({ id: one, credits: {} });
  });

  it('redirect to another host', async () => {
    const headers = { authorization: 'Bearer simulator' };
    const redirected = async (fault: Fault) => {
      const { status, headers: got } = await asking(await always(fault), both(one), { headers, redirect: 'manual' });
      return [status, got.get('location')];
    };
    const to = 'http://127.0.0.1:1/3/movie/1';

    expect(await redirected({ kind: 'always-redirect', ids: [one] })).toEqual([302, 'https://elsewhere.example/3/']);
    expect(await redirected({ kind: 'always-redirect', ids: [one], to })).toEqual([302, to]);
  });

  it('always have the same wrong shape', async () => {
    const simulator = await always({ kind: 'always-wrong-shape', ids: [one, other] });
    const text = async (id: number) => (await asking(simulator, both(id))).text();
    const right = await (await asking(await simulated(), both(one))).text();

    expect(await text(one)).toBe(await text(one));
    expect(await text(one)).not.toBe(right);
    simulator.use([{ kind: 'always-wrong-shape', ids: [one], as: 'null' }]);
    expect(await text(one)).toBe('null');
  });

  it('answer 401 to a wrong token', async () => {
    const simulator = await always({ kind: 'always-500', ids: [one] });

    expect((await asking(simulator, both(one), {})).status).toBe(401);
  });
});
