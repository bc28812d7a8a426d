import type { Context } from 'aws-lambda';
import { afterEach, expect, it, vi } from 'vitest';
import { logEvents } from '../../lib/events.ts';
import { type Handler, lambda } from '../../lib/lambda.ts';
import { publishMetrics } from '../../lib/metrics.ts';
import { logger } from '../../lib/wiring.ts';

const context = { getRemainingTimeInMillis: () => 900_000 } as Context;
const CRIME = { dataset: 'crime-war', day: '2026-11-20', run: 'friday', branch: 'crime-2017' };
const emit = logEvents(logger);

afterEach(() => {
  vi.restoreAllMocks();
});

/** The lines that a handler logs, each parsed. */
const lines = async (event: unknown, handle: Handler<unknown>) => {
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const handler = lambda(
    () => handle,
    () => undefined,
  );
  await Promise.resolve(handler(event, context)).catch(() => undefined);
  return written.mock.calls.map(([line]) => JSON.parse(String(line)));
};

it('each line has the dataset, the day, the run and the branch of its event, and no other data of the event', async () => {
  const [line, ...more] = await lines({ ...CRIME, secret: 'x' }, async () =>
    emit({ type: 'tmdbDown', reason: 'busy', waitMs: 1, givesUpInMs: 2 }),
  );

  expect(more).toEqual([]);
  expect(line).toMatchObject({ message: 'TMDB is down', ...CRIME });
  expect(line).not.toHaveProperty('secret');
});

it('a line of the planner has the names as soon as the day is decided', async () => {
  const { branch: _, ...run } = CRIME;
  const logged = await lines({ input: { dataset: 'crime-war' } }, async () => {
    emit({ type: 'dayDecided', ...run });
    emit({ type: 'listUnavailable', branch: 'war-2012', error: 'busy' });
  });

  expect(logged).toMatchObject([{ message: 'list unavailable', ...run, branch: 'war-2012' }]);
});

it('the names of one call are not in the lines of the next, also after an error', async () => {
  await lines(CRIME, async () => {
    throw new Error('no');
  });
  const [line] = await lines({ dataset: 'not a/name' }, async () =>
    emit({ type: 'audited', planned: 1, unfinished: 0 }),
  );

  for (const name of Object.keys(CRIME)) expect(line).not.toHaveProperty(name);
});

it('the line with the metrics of a branch has its names, and only the dataset is a dimension', async () => {
  const publish = publishMetrics();
  const [line] = await lines(CRIME, async () => publish({ branchSeconds: { unit: 'Seconds', value: 12 } }, CRIME));

  expect(line).toMatchObject({ ...CRIME, branchSeconds: 12 });
  const [{ Dimensions }] = line._aws.CloudWatchMetrics;
  expect(Dimensions.flat().toSorted()).toEqual(['dataset', 'service']);
});
