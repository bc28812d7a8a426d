import type { RunEvent } from '../../lib/events.ts';
import type { BranchManifest } from '../../lib/runs/manifest.ts';

/** What can be known of a run from outside: its bucket and, in AWS, its executions. */
export interface Snapshot {
  dataset: string;
  day: string;
  run: string;
  /**
   * In AWS: RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED. A local run is STOPPED if it is unfinished and no process has
   * its folder; else its status is undefined.
   */
  status: string | undefined;
  /** Whether the auditor has written the day's manifest for this run since the last error of a branch. */
  isAudited: boolean;
  branches: readonly BranchSnapshot[];
}

export interface BranchSnapshot {
  branch: string;
  /** Movies of the list when the run was planned; null where that was not known. */
  expected: number | null;
  isRunning: boolean;
  hasList: boolean;
  /** Movies whose answers are in the bucket: ten for each chunk, so the last chunk makes it a little too high. */
  kept: number;
  /** The error of its last call, while no newer call has begun. */
  failure?: { error: string; message: string; at: string };
  /** Failed attempts of the state that it is in, and how many there may be. Known in AWS only. */
  attempt?: number;
  attempts?: number;
  /** The figures of its manifest, once it is written. */
  written?: Pick<BranchManifest, 'kept' | 'leftOut' | 'requests' | 'retries' | 'throttles' | 'distinct'> & {
    parts: number;
  };
}

/**
 * The events that lead from one snapshot to the next, so that a run in AWS is shown like a local one.
 *
 * @param before undefined for the first snapshot.
 */
export const eventsBetween = (before: Snapshot | undefined, now: Snapshot): RunEvent[] => {
  const { dataset, day, run, branches } = now;
  const earlier = new Map(before?.branches.map((one) => [one.branch, one]));
  const expected = branches.reduce((sum, one) => sum + (one.expected ?? 0), 0);
  return [
    ...(before
      ? []
      : [
          {
            type: 'planned',
            dataset,
            day,
            run,
            outcome: 'planned',
            branches: branches.length,
            expected,
            sentence: `Run ${run} of ${dataset}, ${day}: ${branches.length} ${branches.length === 1 ? 'branch' : 'branches'}, ${expected} movies.`,
          } as const,
        ]),
    ...branches.flatMap((one) => branchEvents(earlier.get(one.branch), one)),
  ];
};

const branchEvents = (before: BranchSnapshot | undefined, now: BranchSnapshot): RunEvent[] => {
  const { branch, kept, failure, written } = now;
  if (before?.written) return [];
  const keptBefore = before?.kept ?? 0;
  if (written) {
    const { kept: records, leftOut, parts, requests, retries, throttles, distinct } = written;
    // What was counted before was one request for each movie.
    const rest = Math.max(0, requests - (before ? keptBefore : requests));
    return [
      { type: 'moviesKept', branch, kept: distinct, of: distinct },
      ...(before ? [{ type: 'requested', branch, requests: rest, retries, throttles } as const] : []),
      { type: 'branchWritten', branch, kept: records, leftOut, parts },
    ];
  }
  const events: RunEvent[] = [];
  const hasEnded = before?.isRunning === true && !now.isRunning;
  if (now.isRunning && !before?.isRunning) events.push({ type: 'branchStarted', branch });
  if (now.hasList && (kept !== keptBefore || !before?.hasList)) {
    if (before && kept > keptBefore)
      events.push({ type: 'requested', branch, requests: kept - keptBefore, retries: 0, throttles: 0 });
    const of = Math.max(now.expected ?? 0, kept);
    events.push({ type: 'moviesKept', branch, kept: Math.min(kept, of), of });
  }
  const isNews =
    failure !== undefined &&
    (before?.failure?.error !== failure.error ||
      before.failure.message !== failure.message ||
      before.attempt !== now.attempt ||
      hasEnded);
  if (isNews)
    events.push({
      type: 'branchFailed',
      branch,
      error: failure.error,
      reason: failure.message,
      ...(now.attempt !== undefined && { attempt: now.attempt, attempts: now.attempts ?? now.attempt }),
      // When Step Functions tries again is not in the history before it does.
      ...(now.isRunning && { nextTryInMs: 0 }),
    });
  return events;
};

/**
 * Whether nothing more will happen.
 *
 * A local run can't be asked. It has ended if no process has its folder, if all branches are written, or if the auditor has
 * seen all others fail. Between two sweeps that is so for a moment, so it must be so at two looks in a row.
 */
export const hasEnded = (before: Snapshot | undefined, now: Snapshot): boolean => {
  if (now.status !== undefined) return now.status !== 'RUNNING';
  return now.branches.every(({ written }) => written) || (allFailed(now) && before !== undefined && allFailed(before));
};

const allFailed = ({ isAudited, branches }: Snapshot): boolean =>
  isAudited && branches.every(({ written, failure }) => written || failure);
