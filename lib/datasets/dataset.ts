import * as z from 'zod';
import { timeZone } from '../day.ts';
import { placeholdersIn } from '../raw-zone/key-pattern.ts';
import { datasetName } from '../runs/layout.ts';
import { MOVIE_GENRES } from '../tmdb/genres.ts';

/**
 * What to ingest, as data: the schema of the files in datasets/.
 *
 * datasets/dataset.schema.json is made from it (a test holds the two together), so that editors complete and check a
 * dataset while it is written.
 */

const year = z.int().min(1874, 'the oldest film is of 1874').max(2100);

const years = z
  .strictObject({ from: year, to: z.union([year, z.literal('current')], 'a year, or "current"') })
  .refine(({ from, to }) => to === 'current' || from <= to, {
    path: ['to'],
    error: 'the last year is not before the first',
  });

const GENRES = `a movie genre of TMDB's is one of ${Object.entries(MOVIE_GENRES)
  .map(([name, id]) => `${name} (${id})`)
  .join(', ')}; series have others`;

/** By name, which editors complete, or by id. */
const movieGenre = z
  .union([z.enum(Object.keys(MOVIE_GENRES) as [string, ...string[]]), z.int()], GENRES)
  .refine((genre) => genreNamed(genre) !== undefined, GENRES)
  .describe("A movie genre of TMDB's, by name or id: crime, science-fiction, 80");

/** @returns The genre's name as branches carry it, and TMDB's id; undefined where TMDB has no such genre of movies. */
export const genreNamed = (genre: string | number): { name: string; id: number } | undefined => {
  const entry = Object.entries(MOVIE_GENRES).find(([name, id]) => genre === id || genre === name);
  return entry && { name: entry[0], id: entry[1] };
};

/**
 * discover/movie's filters. TMDB ignores a name it doesn't know and then answers with its whole catalogue, so a
 * misspelt one must not get through. Left out: those that we set ourselves, and `year` and `release_date.*`, which
 * also match re-releases. Source: TMDB's OpenAPI description (read 2026-11-22).
 */
const FILTERS = [
  'certification',
  'certification.gte',
  'certification.lte',
  'certification_country',
  'include_adult',
  'include_video',
  'language',
  'region',
  'vote_average.gte',
  'vote_average.lte',
  'vote_count.gte',
  'vote_count.lte',
  'watch_region',
  'with_cast',
  'with_companies',
  'with_crew',
  'with_keywords',
  'with_origin_country',
  'with_original_language',
  'with_people',
  'with_release_type',
  'with_runtime.gte',
  'with_runtime.lte',
  'with_watch_monetization_types',
  'with_watch_providers',
  'without_companies',
  'without_genres',
  'without_keywords',
  'without_watch_providers',
] as const;

const discover = z.strictObject({
  kind: z.literal('discover'),
  genres: z
    .array(movieGenre)
    .min(1)
    .refine((genres) => new Set(genres.map((genre) => genreNamed(genre)?.id ?? genre)).size === genres.length, {
      error: 'a genre stands in it twice, by its name or its id',
    }),
  years,
  filters: z
    .partialRecord(
      z.enum(FILTERS),
      z.union([z.string(), z.number(), z.boolean()], 'a filter is a text, a number, true or false'),
    )
    .check(({ value, issues }) => {
      // TMDB ignores a value that it can't read, and answers as if there were no filter.
      for (const [name, filter] of Object.entries(value)) {
        const wanted =
          /\.[gl]te$/.test(name) && !name.startsWith('certification')
            ? 'number'
            : name.startsWith('include_')
              ? 'boolean'
              : undefined;
        if (wanted && typeof filter !== wanted)
          issues.push({ code: 'custom', path: [name], message: `this filter is a ${wanted}`, input: filter });
      }
    })
    .default({}),
});

const popular = z.strictObject({
  kind: z.literal('popular'),
  media: z.array(z.enum(['movies', 'series'])).min(1),
  pages: z.int().min(1).max(500).default(1).describe('20 items each; TMDB serves no page after 500'),
  language: z.string().default('en-US'),
  region: z.string().optional(),
});

const oneCharacter = z.string().length(1);

const csv = z.strictObject({
  kind: z.literal('csv'),
  upload: z.enum(['Movies', 'Series']).describe('Which upload: the folder below Raw/Local/CSV'),
  years: years.optional(),
  genres: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe("The CSV's own words; a film has several, and any that matches counts"),
  idsPerBranch: z.int().min(1).max(10_000).default(1_000),
  columns: z
    .strictObject({
      id: z.string().default('id'),
      year: z.string().default('anoLancamento'),
      genres: z.string().default('genero'),
    })
    .prefault({}),
  delimiter: oneCharacter.default('|'),
  quote: oneCharacter.nullable().default(null).describe('null: a quotation mark in a title opens nothing'),
  nullMarker: z.string().default('\\N'),
  language: z.string().default('en-US'),
});

const field = z.string().min(1);

/** Where an added field comes from. */
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
  'an added field comes from details, from cast or crew (with where and first), or is what was asked',
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

const rule = z.strictObject({
  field,
  above: z.number().optional(),
  atLeast: z.number().optional(),
  oneOf: z.array(z.unknown()).optional(),
});

const PLACEHOLDERS = {
  discover: ['genre', 'year'],
  popular: ['media', 'Media'],
  csv: ['slice'],
} as const;

const output = z.strictObject({
  key: z
    .string()
    .describe(
      'Key of a part, below Raw/TMDB/: {yyyy}, {mm}, {dd}, {yyyymmdd}, {part}, and {genre}, {year} (discover), {media}, {Media} (popular) or {slice} (csv)',
    )
    .max(500)
    .regex(/^Raw\/TMDB\/[A-Za-z0-9_.{}/-]+$/, 'a key begins with Raw/TMDB/ and has letters, digits and -_.{}/ in it')
    .refine(
      (key) => key.split('/').every((segment) => /[^.]/.test(segment)),
      'a key has no empty segment, and none of dots alone',
    ),
  format: z.enum(['json', 'jsonl']).default('json'),
  gzip: z.boolean().default(false),
  recordsPerFile: z.int().min(1).max(100, 'a file holds 100 records at most').default(100),
});

const schedule = z.strictObject({
  cron: z
    .string()
    .regex(/^\S+( \S+){5}$/, 'a cron expression of EventBridge Scheduler has six fields')
    .refine(
      (cron) => [2, 4].filter((at) => cron.split(' ')[at] === '?').length === 1,
      'either the day of the month or the day of the week is ?',
    )
    .describe("EventBridge Scheduler's six fields: minutes hours day-of-month month day-of-week year"),
  enabled: z.boolean().default(true),
});

export const dataset = z
  .strictObject({
    $schema: z.string().optional(),
    name: datasetName,
    description: z.string().default(''),
    /** The zone that days are counted in. */
    timezone: timeZone,
    schedule: schedule.optional(),
    source: z.discriminatedUnion('kind', [discover, popular, csv]),
    ask: z
      .array(z.enum(['details', 'credits']))
      .default([])
      .describe('What is asked for each movie, in one request where TMDB allows it'),
    record,
    keep: z.array(rule).default([]).describe('Every rule must hold for a movie to be kept'),
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
  })
  .check(({ value, issues }) => {
    const wrong = (path: (string | number)[], message: string, input: unknown) =>
      issues.push({ code: 'custom', path, message, input });
    const { source, ask, record: made, output: out } = value;
    const allowed: string[] = ['yyyy', 'mm', 'dd', 'yyyymmdd', 'part', ...PLACEHOLDERS[source.kind]];
    const used = placeholdersIn(out.key);
    const file = out.key.split('/').at(-1) ?? '';
    const unknown = used.find((name) => !allowed.includes(name));
    if (unknown)
      wrong(
        ['output', 'key'],
        `{${unknown}} is unknown; a ${source.kind} dataset has ${allowed.map((name) => `{${name}}`).join(', ')}`,
        out.key,
      );
    if (/[{}]/.test(out.key.replaceAll(/\{\w+\}/g, ''))) wrong(['output', 'key'], 'a brace stands alone', out.key);
    if (!used.includes('yyyymmdd') && !['yyyy', 'mm', 'dd'].every((name) => used.includes(name)))
      wrong(['output', 'key'], 'the day must be in it: {yyyymmdd}, or {yyyy}, {mm} and {dd}', out.key);
    if (!placeholdersIn(file).includes('part'))
      wrong(['output', 'key'], 'the file name must have {part} in it', out.key);
    if (used.filter((name) => name === 'part').length > 1)
      wrong(['output', 'key'], '{part} stands in it once', out.key);
    if (source.kind === 'popular') {
      // In the folder, not only in the file's name: a table over movies must meet no series.
      const folder = placeholdersIn(out.key.slice(0, -file.length));
      if (source.media.length > 1 && !PLACEHOLDERS.popular.some((name) => folder.includes(name)))
        wrong(['output', 'key'], 'movies and series need a folder each: put {media} or {Media} into it', out.key);
    } else {
      const missing = PLACEHOLDERS[source.kind].filter((name) => !used.includes(name));
      if (missing.length)
        wrong(
          ['output', 'key'],
          `two branches would write the same file: put in ${missing.map((name) => `{${name}}`).join(' and ')}`,
          out.key,
        );
    }
    const ending = `.${out.format}${out.gzip ? '.gz' : ''}`;
    if (!out.key.endsWith(ending))
      wrong(['output', 'key'], `the key must end in ${ending}, as output.format and output.gzip say`, out.key);
    if (made.from === 'listed' && source.kind === 'csv')
      wrong(
        ['record', 'from'],
        'a CSV gives ids, not items of a list: make the record from details or credits',
        made.from,
      );
    const sources = new Set([
      made.from,
      ...Object.values(made.with).map(({ from }) => (from === 'cast' || from === 'crew' ? 'credits' : from)),
    ]);
    for (const needs of ['details', 'credits'] as const) {
      if (sources.has(needs) && !ask.includes(needs))
        wrong(['ask'], `the record is made from ${needs}, which is not asked for`, ask);
    }
    if (source.kind === 'csv' && ask.length === 0)
      wrong(['ask'], 'a CSV gives ids only: ask for details or credits', ask);
    for (const [at, one] of value.keep.entries()) {
      if (one.above === undefined && one.atLeast === undefined && one.oneOf === undefined)
        wrong(['keep', at], 'a rule has above, atLeast or oneOf', one);
    }
  });

export type Dataset = z.output<typeof dataset>;
export type SourceOf<Kind extends Dataset['source']['kind']> = Extract<Dataset['source'], { kind: Kind }>;
