/** The operations that read a bucket. */
export interface ReadableStore {
  /** @returns undefined where there is no such object. */
  get(key: string): Promise<Fetched | undefined>;
  /** The object's bytes as a stream, and its size. For objects that don't fit in memory. */
  stream(key: string): Promise<{ body: AsyncIterable<Uint8Array>; bytes: number } | undefined>;
  /** Every key that begins with `prefix`, sorted by UTF-8 bytes. */
  list(prefix: string): Promise<string[]>;
  /** The key of the object below `prefix` that was written last, of those that `isWanted` selects; undefined if there is none. */
  newest(prefix: string, isWanted: (object: Listed) => boolean): Promise<string | undefined>;
  /** The names of the folders directly below `prefix`. `prefix` and the names end in a slash. */
  folders(prefix: string): Promise<string[]>;
}

/** The operations on a bucket that the pipeline uses. test/contracts/object-store.ts tests what each implementation must do. */
export interface ObjectStore extends ReadableStore {
  /** Writes an object and overwrites an existing one, so a retried write leaves one object. */
  put(key: string, body: string | Uint8Array, headers?: ObjectHeaders): Promise<Stored>;
  /**
   * Writes only if the object still has the ETag `etag`. If `etag` is undefined, writes only if the object doesn't exist.
   *
   * @returns undefined where another writer was faster.
   */
  putIf(
    key: string,
    body: string | Uint8Array,
    etag: string | undefined,
    headers?: ObjectHeaders,
  ): Promise<Stored | undefined>;
  /** Removes the objects with these keys. Ignores keys that don't exist. */
  remove(keys: readonly string[]): Promise<void>;
}

/** An object as a list shows it. */
export interface Listed {
  key: string;
  bytes: number;
}

export interface ObjectHeaders {
  contentType?: string;
}

export interface Stored {
  etag: string;
  /** Set only in a versioned bucket. */
  versionId?: string;
}

export interface Fetched {
  body: Buffer;
  etag: string;
}
