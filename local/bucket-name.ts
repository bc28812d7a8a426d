import * as z from 'zod';

/** S3's rules for a bucket's name, as far as a typing mistake goes. */
export const bucketName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    "a bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens",
  );
