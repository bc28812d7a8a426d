import type { Clock } from '../clock.ts';
import { type Day, dayIn } from '../day.ts';
import type { Emit } from '../events.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { loadLatest } from '../runs/day-manifest.ts';

export interface FreshnessServices {
  store: ObjectStore;
  clock: Clock;
  emit: Emit;
  /** The scheduled datasets, each with its time zone. */
  scheduled: Readonly<Record<string, string>>;
  /** Publishes the days since the last complete day of a dataset. */
  publish: (dataset: string, daysSinceComplete: number) => void;
}

/**
 * Publishes, for each scheduled dataset, the days since its last complete day: 0 if today is complete. Today is the day
 * in the time zone of the dataset.
 *
 * It publishes nothing for a dataset without a complete day, or whose last one is in the future: such a day says nothing
 * about the days before it. The alarm takes a missing figure as a bad one.
 *
 * @throws The error of the first dataset whose last day can't be read, after the others were published.
 */
export const checkFreshness = async ({ store, clock, emit, scheduled, publish }: FreshnessServices): Promise<void> => {
  const checks = await Promise.allSettled(
    Object.entries(scheduled).map(async ([dataset, zone]) => {
      const today = dayIn(zone, new Date(clock.now()));
      const lastComplete = await loadLatest(store, dataset);
      const days = lastComplete && daysBetween(lastComplete, today);
      emit({ type: 'freshness', dataset, today, lastComplete, days });
      if (days !== undefined && days >= 0) publish(dataset, days);
    }),
  );
  const failed = checks.find((check) => check.status === 'rejected');
  if (failed) throw failed.reason;
};

const DAY_MS = 86_400_000;

const daysBetween = (from: Day, to: Day): number => (Date.parse(to) - Date.parse(from)) / DAY_MS;
