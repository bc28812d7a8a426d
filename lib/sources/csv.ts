import * as z from 'zod';
import { missingPlaceholders } from '../datasets/dataset.ts';
import type { DayRef } from '../names.ts';
import { BadInputError } from '../parse.ts';
import type { Listed } from '../raw-zone/object-store.ts';
import { type DayManifest, loadDayManifest } from '../runs/day-manifest.ts';
import { layout, UPLOAD_KINDS } from '../runs/layout.ts';
import type { CsvRead } from '../runs/plan.ts';
import { DEFAULT_COLUMNS } from './csv/header.ts';
import { readIds } from './csv/ids.ts';
import { NoUploadError, type SourceBranch, type SourceKind } from './source.ts';
import { years, yearsOn } from './years.ts';

const oneCharacter = z.string().length(1, 'use one character');

const settings = z.strictObject({
  kind: z.literal('csv'),
  upload: z
    .enum(UPLOAD_KINDS)
    .describe('Which upload: the folder below Raw/Local/CSV. Movies are requested as movie/{id}, Series as tv/{id}'),
  years: years.optional(),
  genres: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe("The CSV's own words; a film has several, and any that matches counts"),
  idsPerBranch: z.int().min(1).max(10_000).default(1_000),
  columns: z
    .strictObject({
      id: z.string().default(DEFAULT_COLUMNS.id),
      year: z.string().default(DEFAULT_COLUMNS.year),
      genres: z.string().default(DEFAULT_COLUMNS.genres),
    })
    .prefault({}),
  delimiter: oneCharacter.default('|'),
  quote: oneCharacter
    .nullable()
    .default(null)
    .describe(
      'null: a quotation mark in a title is an ordinary character, unless all names in the header are wrapped in "',
    ),
  nullMarker: z.string().default('\\N'),
  language: z.string().default('en-US'),
});
export type CsvSettings = z.output<typeof settings>;

/** The settings of a dataset whose source is a CSV; undefined for another. */
export const csvSettings = (source: { kind: string }): CsvSettings | undefined => settings.safeParse(source).data;

/**
 * Whether an object in the folder of uploads is a CSV. The console of S3 creates a folder as an empty object whose key
 * ends in a slash, and a reader's note may lie beside the files.
 */
export const isUpload = ({ key, bytes }: Listed): boolean => bytes > 0 && /\.csv(\.gz)?$/i.test(key);

const listFrom = z.object({ ids: z.array(z.string()) });

const PLACEHOLDERS = ['slice'];

/**
 * IMDb ids that the planner reads from an uploaded CSV: distinct, in the order of their first rows, cut into slices. A
 * branch is one slice.
 */
export const csv: SourceKind = {
  settings,
  listsItems: false,
  placeholders: PLACEHOLDERS,
  keyProblem: (_, used) => missingPlaceholders(PLACEHOLDERS, used),

  open: ({ name: dataset, source: given }) => {
    const source = settings.parse(given);
    const media = source.upload === 'Series' ? 'tv' : 'movie';
    return {
      noun: 'ids',
      media: [media],
      accepts: ['years', 'upload'],
      howToSplit: 'raise source.idsPerBranch, give the run "years", or make two datasets of it',
      // find, then the details or credits.
      requestsPerItem: 2,
      pagesPerList: () => 0,
      requestsPerList: () => 0,

      branches: async ({ day, years: instead, upload, only, store }) => {
        const folder = layout.uploads(source.upload);
        if (upload && !upload.startsWith(folder))
          throw new BadInputError(
            `upload: dataset ${dataset} reads a CSV of ${source.upload.toLowerCase()}; use a key that begins with ${folder}; got "${upload}".`,
          );
        const key = upload ?? (await store.newest(folder, isUpload));
        const wanted = instead ?? (source.years && yearsOn(source.years, day));
        const before = await loadDayManifest(store, { dataset, day });
        if (key && before?.csv) refuseOtherSlices(before, before.csv, { key, years: wanted ?? null, only });
        const file = key && (await store.stream(key));
        if (!key || !file)
          throw new NoUploadError(
            `dataset ${dataset} reads a CSV, and ${upload ? `there is no ${upload}` : `there is no upload below ${folder} (a file that ends in .csv or .csv.gz and is not empty)`}; upload one with: npm run upload -- ${source.upload.toLowerCase()}.csv`,
          );
        const wrong = (what: string) => new BadInputError(`${key}: ${what}.`);
        const { ids, ...read } = await readIds(file.body, { ...source, years: wanted }, wrong);
        const slices = Array.from({ length: Math.ceil(ids.length / source.idsPerBranch) }, (_, index) =>
          slice(dataset, index + 1, ids.slice(index * source.idsPerBranch, (index + 1) * source.idsPerBranch)),
        );
        if (only && before?.csv) refuseMovedSlices(before, before.csv, slices);
        return {
          ofRun: slices,
          wholeDay: slices.map((branch) => branch.name),
          csv: { key, years: wanted ?? null, ...read, ids: ids.length },
        };
      },

      list: async (from) => {
        const { ids } = listFrom.parse(from);
        return {
          items: ids.map((id) => ({ id })),
          expected: ids.length,
          listed: ids.length,
          doubled: 0,
          passes: 1,
          warnings: [],
        };
      },

      itemRequest: () => ({
        media,
        ids: 'imdb',
        language: source.language,
      }),
    };
  },
};

const slice = (dataset: string, number: number, ids: string[]): SourceBranch => {
  const name = String(number).padStart(4, '0');
  return { name: `${dataset}-${name}`, listFrom: { ids }, placeholders: { slice: name }, expected: ids.length };
};

/**
 * Slices are cut by counting, so slices of two files, or of other years, do not fit together in one day: other years
 * would overwrite what is there, and single slices of a newer upload would repeat some ids and lose others.
 */
const refuseOtherSlices = (
  { dataset, day }: DayRef,
  before: CsvRead,
  { key, years: wanted, only }: { key: string; years: CsvRead['years']; only: boolean },
): void => {
  if (before.years?.from !== wanted?.from || before.years?.to !== wanted?.to) {
    const there = before.years ? `${before.years.from}-${before.years.to}` : 'all years';
    throw new BadInputError(
      `years: the files of ${dataset}, ${day}, hold ${there}, and other years would overwrite them; give the run another day.`,
    );
  }
  if (only && before.key !== key)
    throw new BadInputError(
      `only: the files of ${dataset}, ${day}, were made from ${before.key}, and slices of ${key} do not fit between them; give the run "upload": "${before.key}", or run all branches.`,
    );
};

/** The dataset selects other ids of the same upload now, or cuts them otherwise: the numbers of the ids show it. */
const refuseMovedSlices = (
  { dataset, day, branches }: DayManifest,
  before: CsvRead,
  slices: readonly SourceBranch[],
): void => {
  const now = new Map(slices.map(({ name, expected }) => [name, expected]));
  const ids = slices.reduce((sum, { expected = 0 }) => sum + expected, 0);
  // Manifests of earlier versions do not say how many ids a slice has.
  const isMoved = branches.some(({ branch, distinct }) => distinct > 0 && distinct !== now.get(branch));
  if (ids !== before.ids || isMoved)
    throw new BadInputError(
      `only: the files of ${dataset}, ${day}, hold other slices of ${before.key} than the dataset makes now, so ids would be doubled or missing; run all branches.`,
    );
};
