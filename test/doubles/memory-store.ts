import { createHash } from 'node:crypto';
import type { ObjectStore, Stored } from '../../lib/raw-zone/object-store.ts';

export interface MemoryStore extends ObjectStore {
  /** Keys of all writes in order. An overwritten key occurs again. */
  puts: readonly string[];
  /** All existing keys. */
  keys(): string[];
  /** An object as text. Throws if there is no object. */
  text(key: string): string;
  /** A JSON object, parsed. */
  json<Value>(key: string): Value;
}

interface Held extends Stored {
  body: Buffer;
}

/** A bucket in memory. It passes the contract of a real bucket, including conditional writes. */
export const memoryStore = ({ versioned = false } = {}): MemoryStore => {
  const objects = new Map<string, Held>();
  const puts: string[] = [];

  const keys = () => [...objects.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const put = (key: string, body: string | Uint8Array): Stored => {
    const held = Buffer.from(body as string);
    puts.push(key);
    const stored = {
      etag: `"${createHash('md5').update(held).digest('hex')}"`,
      ...(versioned && { versionId: `version-${puts.length}` }),
    };
    objects.set(key, { ...stored, body: held });
    return stored;
  };
  const text = (key: string) => {
    const object = objects.get(key);
    if (!object) throw new Error(`There is no ${key}; there are ${keys().join(', ')}.`);
    return object.body.toString();
  };

  return {
    put: async (key, body) => put(key, body),
    putIf: async (key, body, etag) => (objects.get(key)?.etag === etag ? put(key, body) : undefined),
    get: async (key) => {
      const object = objects.get(key);
      return object && { body: Buffer.from(object.body), etag: object.etag };
    },
    stream: async (key) => {
      const object = objects.get(key);
      if (!object) return undefined;
      const { body } = object;
      const inPieces = async function* () {
        for (let from = 0; from < body.length; from += 65_536) yield body.subarray(from, from + 65_536);
      };
      return { body: inPieces(), bytes: body.length };
    },
    newest: async (prefix, isWanted) =>
      puts.findLast((key) => {
        const object = objects.get(key);
        return key.startsWith(prefix) && object && isWanted({ key, bytes: object.body.length });
      }),
    list: async (prefix) => keys().filter((key) => key.startsWith(prefix)),
    folders: async (prefix) => [
      ...new Set(
        keys().flatMap((key) => (key.startsWith(prefix) ? (/^[^/]*\//.exec(key.slice(prefix.length)) ?? []) : [])),
      ),
    ],
    remove: async (gone) => {
      for (const key of gone) objects.delete(key);
    },
    puts,
    keys,
    text,
    json: (key) => JSON.parse(text(key)),
  };
};
