import { describe, expect, it } from 'vitest';
import { isUploadKey, layout } from '../../../lib/runs/layout.ts';

const ref = { dataset: 'crime-war', day: '2026-11-20', run: 'friday', branch: 'crime-2017' } as const;

describe('the layout of the bucket', () => {
  it('is as documented', () => {
    expect({
      lock: layout.lock(ref),
      run: layout.run(ref),
      plan: layout.plan(ref),
      failed: layout.failed(ref),
      list: layout.list(ref),
      pages: layout.pages(ref, 'pass-1'),
      chunk: layout.chunk(ref, 'ab'),
      branchManifest: layout.branchManifest(ref),
      leftOut: layout.leftOut(ref),
      dayManifest: layout.dayManifest(ref),
      latest: layout.latest(ref.dataset),
      quarantine: layout.quarantine(ref, 7),
    }).toEqual({
      lock: '_runs/crime-war/2026-11-20/lock.json',
      run: '_runs/crime-war/2026-11-20/friday/run.json',
      plan: '_runs/crime-war/2026-11-20/friday/plan/crime-2017.json',
      failed: '_runs/crime-war/2026-11-20/friday/failed/crime-2017.json',
      list: '_runs/crime-war/2026-11-20/friday/work/crime-2017/list.json.zst',
      pages: '_runs/crime-war/2026-11-20/friday/work/crime-2017/pages/pass-1.json.zst',
      chunk: '_runs/crime-war/2026-11-20/friday/work/crime-2017/chunks/ab.json.zst',
      branchManifest: '_manifests/crime-war/2026-11-20/branches/crime-2017.json',
      leftOut: '_manifests/crime-war/2026-11-20/left-out/crime-2017.json',
      dayManifest: '_manifests/crime-war/2026-11-20/manifest.json',
      latest: '_manifests/crime-war/latest.json',
      quarantine: '_quarantine/crime-war/2026-11-20/crime-2017/7.json',
    });
  });

  it('has one folder for all branches of a day, and one for all days', () => {
    expect(layout.branchManifest(ref)).toContain(layout.branchManifests(ref));
    expect(layout.run(ref)).toContain(layout.daysOfRuns(ref.dataset));
    expect(layout.pages(ref, 'x')).toContain(layout.pagesFolder(ref));
    expect(layout.chunk(ref, 'x')).toContain(layout.chunksFolder(ref));
  });
});

describe('an upload', () => {
  it('is a key below one of the folders of uploads', () => {
    const key = layout.upload('Movies', '2026-11-20', 'movies.csv');

    expect(key).toBe('Raw/Local/CSV/Movies/2026/11/20/movies.csv');
    expect(
      [key, layout.uploads('Movies'), '_runs/x', 'Raw/Local/CSV/Music/x.csv', `${key}\n`].map(isUploadKey),
    ).toEqual([true, false, false, false, false]);
  });
});
