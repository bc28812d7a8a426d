import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { auditor } from '../../../functions/auditor.ts';
import { pageWalker } from '../../../functions/page-walker.ts';
import { planner } from '../../../functions/planner.ts';
import { writer } from '../../../functions/writer.ts';
import { missingPlaceholders } from '../../../lib/datasets/dataset.ts';
import { KINDS } from '../../../lib/sources/kinds.ts';
import type { SourceKind } from '../../../lib/sources/source.ts';
import { fakeTmdb } from '../../doubles/fake-tmdb.ts';
import { fastClock } from '../../doubles/fast-clock.ts';
import { knownExecutions } from '../../doubles/known-executions.ts';
import { memoryStore } from '../../doubles/memory-store.ts';
import { detailed } from '../crime-2017.ts';

const settings = z.strictObject({ kind: z.literal('fixed'), lists: z.record(z.string(), z.array(z.int())) });
const listFrom = z.object({ ids: z.array(z.int()) });

/** A kind of source that the pipeline doesn't know: lists of TMDB ids in the dataset itself. */
const fixed: SourceKind = {
  settings,
  listsItems: false,
  placeholders: ['list'],
  keyProblem: (_, used) => missingPlaceholders(['list'], used),
  open: ({ source }) => {
    const { lists } = settings.parse(source);
    return {
      noun: 'movies',
      media: ['movie'],
      accepts: [],
      howToSplit: 'write fewer lists',
      requestsPerItem: 1,
      pagesPerList: () => 0,
      requestsPerList: () => 0,
      branches: async () => {
        const ofRun = Object.entries(lists).map(([list, ids]) => ({
          name: `fixed-${list}`,
          listFrom: { ids },
          placeholders: { list },
          expected: ids.length,
        }));
        return { ofRun, wholeDay: ofRun.map(({ name }) => name) };
      },
      list: async (from) => {
        const { ids } = listFrom.parse(from);
        const { length } = ids;
        return {
          items: ids.map((id) => ({ id })),
          expected: length,
          listed: length,
          doubled: 0,
          passes: 1,
          warnings: [],
        };
      },
      itemRequest: () => ({ media: 'movie', ids: 'tmdb', language: 'pt-BR' }),
    };
  },
};

it('a kind of source with one file and one line in the registry runs from the plan to a complete day', async () => {
  const datasets = await mkdtemp(join(tmpdir(), 'toy-'));
  await writeFile(
    join(datasets, 'toy.json'),
    JSON.stringify({
      name: 'toy',
      timezone: 'UTC',
      source: { kind: 'fixed', lists: { good: [7, 8], bad: [9] } },
      ask: ['details'],
      record: { from: 'details', with: { asked: { from: 'asked' } } },
      output: { key: 'Raw/TMDB/JSON/Toy/{yyyymmdd}/{list}_{part}.json' },
    }),
  );
  const store = memoryStore();
  const tmdb = fakeTmdb((path) => (path === '/authentication' ? {} : detailed(Number(path.split('/')[2]))));
  const services = {
    store,
    tmdb,
    datasets,
    kinds: { ...KINDS, fixed },
    executions: knownExecutions(),
    clock: fastClock(),
    emit: () => undefined,
    codeVersion: 'test',
    scratch: tmpdir(),
    walkersAtOnce: 4,
    pace: { perSecond: 36, perWalker: 9, betweenSeconds: 4 },
    publish: () => undefined,
  };
  const context = { getRemainingTimeInMillis: () => 900_000 };
  const execution = { id: 'arn:toy', name: 'toy-run', startTime: '2026-11-20T12:00:00Z', redriveCount: 0 };

  const planned = await planner(services)({ input: { dataset: 'toy' }, execution }, context);
  expect(planned).toMatchObject({
    unfinished: ['fixed-good', 'fixed-bad'],
    says: '2 branches, 3 movies, about 4 requests.',
  });
  const { dataset, day, run, execution: arn } = planned;
  for (const branch of planned.unfinished) {
    expect(await pageWalker(services)({ dataset, day, run, branch, execution: arn }, context)).toMatchObject({
      finished: true,
    });
    await writer(services)({ dataset, day, run, branch, execution: arn }, context);
  }
  const { redrive, sweeps, walkersAtOnce } = planned;
  expect(
    await auditor(services)(
      { dataset, day, run, execution: arn, redrive, redriveCount: 0, sweeps, walkersAtOnce },
      context,
    ),
  ).toMatchObject({ complete: true });

  expect(tmdb.paths()).toEqual(['/authentication', '/movie/7', '/movie/8', '/movie/9']);
  expect(tmdb.asked[1]?.query).toEqual({ language: 'pt-BR' });
  expect(
    store
      .json<{ id: number; asked: number }[]>('Raw/TMDB/JSON/Toy/20261120/good_1.json')
      .map(({ id, asked }) => [id, asked]),
  ).toEqual([
    [7, 7],
    [8, 8],
  ]);
  expect(store.json(`_manifests/toy/${day}/manifest.json`)).toMatchObject({ complete: true, written: 3 });
});
