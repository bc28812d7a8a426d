import * as z from 'zod';
import { day } from '../../lib/day.ts';
import { datasetName } from '../../lib/names.ts';
import { BadInputError, parse } from '../../lib/parse.ts';
import { bucketName } from '../bucket-name.ts';
import { defaultFolder } from '../default-folder.ts';
import { type ProgramOptions, refuseKeptByNpm } from '../npm-options.ts';
import { asOptions, readArgs } from '../option-words.ts';

/** The options that report, why, verify and watch have in common, for their --help. */
export const INSPECT_USAGE = `  --out DIR           folder of the embedded bucket, the same as for npm start (.local, or .tmdb with TMDB_TOKEN)
  --bucket NAME       a bucket in AWS, instead of the embedded one; uses the default AWS credentials
  --dataset NAME      the dataset (crime-war)
  --day YYYY-MM-DD    the day (the newest)
  --json              print JSON
  --help, -h          print this text
  --version           print the version
`;

const OPTIONS = {
  out: { type: 'string' },
  bucket: { type: 'string' },
  dataset: { type: 'string', default: 'crime-war' },
  day: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

const options = z.object({
  out: z.string().min(1, 'use a folder').optional(),
  bucket: bucketName.optional(),
  dataset: datasetName,
  day: day.optional(),
  json: z.boolean(),
});

export interface InspectOptions extends Omit<z.output<typeof options>, 'out'> {
  /** The folder whose bucket is read, if there is no `bucket`. */
  out: string;
}

/**
 * Reads the command line of report, why, verify or watch.
 *
 * @param command What a person types: npm run why.
 * @param more The options that only this command has.
 * @param env TMDB_TOKEN decides which folder is the default, as for npm start.
 * @returns The common options, the values of the other ones, and the words that are no options.
 * @throws {BadInputError} Names the option.
 */
export const readInspectOptions = <const More extends ProgramOptions>(
  command: string,
  more: More,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
) => {
  const all = { ...OPTIONS, ...more };
  refuseKeptByNpm(command, all, argv, env);
  const { values, positionals } = readArgs(command, all, argv, { files: true });
  const common = asOptions(all, () => parse(options, values, 'options'));
  if (common.out !== undefined && common.bucket !== undefined)
    throw new BadInputError('--out and --bucket name two buckets: leave one of them out.');
  return {
    options: { ...common, out: common.out ?? defaultFolder(env) } satisfies InspectOptions,
    values,
    words: positionals,
  };
};
