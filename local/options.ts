import * as z from 'zod';
import { BadInputError, parse } from '../lib/parse.ts';
import { runInput } from '../lib/stages/plan-input.ts';
import { usableToken } from '../lib/tmdb/token.ts';
import { bucketName } from './bucket-name.ts';
import { defaultFolder } from './default-folder.ts';
import { refuseKeptByNpm } from './npm-options.ts';
import { asOptions, readArgs, withOptions } from './option-words.ts';
import { FAULT_GROUPS, FAULT_NAMES, faultsNamed } from './simulator/faults.ts';

export const USAGE = `npm start [-- options]          run the whole pipeline on this machine

  --dataset NAME      a dataset in datasets/ (crime-war)
  --only BRANCH       run only this branch, such as crime-2017; repeat the option, or separate branches with commas
  --day YYYY-MM-DD    day of the run (today, in the dataset's time zone)
  --years 2012-2022   years to ingest, instead of the dataset's years
  --upload KEY        key of the CSV to read, instead of the newest one in the bucket
  --out DIR           folder for all files of the pipeline (.local with the simulator, .tmdb with TMDB)
  --resume RUN        continue this run: only its unfinished branches
  --reshape RUN|DAY   write the kept answers of this run or day again, as the dataset is now; requests nothing
  --bucket NAME       a bucket in AWS, instead of the embedded one
  --give-up-after N   seconds to wait for TMDB in an outage, before the run ends (600)
  --dry-run           print what a run would do and cost, and write nothing
  --json              with --dry-run: print it as JSON
  --catalogue FILE    movies that the simulator serves: TMDB details as JSON lines, plain or .gz
  --faults NAME       faults of the simulator (none): one of the names below
  --ceiling N         requests per second that the simulator allows (40), or none
  --latency FROM-TO   response time of the simulator in milliseconds (40-120)
  --seed N            seed of the simulator's response times and faults (random)
  --help, -h          print this text
  --version           print the version

Faults of the simulator:
${FAULT_GROUPS.map((group) => `  ${group}`).join('\n')}

Without TMDB_TOKEN, the run uses the simulator. With TMDB_TOKEN, it uses TMDB, or the API at TMDB_BASE_URL.
The file .env is read first; a variable that is set already wins, also where it is empty (TMDB_TOKEN= npm start).
TMDB_REQUESTS_PER_SECOND sets the first request rate (36), WALKERS_AT_ONCE the number of branches that run at once
(4, or 8 with more than 100 requests a second).
Exit codes: 0 complete, 1 failed or incomplete, 2 wrong usage, 130 stopped by Ctrl-C, 129 or 143 by another signal.
`;

const COMMAND = 'npm start';

const OPTIONS = {
  dataset: { type: 'string', default: 'crime-war' },
  only: { type: 'string', multiple: true },
  day: { type: 'string' },
  years: { type: 'string' },
  upload: { type: 'string' },
  out: { type: 'string' },
  resume: { type: 'string' },
  /** Earlier name of --resume. */
  redrive: { type: 'string' },
  reshape: { type: 'string' },
  bucket: { type: 'string' },
  'give-up-after': { type: 'string', default: '600' },
  'dry-run': { type: 'boolean' },
  json: { type: 'boolean' },
  catalogue: { type: 'string' },
  faults: { type: 'string', default: 'none' },
  ceiling: { type: 'string', default: '40' },
  latency: { type: 'string', default: '40-120' },
  seed: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

/** A message of the planner about the input of a run, in the words of this command line. */
export const inOptions = (message: string): string => withOptions(OPTIONS, message);

const faults = z.string().refine((name) => faultsNamed(name) !== undefined, `use one of ${FAULT_NAMES.join(', ')}`);

/** A day at most, which is the longest time of a run in AWS. */
const giveUpAfter = z.object({
  'give-up-after': z
    .string()
    .regex(/^\d{1,5}$/, 'use a whole number of seconds, at most 86400')
    .transform(Number)
    .pipe(z.number().max(86_400)),
});

const simulator = z.object({
  faults,
  catalogue: z.string().optional(),
  ceiling: z.union(
    [z.literal('none').transform(() => false as const), z.coerce.number().positive('use a number above 0, or none')],
    'use a number above 0, or none',
  ),
  latency: z
    .string()
    .regex(/^\d+-\d+$/, 'use milliseconds, such as 40-120')
    .transform((text) => {
      const [from = 0, to = from] = text.split('-').map(Number);
      return { from, to };
    })
    .refine(({ from, to }) => from <= to, 'use a first number that is at most the second'),
  seed: z.string().regex(/^\d+$/, 'use a whole number').transform(Number).optional(),
});

export type SimulatorSettings = z.output<typeof simulator>;

export interface Options {
  /** The run's input, as the planner reads it. */
  input: { dataset: string; resume?: string; reshape?: string } & Record<string, unknown>;
  out: string;
  bucket: string | undefined;
  /** Longest outage of TMDB that the run waits for. */
  giveUpAfterSeconds: number;
  /** undefined where the run uses a real TMDB API, or requests nothing. */
  simulator: SimulatorSettings | undefined;
  /** Whether a dry run prints JSON. */
  json: boolean;
  /** Options that the resume command repeats. */
  again: string[];
}

/**
 * Reads the command line.
 *
 * @param env TMDB_TOKEN decides whether the simulator is used.
 * @throws {BadInputError} Names the option.
 */
export const readOptions = (argv: readonly string[], env: NodeJS.ProcessEnv): Options => {
  refuseKeptByNpm(COMMAND, OPTIONS, argv, env);
  const { values } = readArgs(COMMAND, OPTIONS, argv);
  const real = Boolean(env.TMDB_TOKEN);
  if (real) checkToken(env.TMDB_TOKEN);
  if (!real && env.TMDB_BASE_URL)
    throw new BadInputError(
      'TMDB_BASE_URL is set, but TMDB_TOKEN is not: set TMDB_TOKEN too, or unset TMDB_BASE_URL to use the simulator.',
    );
  const given = Object.keys(OPTIONS).filter((name) =>
    argv.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`)),
  );
  const onlySimulated = given.find((name) => ['catalogue', 'faults', 'ceiling', 'latency', 'seed'].includes(name));
  if (values.reshape !== undefined && onlySimulated)
    throw new BadInputError(`--${onlySimulated}: leave it out; --reshape requests nothing, so there is no simulator.`);
  if (real && onlySimulated)
    throw new BadInputError(
      `--${onlySimulated} is only for the simulator, but TMDB_TOKEN is set: remove the option, or unset TMDB_TOKEN.`,
    );

  const { only, day, years, upload, reshape, resume = values.redrive } = values;
  const input = {
    dataset: values.dataset,
    ...(resume !== undefined && { resume }),
    ...(reshape !== undefined && { reshape }),
    ...(only && { only: only.flatMap((names) => names.split(',')) }),
    ...(day !== undefined && { day }),
    ...(years !== undefined && { years }),
    ...(upload !== undefined && { upload }),
    ...(values['dry-run'] && { dryRun: true }),
  };
  asOptions(OPTIONS, () => parse(runInput, input, 'options'));
  if (values.json && !values['dry-run'])
    throw new BadInputError('--json: use it with --dry-run only; a run prints lines, and its manifests are JSON.');
  if (values.out === '') throw new BadInputError('--out: use a folder; got "".');
  if (values.bucket !== undefined) asOptions(OPTIONS, () => parse(z.object({ bucket: bucketName }), values, 'options'));
  // Invented movies may be written to the bucket of an emulator.
  const inAws = !env.AWS_ENDPOINT_URL && !env.AWS_ENDPOINT_URL_S3;
  if (values.bucket !== undefined && inAws && !real && !onlySimulated && reshape === undefined)
    throw new BadInputError(
      '--bucket: TMDB_TOKEN is not set, so the run would write invented movies of the simulator to a bucket in AWS. Set TMDB_TOKEN, or add --seed 1 if you want the invented movies.',
    );
  return {
    input,
    out: values.out ?? defaultFolder(env),
    bucket: values.bucket,
    json: values.json ?? false,
    giveUpAfterSeconds: asOptions(OPTIONS, () => parse(giveUpAfter, values, 'options'))['give-up-after'],
    simulator:
      real || reshape !== undefined ? undefined : asOptions(OPTIONS, () => parse(simulator, values, 'options')),
    again: given.flatMap((name) =>
      AGAIN.includes(name) || (values.bucket !== undefined && name === onlySimulated)
        ? [`--${name}`, String(values[name as keyof typeof values])]
        : [],
    ),
  };
};

/**
 * Options that the command to continue a run repeats. With --bucket, it also repeats an option of the simulator: without
 * one, npm start refuses to write invented movies to AWS.
 */
const AGAIN = ['out', 'bucket', 'catalogue'];

/** Checked again for each request, where it can come from SSM. Here, a person gets the answer at once. */
const checkToken = (token: string | undefined): void => {
  try {
    usableToken(token);
  } catch (error) {
    throw new BadInputError((error as Error).message);
  }
};
