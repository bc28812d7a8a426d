import { createHash } from 'node:crypto';
import type { ReadableStore } from '../../lib/raw-zone/object-store.ts';
import { recordsIn } from '../../lib/raw-zone/part-records.ts';
import { type DayManifest, loadDayManifest } from '../../lib/runs/day-manifest.ts';
import { layout } from '../../lib/runs/layout.ts';
import { loadManifests } from '../../lib/runs/manifest.ts';
import { loadRun } from '../../lib/runs/plan.ts';
import { verifyDay } from '../../lib/runs/verify.ts';
import { unfinishedBranches } from '../../lib/stages/audit.ts';
import { explainDay } from '../../lib/stages/why.ts';
import { unpacked } from '../../lib/tmdb/body.ts';
import type { AskedRequest } from '../../local/simulator/simulator.ts';
import type { Execution } from '../../local/step-functions/engine.ts';
import { summary } from '../../local/summary.ts';
import { DATASET, DAY } from './small-tmdb.ts';

const REF = { dataset: DATASET, day: DAY } as const;

/** What a bucket has of the day. */
export interface Lake {
  /** sha256 of each object in the raw zone, by key. */
  files: ReadonlyMap<string, string>;
  /** The records, as `branch id`. One that is there twice is in it twice. */
  records: readonly string[];
  /** What `why` says of each id: `branch id` and the outcome. */
  explained: ReadonlyMap<string, string>;
  /** Ids that `why` explains more than once in a branch. */
  explainedTwice: readonly string[];
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export const lakeIn = async (store: ReadableStore): Promise<Lake> => {
  const files = new Map<string, string>();
  const records: string[] = [];
  for (const key of await store.list('Raw/')) {
    const object = await store.get(key);
    if (!object) continue;
    files.set(key, sha256(object.body));
    const [, branch = key] = /movie_(\w+_\d{4})_part/.exec(key) ?? [];
    const format = { format: 'json', gzip: false } as const;
    for (const { id } of (recordsIn(object.body, format) ?? []) as { id: number }[])
      records.push(`${branch.replace('_', '-')} ${id}`);
  }
  const explained = new Map<string, string>();
  const explainedTwice: string[] = [];
  for (const { branch, id, outcome, part } of (await explainDay(store, REF, undefined)).explanations) {
    const name = `${branch} ${id}`;
    if (explained.has(name)) explainedTwice.push(name);
    explained.set(name, `${outcome}${part ? ` ${part.key} ${part.record}` : ''}`);
  }
  return { files, records, explained, explainedTwice };
};

/** How a lake differs from the one of a run without faults. */
export interface Comparison {
  /** Records that are absent. */
  lost: string[];
  /** Records that are there twice. */
  doubled: string[];
  /** Keys of files that are absent, that are too many, or that have other bytes. */
  differing: string[];
}

export const compare = (lake: Lake, expected: Lake): Comparison => {
  const here = new Set(lake.records);
  const keys = new Set([...lake.files.keys(), ...expected.files.keys()]);
  return {
    lost: expected.records.filter((record) => !here.has(record)),
    doubled: lake.records.filter((record, index) => lake.records.indexOf(record) !== index),
    differing: [...keys].filter((key) => lake.files.get(key) !== expected.files.get(key)),
  };
};

/** Largest object, without compression, in bytes. */
const LARGEST = 2 ** 30;

/** Keys of all objects, packed or not, that contain a text. */
export const objectsWith = async (store: ReadableStore, text: string): Promise<string[]> => {
  const found: string[] = [];
  for (const key of await store.list('')) {
    const body = (await store.get(key))?.body;
    if (body && unpacked(body, undefined, LARGEST).includes(text)) found.push(key);
  }
  return found;
};

/** What is wrong in a complete day, in sentences: `verify`, and `why` for each id. */
export const wrongInDay = async (store: ReadableStore, lake: Lake, expected: Lake): Promise<string[]> => {
  const { differences, complete } = await verifyDay(store, REF);
  const unexplained = [...expected.explained].filter(([id, outcome]) => lake.explained.get(id) !== outcome);
  return [
    ...(complete ? [] : ['the day is not complete']),
    ...differences.map(({ says }) => `verify: ${says}`),
    ...lake.explainedTwice.map((id) => `why explains ${id} twice`),
    ...unexplained.map(([id, outcome]) => `why says of ${id}: ${lake.explained.get(id)}; expected ${outcome}`),
    ...[...lake.explained.keys()].filter((id) => !expected.explained.has(id)).map((id) => `why knows ${id}, too`),
  ];
};

/**
 * What is wrong while a day is not complete, or after a kill: a manifest names a part that is absent or has other bytes.
 * While a complete day is written again, its parts may be newer than its manifests, and the day says so
 * (docs/decisions/0011-a-day-being-rewritten.md).
 */
export const promisesBroken = async (store: ReadableStore): Promise<string[]> => {
  const day = await loadDayManifest(store, REF);
  if (day?.complete) {
    // It is written after the manifest of the day. A run that was killed between them writes it when it is resumed.
    const differences = (await verifyDay(store, REF)).differences.filter(({ key }) => key !== layout.latest(DATASET));
    return differences.map(({ says }) => `verify: ${says}`);
  }
  if (day && day.rewriting.length > 0) return [];
  const wrong: string[] = [];
  for (const { branch, parts } of (await loadManifests(store, REF)).values()) {
    for (const { key, sha256: expected } of parts) {
      const object = await store.get(key);
      if (!object) wrong.push(`the manifest of ${branch} names ${key}, which is absent`);
      else if (sha256(object.body) !== expected) wrong.push(`the manifest of ${branch} names other bytes of ${key}`);
    }
  }
  return wrong;
};

/** What is wrong with the last words of a run that was not killed: they name what is missing, and how to go on. */
export const wrongLastWords = async (store: ReadableStore, execution: Execution, run: string): Promise<string[]> => {
  const day = await loadDayManifest(store, REF);
  if (execution.status === 'SUCCEEDED') {
    const { outcome = 'planned', says = '' } = (execution.output ?? {}) as { outcome?: string; says?: string };
    if (outcome !== 'planned') return says ? [] : [`a run was ${outcome} and does not say why`];
    return day?.complete ? [] : ['a run succeeded, and the day is not complete'];
  }
  const { errorType = '', errorMessage = '' } = JSON.parse(execution.cause ?? '{}');
  if (!errorType || errorMessage.length < 20) return [`a run failed without a reason: ${execution.cause}`];
  if (errorType !== 'BranchesUnfinishedError') return [];
  const plan = await loadRun(store, { ...REF, run });
  if (!plan || !day) return [`a run has unfinished branches, and there is no ${plan ? 'manifest' : 'plan'}`];
  const missing = unfinishedBranches(plan, await loadManifests(store, REF));
  const words = lastWords(day, run, plan.branches.length);
  return [
    ...missing.filter((branch) => !errorMessage.includes(`${branch} (`)).map((one) => `the error does not name ${one}`),
    ...missing.filter((branch) => !words.includes(`Unfinished: ${branch} (`)).map((one) => `npm start hides ${one}`),
    ...(words.trimEnd().endsWith(`npm start -- --resume ${run}`) ? [] : ['npm start does not say how to go on']),
  ];
};

const lastWords = (day: DayManifest, run: string, planned: number): string =>
  summary(day, { ...REF, run, planned, bucket: 's3://lab', seconds: 0, resume: `npm start -- --resume ${run}` });

/** Requests by path and query, of those that TMDB answered without a fault. */
export const answered = (asked: readonly AskedRequest[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const { path, query, status, fault } of asked) {
    if (status !== 200 || fault || path === '/authentication') continue;
    const key = `${path}?${new URLSearchParams(query)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
};

/** Requests that were sent again, beyond those of a run without faults. */
export const repeated = (asked: readonly AskedRequest[], expected: ReadonlyMap<string, number>): number =>
  [...answered(asked)].reduce((sum, [key, times]) => sum + Math.max(0, times - (expected.get(key) ?? 0)), 0);
