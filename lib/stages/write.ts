import type { Clock } from '../clock.ts';
import { hasTables } from '../datasets/dataset.ts';
import type { Emit } from '../events.ts';
import { inOrder } from '../movies/select.ts';
import { partKeys } from '../raw-zone/key-pattern.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { contentType, cutIntoParts, partOf } from '../raw-zone/parts.ts';
import { type ScratchFile, scratchFile } from '../raw-zone/scratch-file.ts';
import { saveLeftOut } from '../runs/left-out.ts';
import { type BranchManifest, LOST_SHARE, loadManifest, saveManifest } from '../runs/manifest.ts';
import type { PlannedBranch } from '../runs/plan.ts';
import type { BranchWork } from '../runs/work.ts';
import type { OpenTables } from '../tables/branch-tables.ts';
import { type Account, account, type Figures, type KeptMovie } from './write-account.ts';
import { type Rows, removeStaleTables, rowsOf } from './write-tables.ts';

export interface WriteServices {
  store: ObjectStore;
  work: BranchWork;
  clock: Clock;
  emit: Emit;
  codeVersion: string;
  /** A folder of the local disk. It holds the records of the branch while the writer runs. */
  scratch: string;
  /** Writes the tables of a branch. Undefined where the deployed datasets have none: their code is not there then. */
  openTables?: OpenTables | undefined;
}

/**
 * Writes one branch from what its walker kept: keep, sort, parts, then the manifest.
 *
 * Removes parts that an earlier writer of this day left and this one doesn't write. The manifest comes last: who reads
 * it finds every part that it names, and the file with the ids of the movies that are left out. An empty branch has a manifest and no part.
 *
 * @throws {NotPlannedError} The branch has not been walked.
 * @throws {RecordTooLargeError}
 * @throws {InconsistentManifestError}
 */
export const write = async (branch: PlannedBranch, services: WriteServices): Promise<BranchManifest> => {
  const scratch = scratchFile(services.scratch);
  try {
    return await writeFrom(scratch, branch, services);
  } finally {
    await scratch.close();
  }
};

const writeFrom = async (
  scratch: ScratchFile,
  branch: PlannedBranch,
  { store, work, clock, emit, codeVersion, openTables }: WriteServices,
): Promise<BranchManifest> => {
  const isRemoved = branch.role === 'removed';
  const tables = isRemoved || !hasTables(branch.settings) ? undefined : openTables?.(branch, scratch);
  const { kept, leftOut, figures } = isRemoved ? REMOVED : await account(branch, work, scratch, tables);
  const { sort, output } = branch.settings;
  const parts = cutIntoParts(inOrder(kept, sort), output);
  const before = await loadManifest(store, branch);
  const rows = tables && rowsOf(branch, tables, scratch);
  const written = await putParts(branch, parts, { store, scratch, before, rows });
  const tablesEntry = await rows?.put(store);
  await removeStaleTables(store, branch, { before, now: tablesEntry });
  const leftOutFile = await saveLeftOut(store, branch, leftOut);

  const manifest: BranchManifest = {
    dataset: branch.dataset,
    day: branch.day,
    run: branch.run,
    branch: branch.branch,
    plannedAt: branch.plannedAt,
    role: branch.role,
    round: branch.round,
    tmdb: branch.tmdb,
    codeVersion,
    writtenAt: new Date(clock.now()).toISOString(),
    ...figures,
    leftOut: leftOut.length,
    kept: kept.length,
    written: written.reduce((sum, { records }) => sum + records, 0),
    bytes: written.reduce((sum, { bytes }) => sum + bytes, 0),
    warnings: [...figures.warnings, ...losses(figures, before)],
    output: { key: output.key, format: output.format, gzip: output.gzip },
    parts: written,
    ...(tablesEntry && { tables: tablesEntry }),
    ...(leftOutFile && { leftOutFile }),
  };
  await saveManifest(store, manifest);
  emit({
    type: 'branchWritten',
    branch: branch.branch,
    kept: manifest.kept,
    leftOut: manifest.leftOut,
    parts: written.length,
  });
  return manifest;
};

/** A branch that the dataset no longer has: nothing is listed, and its parts are removed. */
const REMOVED: Account = {
  kept: [],
  leftOut: [],
  figures: {
    expected: 0,
    listed: 0,
    distinct: 0,
    doubled: 0,
    passes: 0,
    missing: {},
    quarantine: [],
    unavailable: [],
    warnings: [],
    requests: 0,
    retries: 0,
    throttles: 0,
    fetchedAt: { from: null, to: null },
  },
};

/** Fewer ids than this can be gone in any small list. */
const GONE_LEAST = 5;

/** Some ids of a file of movies are series, and the other way round. With more of them, it is probably the wrong file. */
const OTHER_MEDIA_SHARE = 0.5;
const OTHER_MEDIA = {
  is_tv: 'series, and the dataset has movies',
  is_movie: 'movies, and the dataset has series',
} as const;

const losses = ({ distinct, missing }: Figures, before: BranchManifest | undefined): string[] => {
  const gone = missing.gone?.length ?? 0;
  const otherMedia = (reason: keyof typeof OTHER_MEDIA) => {
    const others = missing[reason]?.length ?? 0;
    if (others <= distinct * OTHER_MEDIA_SHARE) return undefined;
    return `${others} of ${distinct} ids are ${OTHER_MEDIA[reason]}: check the upload`;
  };
  return [
    before && before.role !== 'removed' && distinct < before.distinct * (1 - LOST_SHARE)
      ? `the list has ${distinct} items; when run ${before.run} wrote this day, it had ${before.distinct}`
      : undefined,
    otherMedia('is_tv'),
    otherMedia('is_movie'),
    gone >= GONE_LEAST && gone > distinct * LOST_SHARE
      ? `${gone} of ${distinct} listed ids are gone: TMDB answers 404`
      : undefined,
  ].filter((warning) => warning !== undefined);
};

const putParts = async (
  { day, settings: { output }, placeholders, earlierKeys, keysOfAnother }: PlannedBranch,
  parts: readonly KeptMovie[][],
  {
    store,
    scratch,
    before,
    rows,
  }: { store: ObjectStore; scratch: ScratchFile; before: BranchManifest | undefined; rows: Rows | undefined },
) => {
  const keys = partKeys(output.key, day, placeholders);
  const written: BranchManifest['parts'] = [];
  // One part at a time, because all parts of a branch may not fit into the memory of a function.
  for (const [index, movies] of parts.entries()) {
    const texts = await scratch.read(movies);
    const { body, records, sha256 } = partOf(texts, output);
    const key = keys.key(index + 1);
    const { versionId } = await store.put(key, body, { contentType: contentType(output) });
    written.push({ key, records, bytes: body.length, sha256, ...(versionId && { versionId }) });
    await rows?.add(movies, texts);
  }
  // The last manifest names its parts; the listings show what a killed writer left, under this key pattern or another.
  const there: string[] = before?.parts.map(({ key }) => key) ?? [];
  for (const { prefix, isMine } of [keys, ...earlierKeys.map((pattern) => partKeys(pattern, day, placeholders))])
    there.push(...(await store.list(prefix)).filter(isMine));
  const now = new Set(written.map(({ key }) => key));
  const isNeeded = (key: string) => now.has(key) || (keysOfAnother && keys.isMine(key));
  await store.remove([...new Set(there)].filter((key) => !isNeeded(key)));
  return written;
};
