import { describe, expect, it } from 'vitest';
import type { Day } from '../../../lib/day.ts';
import { markRewriting, saveDayManifest } from '../../../lib/runs/day-manifest.ts';
import { recordFailure } from '../../../lib/runs/failure.ts';
import { layout } from '../../../lib/runs/layout.ts';
import { saveManifest } from '../../../lib/runs/manifest.ts';
import { type PlannedRun, savePlan } from '../../../lib/runs/plan.ts';
import { type Audited, type AuditInput, audit } from '../../../lib/stages/audit.ts';
import { TmdbUnavailableError } from '../../../lib/tmdb/errors.ts';
import { fastClock, NOON } from '../../doubles/fast-clock.ts';
import { knownExecutions } from '../../doubles/known-executions.ts';
import { memoryStore } from '../../doubles/memory-store.ts';
import { dayManifested, manifested } from '../runs/manifested.ts';

const DAY_MANIFEST = '_manifests/crime-war/2026-11-20/manifest.json';
const LATEST = '_manifests/crime-war/latest.json';
const THREE = ['crime-2019', 'crime-2017', 'war-2017'];

/** A planned run of three branches. None of them is finished. */
const planned = async ({
  store = memoryStore(),
  ...changes
}: Partial<PlannedRun> & { store?: ReturnType<typeof memoryStore> } = {}) => {
  const run: PlannedRun = {
    dataset: 'crime-war',
    day: '2026-11-20',
    run: 'friday',
    execution: 'arn:friday',
    plannedAt: '2026-11-21T00:30:00.000Z',
    tmdb: 'api.themoviedb.org',
    branches: THREE.map((name) => ({ name, expected: 10 })),
    wholeDay: THREE,
    ...changes,
  };
  await savePlan(store, run, [], (work) => work());
  const lockedBy = (holder: string) =>
    store.put(layout.lock(run), JSON.stringify({ holder, since: '2026-11-20T11:00:00.000Z' }));
  await lockedBy(run.execution);
  let redrives = 0;
  const ref = { dataset: run.dataset, day: run.day, run: run.run };
  const input: AuditInput = {
    ...ref,
    execution: run.execution,
    redrive: 0,
    redriveCount: 0,
    sweeps: 0,
    walkersAtOnce: 4,
  };
  return {
    store,
    run,
    input,
    lockedBy,
    finish: async (...names: string[]) => {
      for (const branch of names) await saveManifest(store, manifested({ ...ref, branch, plannedAt: run.plannedAt }));
    },
    fail: (branch: string, error: Error) => recordFailure(store, { ...ref, branch }, error, new Date(NOON)),
    redriven: () => {
      redrives += 1;
    },
    /** @param others Executions that are running. */
    audit: (state: Partial<AuditInput> = {}, ...others: string[]): Promise<Audited> => {
      const running = Object.fromEntries(others.map((arn) => [arn, { running: true }]));
      const executions = knownExecutions(running);
      return audit(
        { ...input, ...state, redriveCount: redrives },
        { store, executions, clock: fastClock(), codeVersion: '1.2.3', emit: () => undefined },
      );
    },
  };
};

describe('a run whose branches all have a manifest', () => {
  it('is complete', async () => {
    const { audit, finish, input } = await planned();
    await finish(...THREE);

    expect(await audit()).toEqual({ ...input, complete: true, unfinished: [], planned: 3 });
  });

  it('is complete when a run that was planned later has finished one of them', async () => {
    const { audit, finish, store } = await planned();
    await finish('crime-2019', 'war-2017');
    await saveManifest(store, manifested({ run: 'saturday', plannedAt: '2026-11-21T09:00:00.000Z' }));

    expect(await audit()).toMatchObject({ complete: true });
  });

  it('is not complete with branches of an earlier run', async () => {
    const { audit, finish, store } = await planned();
    await finish('crime-2019', 'war-2017');
    await saveManifest(store, manifested({ run: 'thursday', plannedAt: '2026-11-20T09:00:00.000Z' }));

    expect(await audit()).toMatchObject({ complete: false, unfinished: ['crime-2017'] });
  });
});

it.each([DAY_MANIFEST, LATEST, '_runs/crime-war/2026-11-20/friday/failed/war-2017.json'])(
  'a damaged %s does not stop the audit, which writes the day anew',
  async (key) => {
    const { audit, finish, store } = await planned();
    await finish('crime-2019', 'crime-2017');
    await store.put(key, '{"dataset": "crime-w');
    expect(await audit()).toMatchObject({ unfinished: ['war-2017'] });
    await finish('war-2017');
    expect(await audit({ sweeps: 1 })).toMatchObject({ complete: true });
    expect(store.json(DAY_MANIFEST)).toMatchObject({ complete: true });
    expect(store.json(LATEST)).toMatchObject({ day: '2026-11-20', run: 'friday' });
  },
);

describe('a run with unfinished branches', () => {
  it('returns them for a second sweep, in the order of the plan', async () => {
    const { audit, finish, input } = await planned();
    await finish('crime-2017');

    expect(await audit()).toEqual({
      ...input,
      complete: false,
      unfinished: ['crime-2019', 'war-2017'],
      planned: 3,
      sweeps: 1,
    });
  });

  it('fails after two sweeps, and reports which branches are unfinished and why', async () => {
    const { audit, finish, fail } = await planned();
    await finish('crime-2019');
    await fail('crime-2017', new TmdbUnavailableError('GET /discover/movie: status 500, after up to 5 retries'));

    await expect(audit({ sweeps: 1 })).rejects.toMatchObject({
      name: 'BranchesUnfinishedError',
      message: expect.stringMatching(
        /^2 of 3 branches: crime-2017 \(TmdbUnavailableError: GET \/discover\/movie: status 500, after up to 5 retries\); war-2017 \(NoErrorRecorded: the function ended without recording an error/,
      ),
    });
  });

  it('keeps its message within the limit of Step Functions, and names the manifest with the rest', async () => {
    const names = Array.from({ length: 1_000 }, (_, at) => `branch-${at}`);
    const { audit, fail } = await planned({ branches: names.map((name) => ({ name, expected: 1 })), wholeDay: names });
    for (const name of names) await fail(name, new Error('x'.repeat(900)));
    const error = await audit({ sweeps: 1 }).catch((thrown: Error) => thrown);

    expect(error).toMatchObject({ message: expect.stringMatching(new RegExp(`… All of them: ${DAY_MANIFEST}$`)) });
    expect((error as Error).message.length).toBeLessThan(10_000);
  });

  it('passes at most 256 KiB to the next state, even with a thousand of the longest names', async () => {
    const names = Array.from({ length: 1_000 }, (_, at) => `${'a'.repeat(39)}${String(at).padStart(4, '0')}`);
    const run = 'r'.repeat(80);
    const execution = `arn:aws:states:sa-east-1:123456789012:execution:${'m'.repeat(80)}:${run}`;
    const branches = names.map((name) => ({ name, expected: 1 }));
    const { audit } = await planned({ run, execution, branches, wholeDay: names });
    const state = await audit();

    expect(state.unfinished).toEqual(names);
    expect(Buffer.byteLength(JSON.stringify(state))).toBeLessThan(262_144);
  });
});

describe('a redrive', () => {
  it('of a failed run starts two more sweeps, and so does a second redrive', async () => {
    const { audit, redriven } = await planned();
    // Step Functions redrives a Task with the input that it failed on.
    const failedOn = { redrive: 0, sweeps: 1 };
    await expect(audit(failedOn)).rejects.toThrow('3 of 3 branches');

    for (const redrive of [1, 2]) {
      redriven();
      const first = await audit(failedOn);
      expect(first).toMatchObject({ redrive, sweeps: 0, unfinished: THREE });
      const second = await audit(first);
      expect(second).toMatchObject({ redrive, sweeps: 1, unfinished: THREE });
      await expect(audit(second)).rejects.toThrow('3 of 3 branches');
      Object.assign(failedOn, { redrive: second.redrive, sweeps: second.sweeps });
    }
    await expect(audit(failedOn)).rejects.toThrow('3 of 3 branches');
  });

  it('is turned away while another run is writing the day, and returns no branches', async () => {
    const { store, audit, redriven } = await planned();
    await store.put(
      '_runs/crime-war/2026-11-20/lock.json',
      JSON.stringify({ holder: 'arn:saturday', since: '2026-11-21T09:00:00Z' }),
    );
    redriven();
    await expect(audit({ sweeps: 1 }, 'arn:saturday')).rejects.toMatchObject({
      name: 'DayTakenError',
      message: 'arn:saturday is writing crime-war, 2026-11-20; redrive this run when that one has ended.',
    });
  });

  it('takes the day again when nobody else has it, and is turned away before it writes anything', async () => {
    const { store, audit, redriven, lockedBy } = await planned();
    await lockedBy('arn:saturday');
    redriven();
    await expect(audit({ sweeps: 1 }, 'arn:saturday')).rejects.toMatchObject({ name: 'DayTakenError' });
    expect(store.keys().filter((key) => key.startsWith('_manifests/'))).toEqual([]);

    expect(await audit({ sweeps: 1 })).toMatchObject({ redrive: 1, sweeps: 0, unfinished: THREE });
    expect(store.json('_runs/crime-war/2026-11-20/lock.json')).toMatchObject({ holder: 'arn:friday' });
  });

  it('fails and writes no manifest when another run has taken the day since', async () => {
    const { store, audit, finish, lockedBy } = await planned();
    await finish(...THREE);
    await lockedBy('arn:saturday');
    const before = store.keys();

    await expect(audit()).rejects.toMatchObject({ name: 'DayLostError' });
    expect(store.keys()).toEqual(before);
  });

  it('returns no branches when they were redriven before', async () => {
    const { audit, redriven, finish } = await planned();
    await expect(audit({ sweeps: 1 })).rejects.toThrow();
    await finish(...THREE);
    redriven();

    expect(await audit({ sweeps: 1 })).toMatchObject({ complete: true, unfinished: [] });
  });
});

describe('the manifest of a day', () => {
  it('adds up the figures of its branches, and names the manifest of each', async () => {
    const { audit, finish, store } = await planned();
    await finish('war-2017', 'crime-2019');
    await saveManifest(
      store,
      manifested({
        distinct: 11,
        kept: 4,
        written: 4,
        warnings: ['TMDB says 11 movies'],
        parts: [{ key: 'a', records: 4, bytes: 1_000, sha256: 'ab' }],
      }),
    );
    await audit();

    expect(store.json(DAY_MANIFEST)).toMatchObject({
      dataset: 'crime-war',
      day: '2026-11-20',
      run: 'friday',
      tmdb: 'api.themoviedb.org',
      codeVersion: '1.2.3',
      complete: true,
      absent: [],
      unfinished: [],
      expected: 30,
      kept: 10,
      written: 10,
      missing: { gone: [7, 7, 7] },
      branches: [
        {
          branch: 'crime-2017',
          run: 'friday',
          kept: 4,
          written: 4,
          parts: 1,
          warnings: ['TMDB says 11 movies'],
          manifest: '_manifests/crime-war/2026-11-20/branches/crime-2017.json',
        },
        { branch: 'crime-2019' },
        { branch: 'war-2017' },
      ],
    });
  });

  it('is written before the run fails, and lists absent branches with their errors', async () => {
    const { audit, finish, fail, store } = await planned();
    await finish('crime-2019', 'war-2017');
    await fail('crime-2017', new TmdbUnavailableError('status 500'));
    await expect(audit({ sweeps: 1 })).rejects.toThrow();

    expect(store.json(DAY_MANIFEST)).toMatchObject({
      complete: false,
      absent: ['crime-2017'],
      unfinished: [{ branch: 'crime-2017', error: 'TmdbUnavailableError', message: 'status 500' }],
      kept: 6,
    });
    expect(store.keys()).not.toContain(LATEST);
  });

  it('is complete only with every branch of the dataset, even if the run had fewer branches', async () => {
    const { audit, finish, store } = await planned({ branches: [{ name: 'crime-2017', expected: 1 }] });
    await finish('crime-2017');

    expect(await audit()).toMatchObject({ complete: true });
    expect(store.json(DAY_MANIFEST)).toMatchObject({ complete: false, absent: ['crime-2019', 'war-2017'] });
    expect(store.keys()).not.toContain(LATEST);
  });

  it('is complete with branches of an earlier run of the day', async () => {
    const store = memoryStore();
    for (const branch of ['crime-2019', 'war-2017'])
      await saveManifest(store, manifested({ branch, run: 'thursday', plannedAt: '2026-11-20T09:00:00.000Z' }));
    const { audit, finish } = await planned({ store, branches: [{ name: 'crime-2017', expected: 1 }] });
    await finish('crime-2017');
    await audit();

    expect(store.json(DAY_MANIFEST)).toMatchObject({ complete: true, absent: [] });
    expect(store.json(LATEST)).toMatchObject({ day: '2026-11-20' });
  });

  it.each([
    ['no longer has tables', false],
    ['has tables now', true],
  ])('is not complete with branches of a time before its dataset %s', async (_, hasTables) => {
    const { audit, store } = await planned({ branches: [{ name: 'crime-2019', expected: 10 }] });
    const file = { table: 'movies', key: 'movies', rows: 3, bytes: 1, sha256: 'ab' };
    const tables = { main: 'movies', files: [file], ids: [1, 2, 3], elsewhere: [], repeated: 0, drift: [] };
    const [before, now] = hasTables ? [{}, { tables }] : [{ tables }, {}];
    for (const branch of ['crime-2017', 'war-2017'])
      await saveManifest(store, manifested({ ...before, branch, run: 'thursday' }));
    await saveManifest(store, manifested({ ...now, branch: 'crime-2019' }));
    await audit();

    expect(store.json(DAY_MANIFEST)).toMatchObject({ complete: false, outdated: ['crime-2017', 'war-2017'] });
  });

  it('ignores other objects next to the manifests', async () => {
    const { audit, finish, store } = await planned();
    await finish(...THREE);
    await store.put('_manifests/crime-war/2026-11-20/branches/Notes of mine.txt', 'x');

    expect(await audit()).toMatchObject({ complete: true });
  });
});

describe('latest.json', () => {
  const completed = async (store: ReturnType<typeof memoryStore>, day: Day, run = `run-of-${day}`) => {
    const { audit, finish } = await planned({ store, day, run });
    await finish(...THREE);
    await audit();
    return store.json<{ day: string; run: string }>(LATEST);
  };

  it('names the last complete day', async () => {
    expect(await completed(memoryStore(), '2026-11-20', 'friday')).toEqual({
      dataset: 'crime-war',
      day: '2026-11-20',
      run: 'friday',
      manifest: DAY_MANIFEST,
    });
  });

  it('moves to later days, and never to an earlier one', async () => {
    const store = memoryStore();
    const seen: string[] = [];
    for (const day of ['2026-11-13', '2026-11-20', '2026-11-06', '2026-11-27'] as const)
      seen.push((await completed(store, day)).day);

    expect(seen).toEqual(['2026-11-13', '2026-11-20', '2026-11-20', '2026-11-27']);
  });

  it('names the last run of its day', async () => {
    const store = memoryStore();
    await completed(store, '2026-11-20', 'first');

    expect((await completed(store, '2026-11-20', 'second')).run).toBe('second');
  });

  it('is not moved back when another run has moved it at the same time', async () => {
    const store = memoryStore();
    let meanwhile: Promise<unknown> | undefined;
    const slow = {
      ...store,
      get: async (key: string) => {
        const read = await store.get(key);
        if (key === LATEST) {
          meanwhile ??= store.put(LATEST, '{"day":"2026-11-27"}');
          await meanwhile;
        }
        return read;
      },
    };
    await completed(slow, '2026-11-20');

    expect(store.json(LATEST)).toEqual({ day: '2026-11-27' });
  });
});

it('reports a run that was never planned, or whose plan has expired', async () => {
  const services = {
    store: memoryStore(),
    executions: knownExecutions(),
    clock: fastClock(),
    codeVersion: '1.2.3',
    emit: () => undefined,
  };
  const { input } = await planned();

  await expect(audit(input, services)).rejects.toMatchObject({
    name: 'NotPlannedError',
    message: expect.stringContaining('_runs/crime-war/2026-11-20/friday/run.json'),
  });
});

describe('a day is not complete', () => {
  const OUTPUT = { key: 'Raw/TMDB/{yyyymmdd}/{genre}_{year}_{part}.json', format: 'json', gzip: false };

  it('while a branch that is written again has the files of an earlier run', async () => {
    const { audit, finish, store } = await planned();
    await finish('crime-2019', 'war-2017');
    await saveManifest(store, manifested({ run: 'thursday', plannedAt: '2026-11-20T09:00:00.000Z' }));
    await saveDayManifest(store, dayManifested({ run: 'thursday' }));
    await markRewriting(store, { dataset: 'crime-war', day: '2026-11-20' }, 'friday');
    await audit();

    expect(store.json(DAY_MANIFEST)).toMatchObject({ complete: false, rewriting: ['friday'], absent: [] });
    await finish('crime-2017');
    await audit();
    expect(store.json(DAY_MANIFEST)).toMatchObject({ complete: true });
  });

  it('while an earlier run that began to write it again has not finished, whatever this one did', async () => {
    const store = memoryStore();
    const rewriting = await planned({ store, run: 'saturday', plannedAt: '2026-11-21T09:00:00.000Z' });
    await rewriting.finish('crime-2019', 'war-2017');
    await saveManifest(store, manifested({ run: 'friday' }));
    await saveDayManifest(store, dayManifested({ rewriting: ['saturday'], complete: false }));
    await rewriting.audit();
    const sunday = {
      run: 'sunday',
      plannedAt: '2026-11-22T09:00:00.000Z',
      branches: [{ name: 'war-2017', expected: 10 }],
    };
    const later = await planned({ store, ...sunday });
    await later.finish('war-2017');
    await later.audit();

    expect(store.json(DAY_MANIFEST)).toMatchObject({ run: 'sunday', complete: false, rewriting: ['saturday'] });
    await rewriting.finish('crime-2017');
    await later.audit();
    expect(store.json(DAY_MANIFEST)).toMatchObject({ complete: true });
  });

  it.each([
    ['another format', { output: { ...OUTPUT, format: 'jsonl' } }],
    ['another key', { output: { ...OUTPUT, key: 'Raw/TMDB/{yyyymmdd}/{year}_{genre}_{part}.json' } }],
    ['no place in the dataset', { branch: 'war-1999' }],
  ])('while it has a branch with %s', async (_, changes) => {
    const { audit, finish, store } = await planned({ output: OUTPUT });
    await finish('crime-2019', 'war-2017', 'crime-2017');
    const outdated = manifested({ run: 'thursday', plannedAt: '2026-11-30T00:00:00.000Z', ...changes });
    await saveManifest(store, outdated);
    await audit();

    expect(store.json(DAY_MANIFEST)).toMatchObject({ complete: false, outdated: [outdated.branch] });
    expect(store.keys()).not.toContain(LATEST);
  });

  it('but is, with back-filled branches, and without those that were removed', async () => {
    const { audit, finish, store } = await planned({ output: OUTPUT });
    await finish(...THREE);
    await saveManifest(store, manifested({ branch: 'war-1999', role: 'extra' }));
    const nothing = { distinct: 0, leftOut: 0, kept: 0, written: 0, missing: {}, parts: [] };
    await saveManifest(store, manifested({ branch: 'drama-2017', role: 'removed', ...nothing }));
    await audit();

    expect(store.json(DAY_MANIFEST)).toMatchObject({ complete: true, outdated: [], kept: 12 });
    expect(store.text(DAY_MANIFEST)).not.toContain('drama-2017');
  });
});

describe('a branch that lists far less than on the complete day before', () => {
  it('is a warning of the day, also when the day is written again', async () => {
    const store = memoryStore();
    const before = await planned({ store, day: '2026-11-13', run: 'before' });
    await before.finish(...THREE);
    await before.audit();
    const { audit, finish } = await planned({ store });
    await finish('crime-2019', 'war-2017');
    await saveManifest(store, manifested({ distinct: 7, leftOut: 3 }));

    for (const _ of ['first', 'again']) {
      await audit();
      expect(store.json(DAY_MANIFEST)).toMatchObject({
        complete: true,
        comparedWith: '2026-11-13',
        warnings: ['crime-2017 lists 7 items; on 2026-11-13 it listed 10'],
      });
    }
  });
});

describe('the report for people', () => {
  it('is stored after the manifest of the day, also when branches are unfinished', async () => {
    const { input, store, finish, run } = await planned();
    await finish('crime-2019', 'war-2017');
    const reported: unknown[] = [];
    const services = {
      store,
      executions: knownExecutions({ [run.execution]: { running: true } }),
      clock: fastClock(),
      codeVersion: '1.2.3',
      emit: () => undefined,
      saveReport: async (_: unknown, ref: unknown) => void reported.push([ref, store.puts.at(-1)]),
    };
    await audit(input, services);

    expect(reported).toEqual([[{ dataset: 'crime-war', day: '2026-11-20' }, DAY_MANIFEST]]);
  });

  it('that fails is a warning, and the audit goes on', async () => {
    const { input, store, finish, run } = await planned();
    await finish(...THREE);
    const events: unknown[] = [];
    const services = {
      store,
      executions: knownExecutions({ [run.execution]: { running: true } }),
      clock: fastClock(),
      codeVersion: '1.2.3',
      emit: (event: unknown) => void events.push(event),
      saveReport: () => Promise.reject(new Error('AccessDenied')),
    };

    expect(await audit(input, services)).toMatchObject({ complete: true });
    expect(events).toContainEqual({
      type: 'reportFailed',
      dataset: 'crime-war',
      day: '2026-11-20',
      error: 'Error: AccessDenied',
    });
  });
});
