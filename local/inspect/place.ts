import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Day } from '../../lib/day.ts';
import { BadInputError } from '../../lib/parse.ts';
import type { ReadableStore } from '../../lib/raw-zone/object-store.ts';
import { daysOf } from '../../lib/runs/day-manifest.ts';
import { layout } from '../../lib/runs/layout.ts';
import { bucketServices } from '../../lib/wiring.ts';
import { folderStore } from '../bucket/folder-store.ts';
import type { Options } from '../options.ts';
import { messageFor } from '../upload/s3-errors.ts';
import { BucketError } from './bucket-error.ts';
import type { InspectOptions } from './options.ts';

/** The bucket that a command reads. */
export interface Place {
  store: ReadableStore;
  /** Location of the bucket for a person: a folder, or s3://name. */
  shown: string;
}

/**
 * Opens the bucket that --out or --bucket names. A run may write to it at the same time.
 *
 * @throws {BadInputError} The folder has no bucket.
 */
export const openPlace = ({ out, bucket }: InspectOptions, env: NodeJS.ProcessEnv): Place => {
  if (bucket !== undefined) return { store: bucketServices({ ...env, BUCKET: bucket }).store, shown: `s3://${bucket}` };
  const shown = join(out, 'bucket');
  if (!existsSync(resolve(shown)))
    throw new BadInputError(`--out: ${out} has no bucket; use the folder of a run, or start one with npm start.`);
  return { store: folderStore(resolve(shown)), shown };
};

/**
 * The day that --day names, or the newest day of the dataset that has manifests.
 *
 * @throws {BadInputError} There is no such day.
 */
export const dayToInspect = async ({ store, shown }: Place, { dataset, day }: InspectOptions): Promise<Day> => {
  const days = await daysOf(store, dataset);
  const newest = days.at(-1);
  if (newest === undefined)
    throw new BadInputError(
      `--dataset: ${shown} has no manifest of dataset ${dataset}; use another dataset, --out or --bucket.`,
    );
  if (day === undefined || days.includes(day)) return day ?? newest;
  throw new BadInputError(
    `--day: ${shown} has no manifest of dataset ${dataset} on ${day}; use one of ${days.slice(-DAYS_SHOWN).join(', ')}.`,
  );
};

/** Days that a message names, the newest ones. */
const DAYS_SHOWN = 5;

/** Permissions of a command that reads. */
const READ = 's3:ListBucket and s3:GetObject';

/**
 * Runs a command that reads a place. An error of S3 becomes one sentence.
 *
 * @param permissions What the command needs on a bucket in AWS.
 * @throws {BucketError}
 */
export const reading = async <Result>(
  { bucket }: Pick<InspectOptions, 'bucket'>,
  work: () => Promise<Result>,
  permissions = READ,
): Promise<Result> => {
  try {
    return await work();
  } catch (error) {
    if (bucket === undefined || error instanceof BadInputError) throw error;
    const message = messageFor(error, `s3://${bucket}`, bucket, permissions);
    if (message === undefined) throw error;
    throw new BucketError(message, { cause: error });
  }
};

/**
 * Asks a bucket in AWS one question, so that a wrong name, region or identity is reported before a run begins.
 *
 * @throws {BucketError}
 */
export const checkBucket = (
  bucket: string,
  { dataset, dryRun }: Options['input'],
  env: NodeJS.ProcessEnv,
): Promise<void> =>
  reading(
    { bucket },
    async () => void (await bucketServices({ ...env, BUCKET: bucket }).store.folders(layout.daysOfRuns(dataset))),
    dryRun ? READ : 's3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject',
  );
