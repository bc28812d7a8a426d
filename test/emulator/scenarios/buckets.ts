import { join } from 'node:path';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadBucketCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { BUCKET, DAY, type Scenario } from '../emulated.ts';

/** A bucket that no stack of ours has made. */
const THEIRS = 'of-another-team';

const makeTheirs = async (s3: S3Client) => {
  await s3.send(new CreateBucketCommand({ Bucket: THEIRS }));
  await s3.send(new PutObjectCommand({ Bucket: THEIRS, Key: 'theirs.txt', Body: 'theirs' }));
};
const theirFile = async (s3: S3Client) =>
  (await s3.send(new GetObjectCommand({ Bucket: THEIRS, Key: 'theirs.txt' }))).Body?.transformToString();
const exists = (s3: S3Client, Bucket: string) =>
  s3.send(new HeadBucketCommand({ Bucket })).then(
    () => true,
    () => false,
  );

export const anotherBucket: Scenario = {
  title: 'A stage keeps its bucket, and leaves the buckets of others alone',
  run: async ({ work, s3, check, slsSucceeds, slsRefuses, rawZone, start, ended }) => {
    await makeTheirs(s3);
    const ours = await rawZone('Raw/');

    await slsRefuses(
      /Stage emulator has its data in bucket emulated-raw-zone, but the parameter bucket is of-another-team:/,
      ...['deploy', '--param', `bucket=${THEIRS}`],
    );
    const printed = await slsSucceeds('deploy', '--param', 'tags=team=data'); // without the parameter bucket
    check('a deployment without the parameter uses the bucket of the stage', printed, /bucket: +emulated-raw-zone\n/);
    const { output } = await ended(await start({ dataset: 'crime-war', day: DAY, dryRun: true }));
    check('its functions do too', output, /"outcome": ?"dryRun"/);
    check('the raw zone is as before', await rawZone('Raw/'), ours);

    const folder = join(work, 'package');
    await slsSucceeds('package', '--package', folder);
    await slsRefuses(
      /The package was made for bucket bucket-not-named, but the bucket of stage emulator is emulated-raw-zone: package again with --param=bucket=emulated-raw-zone\./,
      ...['deploy', '--package', folder],
    );

    await slsRefuses(
      /The bucket of stage emulator is emulated-raw-zone, but the parameter deleteBucket is of-another-team: nothing was removed/,
      ...['remove', '--param', `deleteBucket=${THEIRS}`],
    );
    await slsRefuses(/no parameter keepBucket any more/, 'remove', '--param', 'keepBucket=false');
    check('their bucket is untouched', await theirFile(s3), 'theirs');
    check('ours too', await rawZone('Raw/'), ours);
    await slsSucceeds('info');

    await slsRefuses(
      /Stage second has no bucket yet: choose one with --param=bucket=<name>/,
      'deploy',
      '--stage',
      'second',
    );
    await slsSucceeds(
      ...['deploy', '--stage', 'second', '--param', 'existingBucket=true', '--param', `bucket=${THEIRS}`],
    );
    check(
      'a stage in a bucket that existed before uses it again without parameters',
      await slsSucceeds('deploy', '--stage', 'second'),
      /bucket: +of-another-team\n/,
    );
    await slsRefuses(
      /Stage second has no bucket of its own, but the parameter deleteBucket is of-another-team: nothing was removed/,
      ...['remove', '--stage', 'second', '--param', `deleteBucket=${THEIRS}`],
    );
    await slsSucceeds('remove', '--stage', 'second');
    check('their bucket is untouched', await theirFile(s3), 'theirs');
  },
};

export const deleteBucket: Scenario = {
  title: 'Remove with the bucket',
  run: async ({ s3, check, slsSucceeds, keysWithPrefix }) => {
    await makeTheirs(s3);
    check('before, the bucket has objects', (await keysWithPrefix('')).length > 0, true);
    await slsSucceeds('remove', '--param', `deleteBucket=${BUCKET}`);
    check('the bucket is gone', await exists(s3, BUCKET), false);
    check('their bucket is untouched', await theirFile(s3), 'theirs');
  },
};
