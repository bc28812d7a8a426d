import * as z from 'zod';
import { timeZone } from '../day.ts';
import { datasetName } from '../names.ts';
import { placeholdersIn } from '../raw-zone/key-pattern.ts';
import { cronProblem } from './cron.ts';

/**
 * The schema of the files in datasets/, which define what to ingest.
 *
 * datasets/dataset.schema.json is generated from it, so that editors can complete and check a dataset
 * (test/datasets/schema.test.ts compares the two).
 */

const field = z.string().min(1);

/** The origin of an added field. */
const added = z.union(
  [
    z.strictObject({ from: z.literal('details'), default: z.unknown().optional() }),
    z.strictObject({ from: z.literal('asked') }),
    z.strictObject({
      from: z.enum(['cast', 'crew']),
      where: z.record(field, z.string()).optional(),
      first: z.int().min(1).optional(),
    }),
  ],
  'use {"from": "details"}, {"from": "asked"}, or "from" cast or crew with where and first',
);

const record = z.strictObject({
  from: z
    .enum(['listed', 'details', 'credits'])
    .describe("What the record is made of: the item of TMDB's list, the details, or the credits"),
  without: z
    .array(field)
    .default([])
    .describe("Fields that are left out; all others pass through as TMDB sent them, in TMDB's order"),
  with: z.record(field, added).default({}).describe('Fields that are added at the end, in this order'),
  peopleWithout: z.array(field).default([]).describe('Fields that people in added lists are written without'),
});

export const keepRule = z.strictObject({
  field,
  above: z.number().optional(),
  atLeast: z.number().optional(),
  oneOf: z.array(z.unknown()).optional(),
});

const output = z.strictObject({
  key: z
    .string()
    .describe(
      'Key of a part, below Raw/TMDB/: {yyyy}, {mm}, {dd}, {yyyymmdd}, {part}, and {genre}, {year} (discover), {media}, {Media} (popular) or {slice} (csv)',
    )
    .max(500)
    .regex(/^Raw\/TMDB\/[A-Za-z0-9_.{}/-]+$/, 'begin with Raw/TMDB/ and use letters, digits and -_.{}/')
    .refine(
      (key) => key.split('/').every((segment) => /[^.]/.test(segment)),
      'use no empty segment, and no segment of only dots',
    ),
  format: z.enum(['json', 'jsonl']).default('json'),
  gzip: z.boolean().default(false),
  recordsPerFile: z.int().min(1).max(100, 'use at most 100 records in a file').default(100),
  tables: z
    .union(
      [z.boolean(), z.strictObject({ with: z.array(field).min(1) })],
      'use true, false, or {"with": […]} with fields of the details',
    )
    .describe(
      'Whether the records are also written as Parquet tables, below Trusted/TMDB/PARQUET/. "with": fields of the details that the tables have and the record has not',
    )
    .default(true),
});

const schedule = z.strictObject({
  cron: z
    .string()
    .check(({ value, issues }) => {
      const message = cronProblem(value);
      if (message) issues.push({ code: 'custom', message, input: value });
    })
    .meta({ pattern: '^\\S+( \\S+){5}$' })
    .describe("EventBridge Scheduler's six fields: minutes hours day-of-month month day-of-week year"),
  enabled: z.boolean().default(true),
});

/** All fields of a dataset. `source` is the schema of its source. */
const fields = <Source extends z.ZodType>(source: Source) => ({
  $schema: z.string().optional(),
  name: datasetName,
  /** It is also the description of the schedule, and 512 is EventBridge Scheduler's limit (API_CreateSchedule, read 2026-11-26). */
  description: z.string().max(512, 'use at most 512 characters').default(''),
  /** The time zone in which the day of a run is determined. */
  timezone: timeZone,
  schedule: schedule.optional(),
  source,
  ask: z
    .array(z.enum(['details', 'credits']))
    .default([])
    .describe('What is requested for each movie, in one request where TMDB allows it'),
  record,
  keep: z.array(keepRule).default([]).describe('Every rule must hold for a movie to be kept'),
  sort: z
    .array(z.strictObject({ field, order: z.enum(['asc', 'desc']).default('asc') }))
    .default([])
    .describe('First field first; ties fall back to the id. Without it, the order of the list'),
  output,
  tolerance: z
    .number()
    .min(0)
    .max(1)
    .default(0.005)
    .describe("Share of a list, 0 to 1, that may be missing from TMDB's own total before a branch fails"),
});

/** A dataset as a plan stores it. It was checked when it was loaded. Only its source reads `source` (lib/sources/). */
export const keptDataset = z.object(fields(z.looseObject({ kind: z.string() })));
export type Dataset = z.output<typeof keptDataset>;

/** Whether the records of a dataset are also written as tables. */
export const hasTables = ({ output }: Pick<Dataset, 'output'>): boolean => output.tables !== false;

/** The properties of a kind of source that a dataset's schema needs. */
export interface SourceSchema {
  /** The schema of the dataset's `source`: a strict object whose `kind` is a literal. */
  settings: z.ZodObject<{ kind: z.ZodLiteral<string> }>;
  /** Whether its lists have TMDB's items, and not only ids. */
  listsItems: boolean;
  /** Placeholders of the key pattern for which its branches have values. */
  placeholders: readonly string[];
  /** The reason why a key pattern with these placeholders doesn't separate the branches. */
  keyProblem(source: Dataset['source'], used: KeyPlaceholders): string | undefined;
}

export interface KeyPlaceholders {
  /** Placeholders in the whole key. */
  key: readonly string[];
  /** Placeholders in the folders of the key. */
  folder: readonly string[];
}

/** The schema of a dataset's file. */
export const datasetSchema = (kinds: Readonly<Record<string, SourceSchema>>): z.ZodType<Dataset> => {
  const schemas = Object.values(kinds).map(({ settings }) => settings);
  const source = z.discriminatedUnion('kind', schemas as [SourceSchema['settings'], ...SourceSchema['settings'][]], {
    error: ({ code, input }) =>
      code === 'invalid_union' && input instanceof Object ? `use one of ${Object.keys(kinds).join(', ')}` : undefined,
  });
  return z.strictObject(fields(source)).check(({ value, issues }) => {
    const kind = kinds[value.source.kind];
    if (!kind) return;
    for (const problem of [...keyProblems(value, kind), ...fieldProblems(value, kind)])
      issues.push({ code: 'custom', ...problem });
  });
};

interface Problem {
  path: (string | number)[];
  message: string;
  input: unknown;
}

const keyProblems = ({ source, output: { key, format, gzip } }: Dataset, kind: SourceSchema): Problem[] => {
  const allowed = ['yyyy', 'mm', 'dd', 'yyyymmdd', 'part', ...kind.placeholders];
  const used = placeholdersIn(key);
  const file = key.split('/').at(-1) ?? '';
  const ending = `.${format}${gzip ? '.gz' : ''}`;
  const unknown = used.find((name) => !allowed.includes(name));
  const messages = [
    unknown && `{${unknown}} is unknown; a ${source.kind} dataset has ${allowed.map((name) => `{${name}}`).join(', ')}`,
    /[{}]/.test(key.replaceAll(/\{\w+\}/g, '')) && 'write placeholders as {name}, each with both braces',
    !used.includes('yyyymmdd') &&
      !['yyyy', 'mm', 'dd'].every((name) => used.includes(name)) &&
      'the day is missing: add {yyyymmdd}, or {yyyy}, {mm} and {dd}',
    !placeholdersIn(file).includes('part') && 'the file name has no {part}: add it',
    used.filter((name) => name === 'part').length > 1 && 'use {part} once',
    kind.keyProblem(source, { key: used, folder: placeholdersIn(key.slice(0, -file.length)) }),
    !key.endsWith(ending) && `the key must end in ${ending}, as output.format and output.gzip say`,
  ];
  return messages.flatMap((message) => (message ? [{ path: ['output', 'key'], message, input: key }] : []));
};

const fieldProblems = (
  { source, ask, record: made, keep, output: { tables } }: Dataset,
  kind: SourceSchema,
): Problem[] => {
  const problems: Problem[] = [];
  const wrong = (path: Problem['path'], message: string, input: unknown) => problems.push({ path, message, input });
  if (!kind.listsItems && made.from === 'listed')
    wrong(
      ['record', 'from'],
      `a ${source.kind} source has only ids, no items of a list: use details or credits`,
      made.from,
    );
  const sources = new Set([
    made.from,
    ...Object.values(made.with).map(({ from }) => (from === 'cast' || from === 'crew' ? 'credits' : from)),
  ]);
  for (const needs of ['details', 'credits'] as const) {
    if (sources.has(needs) && !ask.includes(needs)) wrong(['ask'], `the record needs ${needs}: add "${needs}"`, ask);
  }
  if (typeof tables === 'object' && !ask.includes('details') && !sources.has('details'))
    wrong(['ask'], 'output.tables.with needs details: add "details"', ask);
  if (!kind.listsItems && ask.length === 0)
    wrong(['ask'], `a ${source.kind} source has only ids: add details or credits`, ask);
  for (const [index, one] of keep.entries()) {
    if (one.above === undefined && one.atLeast === undefined && one.oneOf === undefined)
      wrong(['keep', index], 'use above, atLeast or oneOf in each rule', one);
  }
  return problems;
};

/** The message if two branches would write the same file, because the key pattern lacks a placeholder. */
export const missingPlaceholders = (needed: readonly string[], { key }: KeyPlaceholders): string | undefined => {
  const missing = needed.filter((name) => !key.includes(name));
  return missing.length
    ? `two branches would write the same file: add ${missing.map((name) => `{${name}}`).join(' and ')}`
    : undefined;
};
