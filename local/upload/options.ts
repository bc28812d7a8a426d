import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { type Day, day, dayIn } from '../../lib/day.ts';
import { BadInputError, parse } from '../../lib/parse.ts';
import { layout, UPLOAD_KINDS, type UploadKind } from '../../lib/runs/layout.ts';
import { bucketName } from '../bucket-name.ts';
import { NEEDED_COLUMNS } from './csv-file.ts';

export const USAGE = `npm run upload -- movies.csv series.csv [options]     CSV files into the raw zone, byte for byte

  --kind Movies|Series  what all of these files hold (movies*.csv: Movies, series*.csv: Series)
  --day YYYY-MM-DD      the day in the key (today, by this machine's own calendar)
  --delimiter CHARACTER what stands between two columns (|); \\t is a tab
  --columns A,B,C       the columns that the header must have (${NEEDED_COLUMNS.join(',')})
  --out DIR             where the embedded bucket is kept, as for npm start (.local)
  --bucket NAME         a real bucket instead of the embedded one, with AWS's usual credentials
  --help                this

A file lands at Raw/Local/CSV/{Movies|Series}/YYYY/MM/DD/<file name>. All files are looked at before the first is sent.
The same command again sends what is not there yet, and nothing twice.
Exit code: 0 all are there, 1 something failed, 2 wrong usage or a file that is no such CSV; nothing was sent then.
`;

const OPTIONS = {
  kind: { type: 'string' },
  day: { type: 'string' },
  delimiter: { type: 'string', default: '|' },
  columns: { type: 'string' },
  out: { type: 'string', default: '.local' },
  bucket: { type: 'string' },
  help: { type: 'boolean' },
} as const;

const options = z.object({
  kind: z.enum(UPLOAD_KINDS, 'use Movies or Series').optional(),
  day: day.optional(),
  delimiter: z
    .string()
    .transform((text) => (text === '\\t' ? '\t' : text))
    .pipe(z.string().regex(/^[^\n\r\0"]$/u, 'a delimiter is one character, or \\t')),
  columns: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.string().min(1, 'a column has a name')))
    .optional(),
  out: z.string().min(1, 'a folder'),
  bucket: bucketName.optional(),
});

export interface UploadOptions {
  help: boolean;
  /** Paths, as they were said. */
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
 * @throws {BadInputError} One sentence that names the option.
 */
export const readUploadOptions = (argv: readonly string[], now: Date): UploadOptions => {
  const { values, positionals } = readArgs(argv);
  const { kind, day: said, delimiter, columns, out, bucket } = parse(options, values, 'options');
  if (positionals.length === 0 && !values.help)
    throw new BadInputError('Which files? npm run upload -- movies.csv series.csv; --help says more.');
  return {
    help: values.help ?? false,
    files: positionals,
    kind,
    // A file belongs to no dataset, whose zone would decide: the day is the one that the person at this machine has.
    day: said ?? dayIn(Intl.DateTimeFormat().resolvedOptions().timeZone, now),
    delimiter,
    columns,
    out,
    bucket,
  };
};

const readArgs = (argv: readonly string[]) => {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, strict: true, allowPositionals: true });
  } catch (error) {
    throw new BadInputError(
      `options: ${(error as Error).message.split('. ')[0]}. npm run upload -- --help lists them.`,
    );
  }
};

/**
 * Where a file goes in the bucket.
 *
 * @throws {BadInputError} Its name is no name for a key, or doesn't say what the file holds.
 */
export const keyOf = (file: string, { kind: said, day: on }: Pick<UploadOptions, 'kind' | 'day'>): string => {
  const name = basename(file);
  // 200: the embedded bucket adds endings of its own, and a file system takes 255 bytes.
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(name) || !/[^.]\.csv$/i.test(name))
    throw new BadInputError(
      `${file}: the name ${JSON.stringify(name)} can't stand in a key; rename it to letters, digits, dots, _ and - that end in .csv, 200 at most.`,
    );
  const kind = said ?? (/^movies/i.test(name) ? 'Movies' : /^series/i.test(name) ? 'Series' : undefined);
  if (!kind)
    throw new BadInputError(
      `${file}: its name says neither movies nor series; say --kind Movies or --kind Series, or rename it to movies….csv or series….csv.`,
    );
  return layout.upload(kind, on, name);
};
