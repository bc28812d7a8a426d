import { describe, expect, it } from 'vitest';
import { branchRef } from '../../lib/names.ts';
import { crime2017 } from './crime-2017.ts';

const ref = { dataset: 'crime-war', day: '2026-11-20', run: 'friday', branch: 'crime-2017' } as const;

describe('a name', () => {
  it('of a branch, followed by a UUID, fits into the name of an execution of Step Functions', () => {
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
  ])('cannot be %j, so no name leads out of its folder', (wrong) => {
    expect(branchRef.safeParse({ ...ref, ...wrong }).success).toBe(false);
    expect(branchRef.safeParse(crime2017()).success).toBe(true);
  });
});
