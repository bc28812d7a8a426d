import * as z from 'zod';
import type { Clock } from '../clock.ts';
import type { Tally } from '../tmdb/client.ts';

/*
 * Requests to TMDB over time: how many were sent in each second, how many of them were retries, and how many answers
 * were 429. The walker counts, the manifest of a branch has the result, and the report draws it.
 */

/** The counts of one second: seconds since 1970, requests, retries, answers with status 429. */
export type Second = [second: number, requests: number, retries: number, throttles: number];

const COLUMN = { requests: 1, retries: 2, throttles: 3 } as const satisfies Record<keyof Tally, number>;

/** Counts as requests are sent. */
export const trafficCounter = (clock: Clock) => {
  const seconds = new Map<number, Second>();
  return {
    count: (what: keyof Tally): void => {
      const second = Math.floor(clock.now() / 1000);
      const counts = seconds.get(second) ?? [second, 0, 0, 0];
      counts[COLUMN[what]] += 1;
      seconds.set(second, counts);
    },
    seconds: (): Second[] => [...seconds.values()].toSorted(([a], [b]) => a - b),
  };
};

/** `traffic` in the manifest of a branch: counts for intervals of equal length, without a gap. */
export const traffic = z.object({
  /** Begin of the first interval. */
  from: z.iso.datetime(),
  /** Length of an interval, one of `LENGTHS`. */
  seconds: z.int().positive(),
  requests: z.array(z.int()),
  retries: z.array(z.int()),
  throttles: z.array(z.int()),
});
export type Traffic = z.output<typeof traffic>;

/** Lengths of an interval in seconds. Each is a multiple of the one before it, so intervals can be joined exactly. */
const LENGTHS = [1, 5, 10, 60, 300, 3600, 86_400];

/** Intervals of one branch at most: a manifest stays small, and a branch of a minute has one for each second. */
const INTERVALS = 60;

/**
 * @param intervals The highest number of intervals.
 * @param shortest The shortest length of an interval, in seconds.
 * @returns undefined where nothing was counted: work of an earlier version of the code.
 */
export const trafficOf = (counted: readonly Second[], intervals = INTERVALS, shortest = 1): Traffic | undefined => {
  const times = counted.map(([second]) => second);
  if (times.length === 0) return undefined;
  const first = times.reduce((least, time) => Math.min(least, time));
  const last = times.reduce((most, time) => Math.max(most, time));
  const widthOf = (length: number) => Math.floor(last / length) - Math.floor(first / length) + 1;
  const seconds = LENGTHS.find((length) => length >= shortest && widthOf(length) <= intervals) ?? 86_400;
  const start = Math.floor(first / seconds);
  const empty = () => Array.from({ length: widthOf(seconds) }, () => 0);
  const sums = { requests: empty(), retries: empty(), throttles: empty() };
  for (const counts of counted) {
    const at = Math.floor(counts[0] / seconds) - start;
    for (const what of ['requests', 'retries', 'throttles'] as const)
      sums[what][at] = (sums[what][at] ?? 0) + counts[COLUMN[what]];
  }
  return { from: new Date(start * seconds * 1000).toISOString(), seconds, ...sums };
};

/** The traffic of several branches together, in at most so many intervals. None is shorter than the longest of a branch. */
export const joinedTraffic = (all: readonly Traffic[], intervals: number): Traffic | undefined =>
  trafficOf(
    all.flatMap(({ from, seconds, requests, retries, throttles }) =>
      requests.map(
        (count, index): Second => [
          Date.parse(from) / 1000 + index * seconds,
          count,
          retries[index] ?? 0,
          throttles[index] ?? 0,
        ],
      ),
    ),
    intervals,
    Math.max(1, ...all.map(({ seconds }) => seconds)),
  );
