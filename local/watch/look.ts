import pLimit from 'p-limit';
import type { RunRef } from '../../lib/names.ts';
import type { ReadableStore } from '../../lib/raw-zone/object-store.ts';
import { loadDayManifest } from '../../lib/runs/day-manifest.ts';
import { loadFailure } from '../../lib/runs/failure.ts';
import { layout } from '../../lib/runs/layout.ts';
import { isFinished, loadManifests } from '../../lib/runs/manifest.ts';
import { loadRun, NotPlannedError } from '../../lib/runs/plan.ts';
import { CHUNK } from '../../lib/stages/walk-items.ts';
import type { RunExecutions } from './executions.ts';
import type { BranchSnapshot, Snapshot } from './snapshot.ts';

/** Objects of S3 that are read at once. */
const READS_AT_ONCE = 10;

/** The walker stores a chunk whenever half of what it may lose has an answer. */
const MOVIES_PER_CHUNK = CHUNK / 2;

/**
 * Looks at a run from outside. It lists the work of branches that are not written yet, and reads none of it.
 *
 * @param executions undefined for a local run: then a branch with work counts as running, unless the run is stopped.
 * @param isStopped Whether no process runs a local run any more.
 * @throws {NotPlannedError}
 */
export const look = async (
  store: ReadableStore,
  ref: RunRef,
  executions: RunExecutions | undefined,
  isStopped = () => false,
): Promise<Snapshot> => {
  // First: what is read afterwards is then final.
  const stopped = isStopped();
  const run = await loadRun(store, ref);
  if (!run)
    throw new NotPlannedError(`The plan of run ${ref.run} is gone: ${layout.run(ref)} was removed or has expired.`);
  // Read first: an error that is found afterwards is then newer than this.
  const day = await loadDayManifest(store, ref);
  const [manifests, running, status] = await Promise.all([
    loadManifests(store, ref),
    executions?.running(),
    executions?.status(),
  ]);
  const atOnce = pLimit(READS_AT_ONCE);
  const branchOf = async ({ name, expected, round = 0 }: (typeof run.branches)[number]): Promise<BranchSnapshot> => {
    const manifest = manifests.get(name);
    const facts = { branch: name, expected };
    if (manifest && isFinished(manifest, { ...run, round })) {
      const { kept, leftOut, requests, retries, throttles, distinct, parts } = manifest;
      const written = { kept, leftOut, requests, retries, throttles, distinct, parts: parts.length };
      return { ...facts, isRunning: false, hasList: true, kept: distinct, written };
    }
    const branch = { ...ref, branch: name };
    const [work, failure] = await Promise.all([store.list(layout.workFolder(branch)), loadFailure(store, branch)]);
    const chunks = work.filter((key) => key.startsWith(layout.chunksFolder(branch))).length;
    const execution = running?.get(name);
    return {
      ...facts,
      isRunning: running ? execution !== undefined : !stopped && work.length > 0 && !failure,
      hasList: work.includes(layout.list(branch)),
      kept: Math.min(chunks * MOVIES_PER_CHUNK, expected ?? Number.POSITIVE_INFINITY),
      ...(failure && { failure: { error: failure.error, message: failure.message, at: failure.at } }),
      ...(execution?.attempt !== undefined && { attempt: execution.attempt, attempts: execution.attempts }),
    };
  };
  const branches = await Promise.all(run.branches.map((branch) => atOnce(() => branchOf(branch))));
  const isAudited =
    day?.run === ref.run && branches.every(({ failure }) => failure === undefined || failure.at <= day.writtenAt);
  const isUnfinished = branches.some(({ written }) => !written);
  return { ...ref, status: stopped && isUnfinished ? 'STOPPED' : status, isAudited, branches };
};
