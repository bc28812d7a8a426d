import type { BranchRef, DayRef, RunRef } from '../names.ts';

/*
 * Every key of the bucket except those of the parts, which a dataset's own key pattern gives (lib/raw-zone/key-pattern.ts).
 * This is the only place where a key is spelled.
 */

/** The folders that this project writes to. */
export const TOP_FOLDERS = ['Raw', '_manifests', '_runs', '_quarantine'] as const;

/** What an uploaded CSV is about; the folder that it is put into. */
export const UPLOAD_KINDS = ['Movies', 'Series'] as const;
export type UploadKind = (typeof UPLOAD_KINDS)[number];

const runFolder = ({ dataset, day, run }: RunRef) => `_runs/${dataset}/${day}/${run}/`;
const manifestFolder = ({ dataset, day }: DayRef) => `_manifests/${dataset}/${day}/`;

export const layout = {
  /** All days of a dataset that have runs. Ends in a slash, as every folder here does. */
  daysOfRuns: (dataset: string) => `_runs/${dataset}/`,
  /** All runs of a day. */
  runsOfDay: ({ dataset, day }: DayRef) => `_runs/${dataset}/${day}/`,
  lock: ({ dataset, day }: DayRef) => `_runs/${dataset}/${day}/lock.json`,
  run: (ref: RunRef) => `${runFolder(ref)}run.json`,
  plan: (ref: BranchRef) => `${runFolder(ref)}plan/${ref.branch}.json`,
  failed: (ref: BranchRef) => `${runFolder(ref)}failed/${ref.branch}.json`,

  /** What the walker of a branch keeps. */
  list: (ref: BranchRef) => `${runFolder(ref)}work/${ref.branch}/list.json.gz`,
  pagesFolder: (ref: BranchRef) => `${runFolder(ref)}work/${ref.branch}/pages/`,
  pages: (ref: BranchRef, name: string) => `${runFolder(ref)}work/${ref.branch}/pages/${name}.json.gz`,
  chunksFolder: (ref: BranchRef) => `${runFolder(ref)}work/${ref.branch}/chunks/`,
  chunk: (ref: BranchRef, name: string) => `${runFolder(ref)}work/${ref.branch}/chunks/${name}.json.gz`,

  branchManifests: (ref: DayRef) => `${manifestFolder(ref)}branches/`,
  branchManifest: (ref: Omit<BranchRef, 'run'>) => `${manifestFolder(ref)}branches/${ref.branch}.json`,
  dayManifest: (ref: DayRef) => `${manifestFolder(ref)}manifest.json`,
  latest: (dataset: string) => `_manifests/${dataset}/latest.json`,

  quarantine: ({ dataset, day, branch }: Omit<BranchRef, 'run'>, id: number | string) =>
    `_quarantine/${dataset}/${day}/${branch}/${id}.json`,

  uploads: (kind: UploadKind) => `Raw/Local/CSV/${kind}/`,
  upload: (kind: UploadKind, day: string, file: string) => `Raw/Local/CSV/${kind}/${day.replaceAll('-', '/')}/${file}`,
};

/** Whether a key is that of an upload. Control characters never are in one. */
export const isUploadKey = (key: string): boolean =>
  UPLOAD_KINDS.some((kind) => key.startsWith(layout.uploads(kind)) && key.length > layout.uploads(kind).length) &&
  !/\p{Cc}/u.test(key);
