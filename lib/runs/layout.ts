import type { BranchRef, DayRef, RunRef } from '../names.ts';

/*
 * Every key of the bucket except the keys of parts, which a dataset's key pattern defines (lib/raw-zone/key-pattern.ts).
 * No other file spells out a key.
 */

/** The contents of an uploaded CSV. Each is also the name of the folder for these uploads. */
export const UPLOAD_KINDS = ['Movies', 'Series'] as const;
export type UploadKind = (typeof UPLOAD_KINDS)[number];

const runFolder = ({ dataset, day, run }: RunRef) => `_runs/${dataset}/${day}/${run}/`;
const tableFolder = (dataset: string, table: string) => `Trusted/TMDB/PARQUET/${dataset}/${table}/`;
const tableDay = ({ dataset, day }: DayRef, table: string) => `${tableFolder(dataset, table)}dt=${day}/`;
const manifestFolder = ({ dataset, day }: DayRef) => `_manifests/${dataset}/${day}/`;

export const layout = {
  /** The folder of all days of a dataset that have runs. Like all folders here, it ends in a slash. */
  daysOfRuns: (dataset: string) => `_runs/${dataset}/`,
  /** The folder of all runs of a day. */
  runsOfDay: ({ dataset, day }: DayRef) => `_runs/${dataset}/${day}/`,
  lock: ({ dataset, day }: DayRef) => `_runs/${dataset}/${day}/lock.json`,
  run: (ref: RunRef) => `${runFolder(ref)}run.json`,
  plan: (ref: BranchRef) => `${runFolder(ref)}plan/${ref.branch}.json`,
  failed: (ref: BranchRef) => `${runFolder(ref)}failed/${ref.branch}.json`,

  /** The work that the walker of a branch stores. */
  workFolder: (ref: BranchRef) => `${runFolder(ref)}work/${ref.branch}/`,
  list: (ref: BranchRef) => `${runFolder(ref)}work/${ref.branch}/list.json.zst`,
  pagesFolder: (ref: BranchRef) => `${runFolder(ref)}work/${ref.branch}/pages/`,
  pages: (ref: BranchRef, name: string) => `${runFolder(ref)}work/${ref.branch}/pages/${name}.json.zst`,
  chunksFolder: (ref: BranchRef) => `${runFolder(ref)}work/${ref.branch}/chunks/`,
  chunk: (ref: BranchRef, name: string) => `${runFolder(ref)}work/${ref.branch}/chunks/${name}.json.zst`,

  /** The key that an object of the work had before 2026-11-26. */
  earlierWork: (key: string) => key.replace(/\.zst$/, '.gz'),

  /** The folders of what the walkers of a run keep. Nothing in them is overwritten. */
  ownWork: (ref: RunRef) => [`${runFolder(ref)}work/`, `${runFolder(ref)}shared/`],

  /** The folder of all days of a dataset that have manifests. */
  daysOfManifests: (dataset: string) => `_manifests/${dataset}/`,
  /** The folder of everything that says what a day has. */
  manifestsOfDay: manifestFolder,
  /** TMDB's answer for a movie that several branches of the run list. */
  shared: (ref: RunRef, id: number | string) => `${runFolder(ref)}shared/${id}.json.zst`,

  branchManifests: (ref: DayRef) => `${manifestFolder(ref)}branches/`,
  branchManifest: (ref: Omit<BranchRef, 'run'>) => `${manifestFolder(ref)}branches/${ref.branch}.json`,
  /** Not in the folder of the branch manifests: readers list that folder. */
  leftOut: (ref: Omit<BranchRef, 'run'>) => `${manifestFolder(ref)}left-out/${ref.branch}.json`,
  dayManifest: (ref: DayRef) => `${manifestFolder(ref)}manifest.json`,
  /** The day as a page for people. */
  report: (ref: DayRef) => `${manifestFolder(ref)}report.html`,
  latest: (dataset: string) => `_manifests/${dataset}/latest.json`,

  quarantine: ({ dataset, day, branch }: Omit<BranchRef, 'run'>, id: number | string) =>
    `_quarantine/${dataset}/${day}/${branch}/${id}.json`,

  /** The folder of all tables of a dataset. */
  tables: (dataset: string) => `Trusted/TMDB/PARQUET/${dataset}/`,
  /** The folder of all days of a table. */
  table: tableFolder,
  /** The folder of one day of a table. Spark, DuckDB and Athena read the column `dt` from its name. */
  tableDay,
  /**
   * The rows of a branch in a table. The file of genres has the name of the table instead of a branch's.
   *
   * @param number From 1. A large branch has several files; a branch's name has no underscore.
   */
  tableFile: (ref: DayRef, table: string, name: string, number = 1) =>
    `${tableDay(ref, table)}${name}${number === 1 ? '' : `_${number}`}.parquet`,
  /** Whether a key is one of these files. */
  isTableFile: (key: string, name: string) => new RegExp(`/${RegExp.escape(name)}(_\\d+)?\\.parquet$`).test(key),

  uploads: (kind: UploadKind) => `Raw/Local/CSV/${kind}/`,
  upload: (kind: UploadKind, day: string, file: string) => `Raw/Local/CSV/${kind}/${day.replaceAll('-', '/')}/${file}`,
};

/** Whether a key belongs to an upload. Keys of uploads contain no control characters. */
export const isUploadKey = (key: string): boolean =>
  UPLOAD_KINDS.some((kind) => key.startsWith(layout.uploads(kind)) && key.length > layout.uploads(kind).length) &&
  !/\p{Cc}/u.test(key);
