/** What the pipeline asks of a bucket. test/contracts/object-store.ts says what each implementation promises. */
export interface ObjectStore {
  /** Overwrites, so that a retried write leaves one object. */
  put(key: string, body: string | Uint8Array, headers?: ObjectHeaders): Promise<Stored>;
  /**
   * Writes only if the object is still the one that `etag` names, or, with undefined, if there is none.
   *
   * @returns undefined where somebody was faster.
   */
  putIf(key: string, body: string, etag: string | undefined): Promise<Stored | undefined>;
  /** @returns undefined where there is no such object. */
  get(key: string): Promise<Fetched | undefined>;
  /** The object's bytes as they come, and its size; for what is too large to hold. */
  stream(key: string): Promise<{ body: AsyncIterable<Uint8Array>; bytes: number } | undefined>;
  /** Every key that begins with `prefix`, in the order of its UTF-8 bytes. */
  list(prefix: string): Promise<string[]>;
  /** The key below `prefix` that was written last; undefined where there is none. */
  newest(prefix: string): Promise<string | undefined>;
  /** The next level below `prefix`, which ends in a slash: names that end in a slash. */
  folders(prefix: string): Promise<string[]>;
  /** Removes what is there of these. */
  remove(keys: readonly string[]): Promise<void>;
}

export interface ObjectHeaders {
  contentType?: string;
}

export interface Stored {
  etag: string;
  /** In a versioned bucket. */
  versionId?: string;
}

export interface Fetched {
  body: Buffer;
  etag: string;
}
