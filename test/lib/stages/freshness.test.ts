import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../lib/events.ts';
import { layout } from '../../../lib/runs/layout.ts';
import { checkFreshness } from '../../../lib/stages/freshness.ts';
import { memoryStore } from '../../doubles/memory-store.ts';

const BAHIA = 'America/Bahia';

/** The figures that a check publishes, by dataset. */
const published = async (
  at: string,
  latest: Record<string, string>,
  scheduled: Record<string, string> = { 'crime-war': BAHIA },
) => {
  const store = memoryStore();
  for (const [dataset, text] of Object.entries(latest)) await store.put(layout.latest(dataset), text);
  const figures: Record<string, number> = {};
  const events: RunEvent[] = [];
  const error = await checkFreshness({
    store,
    clock: { now: () => Date.parse(at), sleep: () => Promise.reject(new Error('nothing waits here')) },
    emit: (event) => events.push(event),
    scheduled,
    publish: (dataset, days) => {
      figures[dataset] = days;
    },
  }).catch((thrown: Error) => thrown);
  return { figures, events, error };
};

const completed = (day: string) => JSON.stringify({ dataset: 'crime-war', day, run: 'friday', manifest: 'm' });

describe('the check publishes the days since the last complete day', () => {
  it.each([
    { at: '2026-11-20T18:00:00Z', days: 0 },
    { at: '2026-11-27T18:00:00Z', days: 7 },
    { at: '2026-12-31T18:00:00Z', days: 41 },
  ])('$days at $at, for 2026-11-20', async ({ at, days }) => {
    const { figures, events } = await published(at, { 'crime-war': completed('2026-11-20') });

    expect(figures).toEqual({ 'crime-war': days });
    expect(events).toMatchObject([{ type: 'freshness', dataset: 'crime-war', lastComplete: '2026-11-20', days }]);
  });

  it('by the date in the time zone of the dataset: 01:00 UTC is still the day before in Bahia', async () => {
    const { figures } = await published('2026-11-28T01:00:00Z', { 'crime-war': completed('2026-11-20') });

    expect(figures).toEqual({ 'crime-war': 7 });
  });

  it('and nothing without a complete day, or if the last one is in the future, so that the alarm rings', async () => {
    expect((await published('2026-11-20T18:00:00Z', {})).figures).toEqual({});
    expect((await published('2026-11-20T18:00:00Z', { 'crime-war': completed('2026-11-21') })).figures).toEqual({});
  });

  it('for the other datasets too if the object of one is not JSON, and then fails', async () => {
    const { figures, error } = await published(
      '2026-11-21T18:00:00Z',
      { popular: 'not JSON', 'crime-war': completed('2026-11-20') },
      { popular: 'UTC', 'crime-war': BAHIA },
    );

    expect(figures).toEqual({ 'crime-war': 1 });
    expect(error).toMatchObject({
      name: 'BadInputError',
      message: '_manifests/popular/latest.json: it is damaged; the next complete run writes it again.',
    });
  });
});
