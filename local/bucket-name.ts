import * as z from 'zod';

/** A bucket name. It checks only the rules of S3 that catch typing errors. */
export const bucketName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    'use a bucket name of 3 to 63 lower-case letters, digits, dots and hyphens',
  );
