import type { DayManifest } from '../../../lib/runs/day-manifest.ts';
import { type BranchManifest, totals } from '../../../lib/runs/manifest.ts';

/** The manifest of one branch, with some fields changed. */
export const manifested = (changes: Partial<BranchManifest> = {}): BranchManifest => {
  const branch = changes.branch ?? 'crime-2017';
  return {
    dataset: 'crime-war',
    day: '2026-11-20',
    run: 'friday',
    branch,
    plannedAt: '2026-11-21T00:30:00.000Z',
    role: 'dataset',
    round: 0,
    codeVersion: '1.2.3',
    writtenAt: '2026-11-21T00:40:00.000Z',
    expected: 10,
    listed: 10,
    distinct: 10,
    doubled: 0,
    leftOut: 6,
    kept: 3,
    written: 3,
    bytes: 1_000,
    requests: 11,
    retries: 0,
    throttles: 0,
    passes: 1,
    missing: { gone: [7], quarantined: [] },
    quarantine: [],
    unavailable: [],
    warnings: [],
    fetchedAt: { from: '2026-11-21T00:31:00.000Z', to: '2026-11-21T00:39:00.000Z' },
    parts: [{ key: `Raw/TMDB/JSON/Movies/${branch}_part_1.json`, records: 3, bytes: 1_000, sha256: 'ab' }],
    ...changes,
  };
};

/** The manifest of a day without branches, with some fields changed. */
export const dayManifested = (changes: Partial<DayManifest> = {}): DayManifest => ({
  dataset: 'crime-war',
  day: '2026-11-20',
  run: 'friday',
  codeVersion: '1.2.3',
  writtenAt: '2026-11-21T00:40:00.000Z',
  complete: true,
  absent: [],
  unfinished: [],
  outdated: [],
  rewriting: [],
  warnings: [],
  ...totals([]),
  branches: [],
  ...changes,
});
