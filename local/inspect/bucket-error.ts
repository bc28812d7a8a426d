/** A bucket in AWS can't be read: no such bucket, no access, no connection. The message says what to do. */
export class BucketError extends Error {
  override readonly name = 'BucketError';
}
