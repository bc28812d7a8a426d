import * as z from 'zod';
import type { BranchRef } from '../names.ts';
import type { ObjectStore, ReadableStore } from '../raw-zone/object-store.ts';
import { layout } from './layout.ts';
import { readable } from './stored.ts';

/** `_runs/…/failed/<branch>.json`: the error of a function that failed. The auditor quotes it. */
const branchFailure = z.object({ error: z.string(), message: z.string(), at: z.string() });
export type BranchFailure = z.output<typeof branchFailure>;

/** For a function that ended without recording an error: a function that runs out of time or memory can't write. */
export const NO_ERROR_RECORDED: Omit<BranchFailure, 'at'> = {
  error: 'NoErrorRecorded',
  message:
    'the function ended without recording an error (out of time or memory, or never started); open the branch in the Step Functions console',
};

/** Longest recorded message, in characters. A message may quote a whole page. */
const LONGEST_MESSAGE = 1_000;

export const recordFailure = (store: ObjectStore, ref: BranchRef, { name, message }: Error, at: Date) =>
  store.put(
    layout.failed(ref),
    JSON.stringify({
      error: name,
      message: message.slice(0, LONGEST_MESSAGE),
      at: at.toISOString(),
    } satisfies BranchFailure),
  );

export const loadFailure = async (store: ReadableStore, ref: BranchRef): Promise<BranchFailure | undefined> =>
  readable(branchFailure, await store.get(layout.failed(ref)));

/** Removes the error of an earlier call, so that it isn't reported as the error of a later one. */
export const forgetFailure = async (store: ObjectStore, ref: BranchRef): Promise<void> => {
  // Read first: in a versioned bucket, removing an object that doesn't exist creates a delete marker.
  if (await store.get(layout.failed(ref))) await store.remove([layout.failed(ref)]);
};
