import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DayManifest } from '../../lib/runs/day-manifest.ts';
import { type BranchManifest, loadManifests } from '../../lib/runs/manifest.ts';
import { faultsNamed } from '../../local/simulator/faults.ts';
import type { Execution } from '../../local/step-functions/engine.ts';
import { crimeWarOf, quickPipeline, quickSimulator, quickTmdb, rawZone, readJson } from './running.ts';

const DAY = '2026-11-20';
/** Crime and war of 2017: lists of four pages and of one. */
const SMALL = { from: 2017, to: 2017 };
/** Four branches with 238 movies. Of one in a hundred, two branches have two, one has one, and one has none. */
const LARGE = { from: 2017, to: 2018 };

const faults = (...names: string[]) => names.flatMap((name) => faultsNamed(name) ?? expect.unreachable(name));

/** A run under faults, and what its bucket holds. */
const experiment = async ({ from, to }: typeof SMALL, ...names: string[]) => {
  const simulator = await quickSimulator({ faults: faults(...names), seed: 7 });
  const pipeline = await quickPipeline(simulator, {
    env: { DATASETS: await crimeWarOf(from, to) },
    tmdb: quickTmdb(simulator, { tryMs: 400 }),
  });
  const execution = await pipeline.start({ dataset: 'crime-war', day: DAY }).ended;
  const look = async () => {
    const day: DayManifest = await readJson(pipeline.bucket, `_manifests/crime-war/${DAY}/manifest.json`);
    const branches: Map<string, BranchManifest> = await loadManifests(pipeline.store, {
      dataset: 'crime-war',
      day: DAY,
    });
    // Without a written branch, there is no folder.
    const files = branches.size > 0 ? await rawZone(pipeline.bucket) : {};
    return { day, branches, files };
  };
  return {
    simulator,
    execution,
    look,
    resume: async () => {
      simulator.use([]);
      const from = simulator.asked.length;
      const resumed = await pipeline.start({ dataset: 'crime-war', resume: execution.name }).ended;
      return { resumed, asked: simulator.asked.slice(from), ...(await look()) };
    },
    records: async (branch: BranchManifest) =>
      (await Promise.all(branch.parts.map(({ key }) => readJson(join(pipeline.bucket, key))))).flat() as {
        id: number;
      }[],
  };
};

/** What a run says at its end: SUCCEEDED, or the branches that it names as unfinished. */
const unfinishedIn = ({ status, cause = '' }: Execution): string[] => {
  if (status === 'SUCCEEDED') return [];
  const { errorType, errorMessage } = JSON.parse(cause);
  expect(errorType).toBe('BranchesUnfinishedError');
  return [...errorMessage.matchAll(/\b((?:crime|war)-\d{4}) \(\w+Error/g)].map(([, name]) => name);
};

type Seen = Awaited<ReturnType<Awaited<ReturnType<typeof experiment>>['look']>>;
/** A run without faults that the others are compared with, and its branches of 2017. */
let quietLarge: Seen;
let quiet: Pick<Seen, 'branches' | 'files'>;
beforeAll(async () => {
  quietLarge = await (await experiment(LARGE, 'none')).look();
  const of2017 = <Value>(entries: Iterable<[string, Value]>) =>
    [...entries].filter(([name]) => /[-_]2017(_part_|$)/.test(name));
  quiet = {
    branches: new Map(of2017(quietLarge.branches)),
    files: Object.fromEntries(of2017(Object.entries(quietLarge.files))),
  };
  expect([...quiet.branches.keys()].toSorted()).toEqual(['crime-2017', 'war-2017']);
  expect(Object.keys(quiet.files).length).toBeGreaterThanOrEqual(2);
});

/** How many ids a quiet run accounts for and this branch does not. */
const unexplained = (branch: BranchManifest, than: typeof quiet = quiet): number => {
  const before = than.branches.get(branch.branch);
  const missing = Object.values(branch.missing).flat().length;
  return (before?.distinct ?? 0) - (branch.kept + branch.leftOut + missing);
};

describe.each([{ storm: [] }, { storm: ['storm'] }])('a list fault, with $storm besides', ({ storm }) => {
  it.each(['list-reorders', 'list-empties', 'list-empties-for-good', 'list-halves', 'list-huge', 'drift'])(
    '%s: nothing is lost without being named, and the resumed run gives the bytes of a quiet one',
    async (name) => {
      const { execution, look, resume } = await experiment(SMALL, name, ...storm);
      const { day, branches } = await look();
      const unfinished = unfinishedIn(execution);

      expect(day.unfinished.map(({ branch }) => branch).toSorted()).toEqual(unfinished.toSorted());
      expect(day.complete).toBe(unfinished.length === 0);
      for (const branch of branches.values()) expect([branch.branch, unexplained(branch)]).toEqual([branch.branch, 0]);
      expect([...branches.keys(), ...unfinished].toSorted()).toEqual([...quiet.branches.keys()].toSorted());

      const after = await resume();
      expect(after.resumed.status).toBe('SUCCEEDED');
      expect(after.day.complete).toBe(true);
      expect(after.files).toEqual(quiet.files);
    },
  );

  it.each(['list-leaves', 'list-swaps'])(
    '%s: every movie of a list is accounted for, but the one that has left it or has entered it after it was read',
    async (name) => {
      const { execution, look } = await experiment(SMALL, name, ...storm);
      expect(unfinishedIn(execution)).toEqual([]);
      const { day, branches } = await look();

      expect(day.complete).toBe(true);
      for (const branch of branches.values()) {
        expect(branch.distinct).toBe(branch.expected);
        expect([branch.branch, Math.abs(unexplained(branch)) <= 1]).toEqual([branch.branch, true]);
      }
    },
  );
});

describe('10 % of answers without credits, 1 % of ids always 500, 2 % of bodies mislabelled', () => {
  it('ends as the tolerance says and names every id; the resumed run requests only what is missing', async () => {
    const { simulator, execution, look, resume } = await experiment(LARGE, 'bad-day');
    const { day, branches } = await look();
    const failing = new Set(
      simulator.asked.flatMap(({ path, status }) => (status === 500 ? [Number(path.split('/')[2])] : [])),
    );
    const unfinished = unfinishedIn(execution);

    // Finished branches name each of their ids; unfinished ones have more than the tolerance allows, and say so.
    const named = new Set([...branches.values()].flatMap(({ missing }) => missing.unavailable ?? []));
    expect(unfinished.length).toBeGreaterThan(0);
    expect(named.size).toBeGreaterThan(0);
    for (const id of named) expect(failing.has(Number(id))).toBe(true);
    for (const { branch, error, message } of day.unfinished) {
      const [, lost = 0, of = 0] = /: (\d+) of (\d+) movies have no usable answer/.exec(message) ?? [];
      expect([branch, error]).toEqual([branch, 'TooManyMissingError']);
      expect(Number(lost)).toBeGreaterThan(Math.max(1, Number(of) * 0.005));
    }
    for (const branch of branches.values()) {
      expect(unexplained(branch, quietLarge)).toBe(0);
      expect(branch.missing.unavailable?.length ?? 0).toBeLessThanOrEqual(Math.max(1, branch.distinct * 0.005));
    }

    const after = await resume();
    expect(after.resumed.status).toBe('SUCCEEDED');
    expect(after.files).toEqual(quietLarge.files);
    expect(after.day.missing).not.toHaveProperty('unavailable');
    const movies = after.asked
      .filter(({ path }) => path !== '/authentication')
      .map(({ path }) => Number(path.split('/')[2]));
    expect(movies.length).toBeGreaterThan(0);
    expect(movies.filter((id) => !failing.has(id))).toEqual([]);
  });
});
