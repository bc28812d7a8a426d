import type { ObjectStore } from '../raw-zone/object-store.ts';
import type { ScratchFile } from '../raw-zone/scratch-file.ts';
import { layout } from '../runs/layout.ts';
import type { BranchManifest, BranchTablesEntry } from '../runs/manifest.ts';
import type { PlannedBranch } from '../runs/plan.ts';
import type { BranchTables } from '../tables/branch-tables.ts';
import type { KeptMovie } from './write-account.ts';

/** The rows of a branch, while its parts are written. */
export interface Rows {
  /** Adds the movies of one part. @param texts The text of each one's record. */
  add(movies: readonly KeptMovie[], texts: readonly Buffer[]): Promise<void>;
  /** Writes the files to the bucket, one at a time. */
  put(store: ObjectStore): Promise<BranchTablesEntry>;
}

/** Collects the rows of a branch. A movie that another branch has, or that is there already, gets none. */
export const rowsOf = (branch: PlannedBranch, tables: BranchTables, scratch: ScratchFile): Rows => {
  const ids = new Set<number>();
  const elsewhere = new Map<string, Set<number>>();
  let repeated = 0;

  return {
    add: async (movies, texts) => {
      for (const [at, { id, owner = branch.branch, beyond }] of movies.entries()) {
        const there = owner === branch.branch ? ids : (elsewhere.get(owner) ?? new Set<number>());
        if (there !== ids) elsewhere.set(owner, there);
        if (there.has(id)) {
          repeated += 1;
          continue;
        }
        there.add(id);
        if (there !== ids) continue;
        const [more] = beyond ? await scratch.read([beyond]) : [];
        await tables.add(id, String(texts[at]), more?.toString());
      }
    },

    put: async (store) => {
      const files: BranchTablesEntry['files'] = [];
      for await (const { table, number, isOfAllBranches, body, rows, sha256, shares } of tables.files()) {
        const key = layout.tableFile(branch, table, isOfAllBranches ? table : branch.branch, number);
        const { versionId } = await store.put(key, body, { contentType: 'application/vnd.apache.parquet' });
        files.push({
          table,
          key,
          rows,
          bytes: body.length,
          sha256,
          ...(versionId && { versionId }),
          ...(shares !== undefined && { shares }),
        });
      }
      return {
        main: tables.main,
        files,
        ids: inOrder(ids),
        elsewhere: [...elsewhere]
          .map(([owner, all]) => ({ branch: owner, ids: inOrder(all) }))
          .toSorted((a, b) => (a.branch < b.branch ? -1 : 1)),
        repeated,
        drift: tables.drift(),
      };
    },
  };
};

const inOrder = (ids: ReadonlySet<number>): number[] => [...ids].toSorted((a, b) => a - b);

/**
 * Removes the files of tables that an earlier writer of this day left and this one doesn't write: those that its manifest
 * names, and those of a killed writer.
 *
 * The file of genres belongs to all branches. It goes where the dataset has no tables any more.
 */
export const removeStaleTables = async (
  store: ObjectStore,
  branch: PlannedBranch,
  { before, now }: { before: BranchManifest | undefined; now: BranchTablesEntry | undefined },
): Promise<void> => {
  const folder = layout.tables(branch.dataset);
  const written = new Set(now?.files.map(({ key }) => key));
  const candidates = new Set(before?.tables?.files.map(({ key }) => key));
  for (const name of await store.folders(folder)) {
    const prefix = `${layout.tableDay(branch, name.slice(0, -1))}${branch.branch}`;
    // The names of other branches may begin with this one's.
    for (const key of await store.list(prefix)) if (layout.isTableFile(key, branch.branch)) candidates.add(key);
  }
  const isOthers = (key: string) => branch.role === 'removed' && !layout.isTableFile(key, branch.branch);
  const stale = [...candidates].filter((key) => !written.has(key) && !isOthers(key));
  if (stale.length) await store.remove(stale);
};
