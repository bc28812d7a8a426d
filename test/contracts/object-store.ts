import { buffer } from 'node:stream/consumers';
import pLimit from 'p-limit';
import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../lib/raw-zone/object-store.ts';

/** In S3's order, by bytes. A dictionary has the keys with _ first. */
const more = Array.from({ length: 1_001 }, (_, at) => `many/${at < 501 ? '' : '_'}${String(at).padStart(4, '0')}.json`);
const KEYS = ['plain.json', 'ação & crime/filmes 100%.csv', 'a+b=c,d;e.csv', "it's (a) part!.json", '🎬.json'];

/** The tests that every store must pass. A new adapter is finished when it passes them. */
export const objectStoreContract = (name: string, open: () => Promise<ObjectStore>) =>
  describe(`object store: ${name}`, () => {
    const textAt = async (store: ObjectStore, key: string) => (await store.get(key))?.body.toString();
    const filled = async (...keys: string[]) => {
      const store = await open();
      const atOnce = pLimit(20);
      await Promise.all(keys.map((key) => atOnce(() => store.put(key, key))));
      return store;
    };

    it('overwrites, so that a retried write leaves one object', async () => {
      const store = await open();
      await store.put('Raw/a.json', 'first');
      await store.put('Raw/a.json', 'second');

      expect(await textAt(store, 'Raw/a.json')).toBe('second');
      expect(await store.list('Raw/')).toEqual(['Raw/a.json']);
    });

    it('returns the same bytes that were written', async () => {
      const store = await open();
      const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, at) => (at * 7919) % 256));
      await store.put('bytes.gz', bytes, { contentType: 'application/gzip' });

      expect((await store.get('bytes.gz'))?.body.equals(bytes)).toBe(true);
    });

    it('stores an empty object', async () => {
      const store = await open();
      await store.put('empty.json', Buffer.alloc(0));

      expect(await textAt(store, 'empty.json')).toBe('');
    });

    it('streams an object, with its size', async () => {
      const store = await open();
      const bytes = Buffer.alloc(300_000, 'id|genero\n');
      await store.put('movies.csv', bytes);
      const streamed = await store.stream('movies.csv');

      expect(streamed?.bytes).toBe(300_000);
      expect(streamed && (await buffer(streamed.body)).equals(bytes)).toBe(true);
    });

    it('returns undefined for a key that was never written', async () => {
      const store = await filled('Raw/a.json');

      expect(await store.get('Raw/a')).toBeUndefined();
      expect(await store.stream('Raw/a')).toBeUndefined();
    });

    it('returns the same ETag for a write and a read, and another ETag after a change', async () => {
      const store = await open();
      const first = await store.put('a.json', 'first');
      expect((await store.get('a.json'))?.etag).toBe(first.etag);
      const second = await store.put('a.json', 'second');

      expect((await store.get('a.json'))?.etag).toBe(second.etag);
      expect(second.etag).not.toBe(first.etag);
    });

    it.each(KEYS)('accepts the key %s', async (key) => {
      const store = await filled(key);

      expect(await textAt(store, key)).toBe(key);
      expect(await store.list('')).toEqual([key]);
      await store.remove([key]);
      expect(await store.list('')).toEqual([]);
    });

    it('lists all keys that begin with a prefix, in order', async () => {
      const store = await filled('a/2.json', 'a/10.json', 'a/b/1.json', 'ab.json', 'b/1.json', 'A/1.json');

      expect(await store.list('a/')).toEqual(['a/10.json', 'a/2.json', 'a/b/1.json']);
      expect(await store.list('a')).toEqual(['a/10.json', 'a/2.json', 'a/b/1.json', 'ab.json']);
      expect(await store.list('c')).toEqual([]);
    });

    it("lists and removes more than 1,000 keys, which is S3's limit for one request", async () => {
      const store = await filled(...more, 'other.json');
      expect(await store.list('many/')).toEqual(more);

      await store.remove(more);

      expect(await store.list('')).toEqual(['other.json']);
    });

    it('lists the folders on the next level, and only those', async () => {
      const store = await filled('_runs/d/2026-11-20/r1/run.json', '_runs/d/2026-11-20/r2/run.json', '_runs/d/x.json');

      expect(await store.folders('_runs/d/')).toEqual(['2026-11-20/']);
      expect(await store.folders('_runs/d/2026-11-20/')).toEqual(['r1/', 'r2/']);
      expect(await store.folders('_runs/e/')).toEqual([]);
    });

    it('finds the key below a prefix that was written last', async () => {
      const store = await filled('b.json');
      for (const day of ['19', '20', '21']) await store.put(`a/${day}/movies.csv`, day);
      await store.remove(['a/21/movies.csv']);
      await store.put('ab.json', 'last of all');

      expect(await store.newest('a/', () => true)).toBe('a/20/movies.csv');
      expect(await store.newest('c/', () => true)).toBeUndefined();
    });

    it('knows what was written last of the objects that are wanted, by key and size', async () => {
      const store = await filled('a/19/movies.csv');
      await store.put('a/20/movies.csv', '');
      await store.put('a/21/', '');

      expect(await store.newest('a/', ({ bytes }) => bytes > 0)).toBe('a/19/movies.csv');
      expect(await store.newest('a/', ({ key }) => key.endsWith('.csv'))).toBe('a/20/movies.csv');
      expect(await store.newest('a/', ({ bytes }) => bytes > 1_000)).toBeUndefined();
    });

    it('removes objects, and ignores keys that do not exist', async () => {
      const store = await filled('a.json', 'b.json');
      await store.remove(['a.json', 'never.json']);
      await store.remove([]);

      expect(await store.list('')).toEqual(['b.json']);
    });

    describe('conditional writes', () => {
      it('write if the object does not exist yet', async () => {
        const store = await open();

        expect(await store.putIf('lock.json', 'mine', undefined)).toMatchObject({ etag: expect.any(String) });
        expect(await store.putIf('lock.json', 'theirs', undefined)).toBeUndefined();
        expect(await textAt(store, 'lock.json')).toBe('mine');
      });

      it('write if the object has not changed since it was read', async () => {
        const store = await filled('lock.json');
        const read = (await store.get('lock.json'))?.etag;

        expect(await store.putIf('lock.json', 'mine', read)).toMatchObject({ etag: expect.any(String) });
        expect(await store.putIf('lock.json', 'theirs', read)).toBeUndefined();
        expect(await textAt(store, 'lock.json')).toBe('mine');
      });

      it('do not write if the object to replace was deleted', async () => {
        const store = await filled('lock.json');
        const read = (await store.get('lock.json'))?.etag;
        await store.remove(['lock.json']);

        expect(await store.putIf('lock.json', 'mine', read)).toBeUndefined();
        expect(await store.list('')).toEqual([]);
      });

      it('succeed for one of many concurrent writers', async () => {
        const store = await open();
        const tries = await Promise.all(more.slice(0, 10).map((who) => store.putIf('lock.json', who, undefined)));

        expect(tries.filter((stored) => stored !== undefined)).toHaveLength(1);
      });
    });
  });
