import { describe, expect, it } from 'vitest';
import { type Fault, faultsNamed } from '../../../local/simulator/faults.ts';
import { asking, body, catalogue, simulated, statuses } from './asking.ts';

const MOVIE = `/movie/${catalogue().movies[0]?.id}`;

describe('token-echo', () => {
  const faults: Fault[] = [{ kind: 'token-echo' }];

  it('puts the token into a tagline, overviews and an error message', async () => {
    const simulator = await simulated({ faults, token: 'a-secret' });
    const said = async (path: string) =>
      (await asking(simulator, path, { headers: { authorization: 'Bearer a-secret' } })).text();

    expect(await said(MOVIE)).toContain('"tagline":"a-secret"');
    expect((await said('/movie/popular')).split('"overview":"a-secret"')).toHaveLength(21);
    expect(await said('/movie/1')).toContain('could not be found. (a-secret)"');
  });

  it('puts it into the responses of other faults', async () => {
    const simulator = await simulated({
      faults: [...faults, { kind: 'always-500', ids: [1] }, { kind: 'bad-gateway', share: 1, under: '/tv' }],
    });

    expect((await body(simulator, '/movie/1')).status_message).toContain('(simulator)');
    expect(await (await asking(simulator, '/tv/popular')).text()).toContain('simulator');
  });
});

describe('a revoked token', () => {
  it('is rejected after the given number of requests, with code 7', async () => {
    const simulator = await simulated({ faults: faultsNamed('token-revoked-after-3') ?? [] });

    expect(await statuses(simulator, MOVIE, 5)).toEqual([200, 200, 200, 401, 401]);
    expect(await body(simulator, '/authentication')).toMatchObject({ status_code: 7 });
    simulator.use([]);
    expect(await statuses(simulator, MOVIE, 1)).toEqual([200]);
  });

  it('is counted from the time at which the fault is set', async () => {
    const simulator = await simulated();
    await statuses(simulator, MOVIE, 5);
    simulator.use([{ kind: 'token-revoked', after: 1, times: 1 }]);

    expect(await statuses(simulator, MOVIE, 4)).toEqual([200, 401, 200, 200]);
  });

  it('is rejected once with token-401-once', async () => {
    const simulator = await simulated({ faults: faultsNamed('token-401-once') ?? [] });
    const seen = await statuses(simulator, '/configuration', 120);

    expect(seen.filter((status) => status === 401)).toHaveLength(1);
    expect(seen[100]).toBe(401);
  });
});
