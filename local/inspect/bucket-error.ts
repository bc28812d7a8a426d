/** A bucket can't be read: no such bucket, no access, no connection, a damaged file. The message says what to do. */
export class BucketError extends Error {
  override readonly name = 'BucketError';
}
