import { parseArgs } from 'node:util';
import * as z from 'zod';
import { BadInputError, parse } from '../lib/parse.ts';
import { runInput } from '../lib/stages/plan-input.ts';
import { bucketName } from './bucket-name.ts';
import { FAULT_NAMES, faultsNamed } from './simulator/faults.ts';

export const USAGE = `npm start [-- options]          the whole pipeline on this machine

  --dataset NAME      which dataset of datasets/ (crime-war)
  --only BRANCH       this branch alone, such as crime-2017; repeat the option, or separate branches with commas
  --day YYYY-MM-DD    the day that the run stands for (today, in the dataset's zone)
  --years 2012-2022   these years instead of the dataset's own
  --upload KEY        this CSV in the bucket instead of the newest one
  --out DIR           the folder for everything (.local)
  --resume RUN        continue that run: its plan, its work, only the unfinished branches
  --bucket NAME       a real bucket instead of the embedded one
  --dry-run           print what a run would do, and write nothing
  --catalogue FILE    TMDB details objects as JSON lines, .gz or not, for the simulator to serve
  --faults NAME       faults of the simulator: ${FAULT_NAMES.join(', ')}
  --ceiling N         requests a second that the simulator allows (40), or none
  --latency FROM-TO   milliseconds until the simulator answers (40-120)
  --seed N            seed of the simulator's latency and faults (another one each time)
  --help              print this text

With TMDB_TOKEN set, the run asks the real TMDB; with TMDB_BASE_URL too, the TMDB at that address.
TMDB_REQUESTS_PER_SECOND sets the pace (36), WALKERS_AT_ONCE the branches that run at once (4).
Exit code: 0 the run is complete, 1 it is not, 2 wrong usage, 130 Ctrl-C.
`;

const OPTIONS = {
  dataset: { type: 'string', default: 'crime-war' },
  only: { type: 'string', multiple: true },
  day: { type: 'string' },
  years: { type: 'string' },
  upload: { type: 'string' },
  out: { type: 'string', default: '.local' },
  resume: { type: 'string' },
  /** The option's earlier name. */
  redrive: { type: 'string' },
  bucket: { type: 'string' },
  'dry-run': { type: 'boolean' },
  catalogue: { type: 'string' },
  faults: { type: 'string', default: 'none' },
  ceiling: { type: 'string', default: '40' },
  latency: { type: 'string', default: '40-120' },
  seed: { type: 'string' },
  help: { type: 'boolean' },
} as const;

const faults = z.string().refine((name) => faultsNamed(name) !== undefined, `use one of ${FAULT_NAMES.join(', ')}`);

const simulator = z.object({
  faults,
  catalogue: z.string().optional(),
  ceiling: z.union(
    [z.literal('none').transform(() => false as const), z.coerce.number().positive()],
    'use a number above 0, or none',
  ),
  latency: z
    .string()
    .regex(/^\d+-\d+$/, 'use milliseconds, such as 40-120')
    .transform((text) => {
      const [from = 0, to = from] = text.split('-').map(Number);
      return { from, to };
    })
    .refine(({ from, to }) => from <= to, 'use a first number that is not above the second'),
  seed: z.string().regex(/^\d+$/, 'use a whole number').transform(Number).optional(),
});

export type SimulatorSettings = z.output<typeof simulator>;

export interface Options {
  help: boolean;
  /** What the run is started with, as the planner wants it. */
  input: { dataset: string; resume?: string } & Record<string, unknown>;
  out: string;
  bucket: string | undefined;
  /** undefined where the run asks a real TMDB. */
  simulator: SimulatorSettings | undefined;
  /** Options that the resume command repeats. */
  again: string[];
}

/**
 * Reads the command line.
 *
 * @param env TMDB_TOKEN decides whether the simulator is used.
 * @throws {BadInputError} One sentence that names the option.
 */
export const readOptions = (argv: readonly string[], env: NodeJS.ProcessEnv): Options => {
  const values = readArgs(argv);
  const real = Boolean(env.TMDB_TOKEN);
  if (!real && env.TMDB_BASE_URL)
    throw new BadInputError('TMDB_BASE_URL: set TMDB_TOKEN too; without a token the run asks the simulator.');
  const said = Object.keys(OPTIONS).filter((name) =>
    argv.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`)),
  );
  const onlySimulated = said.find((name) => ['catalogue', 'faults', 'ceiling', 'latency', 'seed'].includes(name));
  if (real && onlySimulated)
    throw new BadInputError(
      `--${onlySimulated}: leave it out; it is for the simulator, and with TMDB_TOKEN set the run asks the real TMDB.`,
    );

  const { only, day, years, upload, resume = values.redrive } = values;
  const input = {
    dataset: values.dataset,
    ...(resume !== undefined && { resume }),
    ...(only && { only: only.flatMap((names) => names.split(',')) }),
    ...(day !== undefined && { day }),
    ...(years !== undefined && { years }),
    ...(upload !== undefined && { upload }),
    ...(values['dry-run'] && { dryRun: true }),
  };
  if (!values.help) parse(runInput, input, 'options');
  if (values.bucket !== undefined) parse(z.object({ bucket: bucketName }), values, 'options');
  // A bucket of an emulator may hold invented movies.
  const inAws = !env.AWS_ENDPOINT_URL && !env.AWS_ENDPOINT_URL_S3;
  if (values.bucket !== undefined && inAws && !real && !onlySimulated)
    throw new BadInputError(
      '--bucket: set TMDB_TOKEN; without it the run asks the simulator and would write invented movies to a real bucket (add --seed 1 if you want that).',
    );
  return {
    help: values.help ?? false,
    input,
    out: values.out,
    bucket: values.bucket,
    simulator: real ? undefined : parse(simulator, values, 'options'),
    again: said.flatMap((name) =>
      name === 'out' || name === 'bucket' || name === 'catalogue' ? [`--${name}`, String(values[name])] : [],
    ),
  };
};

const readArgs = (argv: readonly string[]) => {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new BadInputError(`options: ${(error as Error).message.split('. ')[0]}. npm start -- --help lists them.`);
  }
};
