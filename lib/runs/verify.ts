import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import type * as z from 'zod';
import { branchName, type DayRef } from '../names.ts';
import { BadInputError } from '../parse.ts';
import { dayKeys, partKeys } from '../raw-zone/key-pattern.ts';
import type { ReadableStore } from '../raw-zone/object-store.ts';
import { formatOf, recordsIn } from '../raw-zone/part-records.ts';
import { type DayManifest, dayManifest, latestDay } from './day-manifest.ts';
import { layout } from './layout.ts';
import { leftOutIn } from './left-out.ts';
import {
  type BranchManifest,
  type BranchTablesEntry,
  branchManifest,
  figures,
  isFinished,
  READS_AT_ONCE,
  sumProblems,
  totals,
} from './manifest.ts';
import { ifNotPlanned, loadBranch, loadRuns, type PlannedRun } from './plan.ts';
import { sealProblem } from './seal.ts';
import { tablesOfDay } from './tables-of-day.ts';

/** An object of a day that is not as the manifests say. */
export interface Difference {
  /** The key of the object. */
  key: string;
  /** The branch that has to be run again; undefined where that doesn't help. */
  branch?: string;
  /** One sentence: the key, what is expected, what is there, what to do. */
  says: string;
}

/** The result for one day. */
export interface Verified extends DayRef {
  /** Whether the manifest of the day says that it is complete. */
  complete: boolean;
  /** Branches, parts, records and bytes that the manifests name. */
  branches: number;
  parts: number;
  records: number;
  bytes: number;
  /** Files of tables that the manifests name. */
  tables: number;
  /** Key of the upload that a CSV dataset was made from. */
  upload?: string;
  /** Sorted by key. Empty: the day is exactly as its manifests say. */
  differences: Difference[];
}

/**
 * Compares a day with its manifests: every part is there with its size, hash and records, and every file of the tables
 * with its size and hash; nothing else lies in the day's folders; every manifest is as it was written; the figures add up.
 *
 * A manifest that was damaged is reported itself, and nothing is concluded from what it says. Reads every part once, so
 * for a bucket in AWS, the whole day is downloaded.
 *
 * A day that a run is writing differs until the run ends.
 */
export const verifyDay = async (store: ReadableStore, ref: DayRef): Promise<Verified> => {
  const found = new Map<string, Difference>();
  /** Only the first difference of an object is reported: the others follow from it. */
  const differs: Differs = (key, { expected, found: there, todo, branch }) => {
    if (!found.has(key))
      found.set(key, {
        key,
        ...(branch !== undefined && { branch }),
        says: `${key}: expected ${expected}, found ${there}; ${todo}.`,
      });
  };
  const manifests = await readManifests(store, ref, differs);
  const branches = [...manifests.branches.values()];

  const atOnce = pLimit(READS_AT_ONCE);
  await Promise.all(
    branches.flatMap((manifest) =>
      [...manifest.parts.keys()].map((index) => atOnce(() => comparePart(store, manifest, index, differs))),
    ),
  );
  await Promise.all(
    branches.flatMap((manifest) =>
      manifest.quarantine.map(({ id, key }) =>
        atOnce(async () => {
          if (await store.get(key)) return;
          const expected = `the answer for ${id}, which the manifest of ${manifest.branch} names`;
          differs(key, { expected, found: 'no object', ...runAgain(manifest.branch) });
        }),
      ),
    ),
  );
  await Promise.all(branches.map((manifest) => atOnce(() => compareLeftOut(store, manifest, differs))));
  await Promise.all(
    branches.flatMap(({ branch, tables }) =>
      (tables?.files ?? []).map((file) => atOnce(() => compareTable(store, branch, file, differs))),
    ),
  );
  const runs = await loadRuns(store, ref).catch(ifUnreadable);
  await findStrays(store, ref, { ...manifests, runs }, differs);
  if (manifests.day) compareDay(ref, manifests.day, { ...manifests, runs }, differs);
  if (manifests.day?.complete) await compareLatest(store, manifests.day, differs);

  const sum = (one: (manifest: BranchManifest) => number) => branches.reduce((total, each) => total + one(each), 0);
  return {
    ...ref,
    complete: manifests.day?.complete ?? false,
    branches: branches.filter(({ role }) => role !== 'removed').length,
    parts: sum(({ parts }) => parts.length),
    records: sum(({ written }) => written),
    bytes: sum(({ bytes }) => bytes),
    tables: tableKeys(branches).size,
    ...(manifests.day?.csv && { upload: manifests.day.csv.key }),
    differences: [...found.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1)),
  };
};

type Differs = (
  key: string,
  difference: { expected: string; found: string; todo: string; branch?: string | undefined },
) => void;

const runAgain = (branch: string) => ({ branch, todo: `run branch ${branch} of the day again` });

/** Every run writes the manifest of the day at its end. */
const WRITE_DAY_AGAIN = 'run any branch of the day again, which writes this manifest anew';

interface Manifests {
  day: DayManifest | undefined;
  /** The manifests of branches that are as they were written. */
  branches: ReadonlyMap<string, BranchManifest>;
  /** Branches whose manifest is damaged, or is missing although the day names it. */
  unreadable: ReadonlySet<string>;
  /** Keys beside these manifests that none of them explains. */
  others: readonly string[];
}

const readManifests = async (store: ReadableStore, ref: DayRef, differs: Differs): Promise<Manifests> => {
  const dayKey = layout.dayManifest(ref);
  const read = await readManifest(store, dayKey, dayManifest);
  if ('wrong' in read) differs(dayKey, { ...read.wrong, todo: WRITE_DAY_AGAIN });
  const day = 'manifest' in read ? read.manifest : undefined;

  const folder = layout.branchManifests(ref);
  const keys = await store.list(layout.manifestsOfDay(ref));
  const named = new Map(day?.branches.map(({ branch, manifest }) => [manifest, branch]));
  const branches = new Map<string, BranchManifest>();
  const unreadable = new Set<string>();
  const readBranch = async (key: string) => {
    const branch = key.slice(folder.length, -'.json'.length);
    if (key !== layout.branchManifest({ ...ref, branch }) || !branchName.safeParse(branch).success) return;
    const one = await readManifest(store, key, branchManifest);
    const wrong = 'wrong' in one ? one.wrong : misplaced(one.manifest, { ...ref, branch });
    if (wrong) unreadable.add(branch);
    else if ('manifest' in one) branches.set(branch, one.manifest);
    if (wrong) differs(key, { ...wrong, ...runAgain(branch) });
  };
  const atOnce = pLimit(READS_AT_ONCE);
  await Promise.all([...new Set([...keys, ...named.keys()])].map((key) => atOnce(() => readBranch(key))));
  const known = new Set([
    dayKey,
    // Made from the manifests for people; no manifest names it.
    layout.report(ref),
    ...[...branches.keys(), ...unreadable].map((branch) => layout.branchManifest({ ...ref, branch })),
    ...[...branches.values()].flatMap(({ leftOutFile }) => leftOutFile?.key ?? []),
  ]);
  return { day, branches, unreadable, others: keys.filter((key) => !known.has(key)) };
};

/** An empty object that the console of S3 creates for a folder. It has no data. */
const isFolder = (key: string): boolean => key.endsWith('/');

const STRAY = {
  expected: 'no such object, because no manifest of the day names it',
  found: 'an object',
  todo: 'remove it if no run is writing the day',
};

type Wrong = Pick<Parameters<Differs>[1], 'expected' | 'found'>;

const readManifest = async <Schema extends z.ZodObject>(
  store: ReadableStore,
  key: string,
  schema: Schema,
): Promise<{ manifest: z.output<Schema> } | { wrong: Wrong }> => {
  const object = await store.get(key);
  if (!object) return { wrong: { expected: 'a manifest', found: 'no object' } };
  const text = object.body.toString();
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return { wrong: { expected: 'a manifest', found: 'text that is not JSON' } };
  }
  const { success, data: manifest, error } = schema.safeParse(data);
  if (!success) {
    const field = error.issues[0]?.path.map(String).join('.') || 'the whole object';
    return {
      wrong: { expected: 'a manifest that this version of the code can read', found: `a wrong value in ${field}` },
    };
  }
  const unknown = Object.keys(data as object).find((name) => name !== 'sha256' && !(name in schema.shape));
  if (unknown !== undefined)
    return {
      wrong: {
        expected: 'a manifest that this version of the code can read',
        found: `the unknown field ${JSON.stringify(unknown)}`,
      },
    };
  const wrong = sealProblem(text, data as object);
  return wrong ? { wrong } : { manifest };
};

/** A manifest that was copied from elsewhere, or whose figures do not add up. */
const misplaced = (
  manifest: BranchManifest,
  { dataset, day, branch }: DayRef & { branch: string },
): Wrong | undefined => {
  if (manifest.dataset !== dataset || manifest.day !== day || manifest.branch !== branch)
    return {
      expected: `the manifest of ${branch} of ${dataset}, ${day}`,
      found: `that of ${manifest.branch} of ${manifest.dataset}, ${manifest.day}`,
    };
  const bytes = manifest.parts.reduce((sum, part) => sum + part.bytes, 0);
  const lost = (reason: 'quarantined' | 'unavailable') => (manifest.missing[reason] ?? []).join();
  const idsOf = (all: readonly { id: number | string }[]) => all.map(({ id }) => id).join();
  const wrong = [
    ...sumProblems(manifest),
    bytes !== manifest.bytes && `${manifest.bytes} bytes are not the ${bytes} of the parts`,
    lost('quarantined') !== idsOf(manifest.quarantine) && 'quarantine has other ids than missing.quarantined',
    lost('unavailable') !== idsOf(manifest.unavailable) && 'unavailable has other ids than missing.unavailable',
  ].filter((one) => one !== false);
  return wrong.length ? { expected: 'figures that add up', found: wrong.join(', and ') } : undefined;
};

const comparePart = async (
  store: ReadableStore,
  { branch, output, parts }: BranchManifest,
  index: number,
  differs: Differs,
): Promise<void> => {
  const part = parts[index];
  if (!part) return;
  const wrong = (expected: string, found: string) =>
    differs(part.key, { expected: `${expected} (manifest of ${branch})`, found, ...runAgain(branch) });
  const object = await store.get(part.key);
  if (!object) return wrong(`a part with ${part.records} records`, 'no object');
  const { body } = object;
  if (body.length !== part.bytes) return wrong(`${part.bytes} bytes`, `${body.length}`);
  const sha256 = createHash('sha256').update(body).digest('hex');
  if (sha256 !== part.sha256) return wrong(`the sha256 ${part.sha256}`, sha256);
  const format = formatOf(part.key, output);
  const records = recordsIn(body, format);
  if (!records) return wrong(`${part.records} records`, `bytes that are not ${format.format}`);
  if (records.length !== part.records) return wrong(`${part.records} records`, `${records.length}`);
};

/** The file of genres belongs to every branch. */
const tableKeys = (branches: readonly BranchManifest[]): Set<string> =>
  new Set(branches.flatMap(({ tables }) => tables?.files.map(({ key }) => key) ?? []));

const compareTable = async (
  store: ReadableStore,
  branch: string,
  { key, table, rows, bytes, sha256 }: BranchTablesEntry['files'][number],
  differs: Differs,
): Promise<void> => {
  const wrong = (expected: string, found: string) =>
    differs(key, { expected: `${expected} (manifest of ${branch})`, found, ...runAgain(branch) });
  const object = await store.get(key);
  if (!object) return wrong(`a file of ${table} with ${rows} rows`, 'no object');
  const { body } = object;
  if (body.length !== bytes) return wrong(`${bytes} bytes`, `${body.length}`);
  const there = createHash('sha256').update(body).digest('hex');
  if (there !== sha256) wrong(`the sha256 ${sha256}`, there);
};

/** Compares the file of the movies that are left out. Manifests of earlier versions have none. */
const compareLeftOut = async (store: ReadableStore, manifest: BranchManifest, differs: Differs): Promise<void> => {
  const { branch, leftOutFile: file, leftOut, missing } = manifest;
  if (!file) return;
  const wrong = (expected: string, found: string) =>
    differs(file.key, { expected: `${expected} (manifest of ${branch})`, found, ...runAgain(branch) });
  const object = await store.get(file.key);
  if (!object) return wrong(`the ids of ${leftOut} movies that are left out`, 'no object');
  const sha256 = createHash('sha256').update(object.body).digest('hex');
  if (object.body.length !== file.bytes) return wrong(`${file.bytes} bytes`, `${object.body.length}`);
  if (sha256 !== file.sha256) return wrong(`the sha256 ${file.sha256}`, sha256);
  const ids = leftOutIn(object.body.toString())?.map(({ id }) => id) ?? [];
  if (ids.length !== leftOut) wrong(`the ids of ${leftOut} movies that are left out`, `${ids.length}`);
  const twice = new Set([...ids, ...Object.values(missing).flat()]);
  if (twice.size !== ids.length + Object.values(missing).flat().length)
    wrong('ids that are left out once, and not missing', 'an id that is there twice');
};

/** Finds objects in the folders of the day's parts that no manifest names. */
const findStrays = async (
  store: ReadableStore,
  ref: DayRef,
  { branches, unreadable, others, runs }: Omit<Manifests, 'day'> & { runs: readonly PlannedRun[] },
  differs: Differs,
): Promise<void> => {
  const manifests = [...branches.values()];
  const patterns = [...new Set([...manifests, ...runs].flatMap(({ output }) => (output ? [output.key] : [])))];
  const named = new Set(manifests.flatMap(({ parts }) => parts.map(({ key }) => key)));
  const strays = new Set<string>(others);
  for (const pattern of patterns) {
    const { folders, isOfDay } = dayKeys(pattern, ref.day);
    for (const folder of await matchingFolders(store, folders))
      for (const key of await store.list(folder)) if (isOfDay(key) && !named.has(key)) strays.add(key);
  }
  const inTables = tableKeys(manifests);
  for (const table of await store.folders(layout.tables(ref.dataset)))
    for (const key of await store.list(layout.tableDay(ref, table.slice(0, -1))))
      if (!inTables.has(key)) strays.add(key);
  for (const key of strays) if (isFolder(key)) strays.delete(key);
  if (strays.size === 0) return;

  const planned = runs.flatMap(({ run, branches: all }) => all.map(({ name }) => ({ run, branch: name })));
  const unwritten = new Map(planned.filter(({ branch }) => !branches.has(branch)).map((one) => [one.branch, one.run]));
  const owners = await Promise.all(
    [...unwritten].map(async ([branch, run]) => {
      const plan = await loadBranch(store, { ...ref, run, branch }).catch(ifNotPlanned);
      const keys = plan ? patterns.map((pattern) => partKeys(pattern, ref.day, plan.placeholders)) : [];
      const leftOut = layout.leftOut({ ...ref, branch });
      return {
        branch,
        run,
        isPlanned: plan !== undefined,
        isMine: (key: string) => key === leftOut || isTableOf(ref, branch, key) || keys.some((one) => one.isMine(key)),
      };
    }),
  );
  // Without the plan of a branch whose manifest is damaged, any of them may be its part.
  if ([...unreadable].some((branch) => !owners.some((one) => one.branch === branch && one.isPlanned))) return;
  for (const key of strays) {
    const owner = owners.find(({ isMine }) => isMine(key));
    if (!owner) differs(key, STRAY);
    // The manifest is reported, and its parts are what it would name.
    else if (!unreadable.has(owner.branch))
      differs(key, {
        expected: `no such object, because branch ${owner.branch} has no manifest`,
        found: 'a file of it',
        todo: `resume run ${owner.run}, which writes the branch`,
      });
  }
};

/** Whether a key is a branch's file in a table, or the file that all branches have in common. */
const isTableOf = (ref: DayRef, branch: string, key: string): boolean => {
  const table = key.startsWith(layout.tables(ref.dataset)) ? key.split('/').at(-3) : undefined;
  return table !== undefined && [branch, table].some((name) => layout.isTableFile(key, name));
};

/** A plan is not a part of the day's data: a damaged one only says less about the files. */
const ifUnreadable = (error: unknown): [] => {
  if (!(error instanceof BadInputError)) throw error;
  return [];
};

const matchingFolders = async (
  store: ReadableStore,
  [next, ...rest]: readonly (string | RegExp)[],
  folder = '',
): Promise<string[]> => {
  if (next === undefined) return [folder];
  if (typeof next === 'string') return matchingFolders(store, rest, `${folder}${next}/`);
  const there = (await store.folders(folder)).filter((name) => next.test(name.slice(0, -1)));
  return (await Promise.all(there.map((name) => matchingFolders(store, rest, `${folder}${name}`)))).flat();
};

const FIGURES = Object.keys(figures.shape) as (keyof typeof figures.shape)[];

/** Whether a run has written some of its branches, and others are as before. */
const isHalfWritten = (run: PlannedRun, branches: ReadonlyMap<string, BranchManifest>): boolean => {
  const done = run.branches.filter(({ name, round = 0 }) => isFinished(branches.get(name), { ...run, round }));
  return done.length > 0 && done.length < run.branches.length;
};

/** Compares the manifest of the day with those of its branches. */
const compareDay = (
  ref: DayRef,
  day: DayManifest,
  { branches, unreadable, runs }: Manifests & { runs: readonly PlannedRun[] },
  differs: Differs,
): void => {
  const key = layout.dayManifest(ref);
  const wrong = (expected: string, found: string) => differs(key, { expected, found, todo: WRITE_DAY_AGAIN });
  if (day.dataset !== ref.dataset || day.day !== ref.day)
    wrong(`the manifest of ${ref.dataset}, ${ref.day}`, `that of ${day.dataset}, ${day.day}`);
  const gaps = { absent: day.absent, unfinished: day.unfinished, outdated: day.outdated, rewriting: day.rewriting };
  const open = Object.entries(gaps).filter(([, all]) => all.length > 0);
  if (day.complete !== (open.length === 0))
    wrong(
      `complete to be ${!day.complete}, because ${open.length ? `${open.map(([name]) => name).join(' and ')} is not empty` : 'nothing is absent, unfinished, outdated or being rewritten'}`,
      `${day.complete}`,
    );
  // The run that writes the day again writes its manifest at its end.
  if (day.rewriting.length > 0) {
    const half = runs.find((run) => day.rewriting.includes(run.run) && isHalfWritten(run, branches));
    if (half)
      differs(key, {
        expected: 'the branches of one run',
        found: `some that run ${half.run} has written again and some that it has not`,
        todo: `resume that run: npm start -- --resume ${half.run}`,
      });
    return;
  }

  const written = [...branches.values()].filter(({ role }) => role !== 'removed');
  const unnamed = written.find(({ branch }) => !day.branches.some((one) => one.branch === branch));
  if (unnamed) wrong(`${unnamed.branch} among its branches, because that has a manifest`, 'no such branch');
  for (const line of day.branches) {
    const manifest = branches.get(line.branch);
    if (!manifest) {
      if (!unreadable.has(line.branch)) wrong(`the key of the manifest of ${line.branch}`, line.manifest);
      continue;
    }
    const expected = {
      run: manifest.run,
      distinct: manifest.distinct,
      kept: manifest.kept,
      written: manifest.written,
      parts: manifest.parts.length,
      warnings: manifest.warnings.join('; '),
    };
    const found = { ...line, warnings: line.warnings.join('; ') };
    const field = (Object.keys(expected) as (keyof typeof expected)[]).find((name) => found[name] !== expected[name]);
    if (field) wrong(`${field} ${expected[field]} for ${line.branch} (its manifest)`, `${found[field]}`);
  }
  const other = written.find(({ tmdb }) => tmdb !== undefined && day.tmdb !== undefined && tmdb !== day.tmdb);
  if (other) wrong(`data from ${other.tmdb} (manifest of ${other.branch})`, `${day.tmdb}`);
  if (unreadable.size > 0) return;
  const sums = totals(written.toSorted((a, b) => (a.branch < b.branch ? -1 : 1)));
  const figure = FIGURES.find((name) => day[name] !== sums[name]);
  if (figure) wrong(`${figure} ${sums[figure]}, the sum over the branches`, `${day[figure]}`);
  const tables = tablesOfDay(written.toSorted((a, b) => (a.branch < b.branch ? -1 : 1)));
  if (JSON.stringify(day.tables) !== JSON.stringify(tables))
    wrong('the tables of its branches, added up', 'other figures in tables');
  if (JSON.stringify(day.missing) !== JSON.stringify(sums.missing))
    wrong('the missing ids of its branches', 'other ids in missing');
};

/** Compares `latest.json` with a complete day. */
const compareLatest = async (store: ReadableStore, { dataset, day, run }: DayManifest, differs: Differs) => {
  const key = layout.latest(dataset);
  const expected = `${day} of run ${run}, or a later day`;
  const todo = WRITE_DAY_AGAIN;
  const object = await store.get(key);
  if (!object) return differs(key, { expected, found: 'no object', todo });
  try {
    const latest = latestDay.parse(JSON.parse(object.body.toString()));
    const isDay = latest.dataset === dataset && latest.manifest === layout.dayManifest(latest);
    if (isDay && (latest.day > day ? await store.get(latest.manifest) : latest.day === day && latest.run === run))
      return;
    differs(key, { expected, found: `${latest.day} of run ${latest.run} (${latest.manifest})`, todo });
  } catch {
    differs(key, { expected, found: 'something that is not the newest day', todo });
  }
};
