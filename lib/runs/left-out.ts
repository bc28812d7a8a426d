import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type Dataset, keepRule } from '../datasets/dataset.ts';
import { type BranchRef, branchRef } from '../names.ts';
import type { ObjectStore, ReadableStore } from '../raw-zone/object-store.ts';
import { layout } from './layout.ts';
import type { BranchManifest } from './manifest.ts';

/** An item of a list that a rule of the dataset excludes. */
export interface LeftOut {
  id: number | string;
  /** The first rule that it fails. */
  rule: Dataset['keep'][number];
  /** What it has in the field of the rule. Undefined if it has no such field, or a value that is too long to store. */
  value: unknown;
}

/** Longest value that is stored, in characters of JSON: most are numbers. */
const LONGEST_VALUE = 60;

export const leftOutBy = (rule: LeftOut['rule'], id: LeftOut['id'], value: unknown): LeftOut => {
  const text = JSON.stringify(value);
  return { id, rule, value: text !== undefined && text.length <= LONGEST_VALUE ? JSON.parse(text) : undefined };
};

/** `_manifests/<dataset>/<day>/left-out/<branch>.json`: the ids by the rule that they fail, and by their value. */
const leftOutFile = branchRef.extend({
  leftOut: z.array(
    z.object({ rule: keepRule, value: z.unknown().optional(), ids: z.array(z.union([z.int(), z.string()])) }),
  ),
});
type LeftOutFile = z.output<typeof leftOutFile>;

/**
 * Saves the ids of the items that are left out, before the manifest that names the file.
 *
 * The same items give the same bytes, in any order. Without items, only a file that is there already is written, so that
 * it doesn't keep the ids of an earlier run.
 */
export const saveLeftOut = async (
  store: ObjectStore,
  { dataset, day, run, branch }: BranchRef,
  items: readonly LeftOut[],
) => {
  const key = layout.leftOut({ dataset, day, branch });
  if (items.length === 0 && !(await store.get(key))) return undefined;
  const groups = Map.groupBy(items, ({ rule, value }) => JSON.stringify([rule, value]));
  const file: LeftOutFile = {
    dataset,
    day,
    run,
    branch,
    leftOut: [...groups]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, [first, ...more]]) =>
        first
          ? [{ rule: first.rule, value: first.value, ids: [first, ...more].map(({ id }) => id).toSorted(byId) }]
          : [],
      ),
  };
  const body = Buffer.from(JSON.stringify(file));
  await store.put(key, body);
  return { key, bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') };
};

const byId = (one: LeftOut['id'], other: LeftOut['id']): number =>
  typeof one === 'number' && typeof other === 'number' ? one - other : String(one) < String(other) ? -1 : 1;

/** @returns The items of a file; undefined where the text is no such file. */
export const leftOutIn = (text: string): LeftOut[] | undefined => {
  try {
    return leftOutFile
      .parse(JSON.parse(text))
      .leftOut.flatMap(({ rule, value, ids }) => ids.map((id) => ({ id, rule, value })));
  } catch {
    return undefined;
  }
};

/** The items of a branch that are left out; undefined where there is no such file, as for a branch of an earlier version. */
export const loadLeftOut = async (
  store: ReadableStore,
  { leftOut, leftOutFile: file }: Pick<BranchManifest, 'leftOut' | 'leftOutFile'>,
): Promise<LeftOut[] | undefined> => {
  if (!file) return leftOut === 0 ? [] : undefined;
  const object = await store.get(file.key);
  return object && leftOutIn(object.body.toString());
};
