import { basename } from 'node:path';
import * as z from 'zod';
import { type Day, day, dayIn } from '../../lib/day.ts';
import { BadInputError, parse } from '../../lib/parse.ts';
import { layout, UPLOAD_KINDS, type UploadKind } from '../../lib/runs/layout.ts';
import { bucketName } from '../bucket-name.ts';
import { defaultFolder } from '../default-folder.ts';
import { refuseKeptByNpm } from '../npm-options.ts';
import { asOptions, readArgs } from '../option-words.ts';
import { NEEDED_COLUMNS } from './csv-file.ts';

export const USAGE = `npm run upload -- movies.csv series.csv [options]     upload CSV files to the raw zone, byte for byte

  --kind Movies|Series  contents of all these files (movies*.csv: Movies, series*.csv: Series)
  --day YYYY-MM-DD      day in the key (today, in this machine's time zone)
  --delimiter CHARACTER delimiter between columns (|); \\t is a tab
  --columns A,B,C       columns that the header must have (${NEEDED_COLUMNS.join(',')})
  --out DIR             folder of the embedded bucket, the same as for npm start (.local, or .tmdb with TMDB_TOKEN)
  --bucket NAME         a bucket in AWS, instead of the embedded one; uses the default AWS credentials
  --help, -h            print this text
  --version             print the version

Files may be packed with gzip (.csv.gz).
The key of a file is Raw/Local/CSV/{Movies|Series}/YYYY/MM/DD/<file name>. All files are checked before the first is sent.
If you repeat the command, it sends only the files that are not in the bucket.
Exit codes: 0 all files are in the bucket, 1 an upload failed, 2 wrong usage or an invalid CSV (no file was uploaded),
130 stopped by Ctrl-C.
`;

const COMMAND = 'npm run upload';

const OPTIONS = {
  kind: { type: 'string' },
  day: { type: 'string' },
  delimiter: { type: 'string', default: '|' },
  columns: { type: 'string' },
  out: { type: 'string' },
  bucket: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

const options = z.object({
  kind: z.enum(UPLOAD_KINDS, 'use Movies or Series').optional(),
  day: day.optional(),
  delimiter: z
    .string()
    .transform((text) => (text === '\\t' ? '\t' : text))
    .pipe(z.string().regex(/^[^\n\r\0"]$/u, 'use one character, or \\t for a tab')),
  columns: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.string().min(1, 'use column names that are not empty')))
    .optional(),
  out: z.string().min(1, 'use the path of a folder').optional(),
  bucket: bucketName.optional(),
});

export interface UploadOptions {
  /** Paths as given on the command line. */
  files: string[];
  kind: UploadKind | undefined;
  day: Day;
  delimiter: string;
  columns: readonly string[] | undefined;
  out: string;
  bucket: string | undefined;
}

/**
 * Reads the command line.
 *
 * @param env TMDB_TOKEN decides which folder is the default, as for npm start.
 * @throws {BadInputError} Names the option.
 */
export const readUploadOptions = (argv: readonly string[], now: Date, env: NodeJS.ProcessEnv): UploadOptions => {
  refuseKeptByNpm(COMMAND, OPTIONS, argv, env);
  const { values, positionals } = readArgs(COMMAND, OPTIONS, argv, { files: true });
  const {
    kind,
    day: givenDay,
    delimiter,
    columns,
    out,
    bucket,
  } = asOptions(OPTIONS, () => parse(options, values, 'options'));
  if (positionals.length === 0)
    throw new BadInputError(
      'No file is given: give the paths of CSV files, for example npm run upload -- movies.csv series.csv. To list the options: npm run upload -- --help.',
    );
  return {
    files: positionals,
    kind,
    // A file belongs to no dataset, so there is no dataset's time zone. The machine's time zone is used.
    day: givenDay ?? dayIn(machineZone(), now),
    delimiter,
    columns,
    out: out ?? defaultFolder(env),
    bucket,
  };
};

/**
 * The key of a file in the bucket.
 *
 * @throws {BadInputError} The file name contains characters that aren't allowed in a key, or the kind is unknown.
 */
export const keyOf = (file: string, options: Pick<UploadOptions, 'kind' | 'day'>): string => {
  const name = basename(file);
  // 200: file systems allow 255 bytes, and the embedded bucket appends its own suffixes.
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(name) || !/[^.]\.csv(\.gz)?$/i.test(name))
    throw new BadInputError(
      `${file}: the file name ${JSON.stringify(name)} is not allowed in a key; use at most 200 letters, digits, dots, _ and -, and the ending .csv or .csv.gz. Rename the file.`,
    );
  const kind = options.kind ?? (/^movies/i.test(name) ? 'Movies' : /^series/i.test(name) ? 'Series' : undefined);
  if (!kind)
    throw new BadInputError(
      `${file}: the file name starts neither with movies nor with series; use --kind Movies or --kind Series, or rename the file.`,
    );
  return layout.upload(kind, options.day, name);
};

/** With an empty TZ, the machine's time zone is Etc/Unknown, which Intl does not accept. */
const machineZone = (): string => {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return timeZone === 'Etc/Unknown' ? 'UTC' : timeZone;
};
