import { gzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { branchWork, type Kept, type Outcome } from '../../../lib/runs/work.ts';
import { memoryStore } from '../../doubles/memory-store.ts';
import { crime2017 } from '../crime-2017.ts';

const kept = <Value>(value: Value): Kept<Value> => ({
  tally: { requests: 1, retries: 0, throttles: 0 },
  from: '2026-11-20T12:00:00.000Z',
  to: '2026-11-20T12:00:01.000Z',
  value,
});
const gone = (...ids: number[]): Outcome[] => ids.map((id) => ({ id, outcome: 'gone' }));

describe('the work of a branch', () => {
  it('is loaded as it was stored', async () => {
    const work = branchWork(memoryStore(), crime2017());
    const listing = { items: [{ id: 1 }], expected: 1, listed: 1, doubled: 0, passes: 1, warnings: ['“Größe”'] };
    await work.keepListing(kept(listing));
    await work.keepPages('pass-1-1', kept([{ page: 1 }]));
    await work.keepChunk(kept(gone(1, 2)));

    expect(await work.listing()).toEqual(kept(listing));
    expect(await work.pages('pass-1-1')).toEqual(kept([{ page: 1 }]));
    expect(await Array.fromAsync(work.chunks())).toEqual([kept(gone(1, 2))]);
  });

  it('is also loaded where it was stored with gzip, as it was before 2026-11-26', async () => {
    const store = memoryStore();
    const work = branchWork(store, crime2017());
    const listing = { items: [{ id: 1 }], expected: 1, listed: 1, doubled: 0, passes: 1, warnings: [] };
    await work.keepListing(kept(listing));
    await work.keepPages('pass-1-1', kept([{ page: 1 }]));
    await work.keepChunk(kept(gone(1, 2)));
    for (const key of store.keys()) {
      const body = (await store.get(key))?.body ?? Buffer.of();
      await store.put(key.replace(/zst$/, 'gz'), gzipSync(zstdDecompressSync(body)));
      await store.remove([key]);
    }

    expect(await work.listing()).toEqual(kept(listing));
    expect(await work.pageNames()).toEqual(['pass-1-1']);
    expect(await work.pages('pass-1-1')).toEqual(kept([{ page: 1 }]));
    expect(await Array.fromAsync(work.chunks())).toEqual([kept(gone(1, 2))]);
  });

  it('is undefined before it is stored', async () => {
    const work = branchWork(memoryStore(), crime2017());

    expect([await work.listing(), await work.pages('pass-1-1'), await Array.fromAsync(work.chunks())]).toEqual([
      undefined,
      undefined,
      [],
    ]);
  });

  it('is separate from other branches and other runs', async () => {
    const store = memoryStore();
    await branchWork(store, crime2017()).keepChunk(kept(gone(1)));

    for (const other of [{ branch: 'crime-2018' }, { run: 'saturday' }, { branch: 'crime-201' }])
      expect(await Array.fromAsync(branchWork(store, crime2017(other)).chunks())).toEqual([]);
  });

  it('of two walkers has different names, so neither overwrites the other', async () => {
    const store = memoryStore();
    const [one, other] = [branchWork(store, crime2017()), branchWork(store, crime2017())];
    await Promise.all([
      one.keepChunk(kept(gone(1, 2))),
      other.keepChunk(kept(gone(2, 3))),
      one.keepChunk(kept(gone(3))),
    ]);

    expect((await Array.fromAsync(one.chunks())).map(({ value }) => value.map(({ id }) => id)).toSorted()).toEqual([
      [1, 2],
      [2, 3],
      [3],
    ]);
  });

  it('can remove the pages of an incomplete list, and nothing else', async () => {
    const work = branchWork(memoryStore(), crime2017());
    await work.keepPages('pass-1-1', kept([]));
    await work.keepPages('pass-1-2', kept([]));
    await work.keepChunk(kept(gone(1)));
    await work.forgetPages();

    expect([await work.pages('pass-1-1'), await work.pages('pass-1-2')]).toEqual([undefined, undefined]);
    expect(await Array.fromAsync(work.chunks())).toHaveLength(1);
  });
});
