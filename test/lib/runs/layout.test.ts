import { describe, expect, it } from 'vitest';
import { branchRef, places } from '../../../lib/runs/layout.ts';
import { crime2017 } from '../crime-2017.ts';

const ref = { dataset: 'crime-war', day: '2026-11-20', run: 'friday', branch: 'crime-2017' } as const;

describe('where things lie', () => {
  it('is what docs and people go by', () => {
    expect({
      lock: places.lock(ref),
      run: places.run(ref),
      plan: places.plan(ref),
      failed: places.failed(ref),
      work: places.work(ref),
      branchManifest: places.branchManifest(ref),
      dayManifest: places.dayManifest(ref),
      latest: places.latest(ref.dataset),
      quarantine: places.quarantine(ref, 7),
    }).toEqual({
      lock: '_runs/crime-war/2026-11-20/lock.json',
      run: '_runs/crime-war/2026-11-20/friday/run.json',
      plan: '_runs/crime-war/2026-11-20/friday/plan/crime-2017.json',
      failed: '_runs/crime-war/2026-11-20/friday/failed/crime-2017.json',
      work: '_runs/crime-war/2026-11-20/friday/work/crime-2017/',
      branchManifest: '_manifests/crime-war/2026-11-20/branches/crime-2017.json',
      dayManifest: '_manifests/crime-war/2026-11-20/manifest.json',
      latest: '_manifests/crime-war/latest.json',
      quarantine: '_quarantine/crime-war/2026-11-20/crime-2017/7.json',
    });
  });

  it('lies below one place for all branches of a day, and for all days', () => {
    expect(places.branchManifest(ref)).toContain(places.branchManifests(ref));
    expect(places.run(ref)).toContain(places.days(ref.dataset));
  });
});

describe('a name', () => {
  it('of a branch, with a UUID behind it, fits an execution of Step Functions', () => {
    const longest = 'a'.repeat(43);

    expect(branchRef.parse({ ...ref, branch: longest }).branch).toBe(longest);
    expect(`${longest}-${crypto.randomUUID()}`).toHaveLength(80);
    expect(branchRef.safeParse({ ...ref, branch: `${longest}a` }).success).toBe(false);
  });

  it.each([
    ...['..', '../crime-war', 'a/b', 'Crime', 'a b', ''].map((dataset) => ({ dataset })),
    ...['..', 'a/b', '-a', 'a.b', '', 'a'.repeat(81)].map((run) => ({ run })),
    ...['..', 'a/b', 'crime--2017', '-crime', 'crime-', 'Crime-2017', ''].map((branch) => ({ branch })),
    ...['2026-02-30', '../x', ''].map((day) => ({ day })),
  ])('is not %j: nothing leads out of its folder', (wrong) => {
    expect(branchRef.safeParse({ ...ref, ...wrong }).success).toBe(false);
    expect(branchRef.safeParse(crime2017()).success).toBe(true);
  });
});
