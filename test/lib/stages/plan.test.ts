import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import shipped from '../../../datasets/crime-war.json' with { type: 'json' };
import { parse } from '../../../lib/parse.ts';
import { loadDayManifest, moveLatest, saveDayManifest } from '../../../lib/runs/day-manifest.ts';
import { layout } from '../../../lib/runs/layout.ts';
import { isFinished, loadManifest, saveManifest } from '../../../lib/runs/manifest.ts';
import { loadBranch, loadRun } from '../../../lib/runs/plan.ts';
import { KINDS } from '../../../lib/sources/kinds.ts';
import { DayTakenError } from '../../../lib/stages/audit.ts';
import { type PlanServices, planRun } from '../../../lib/stages/plan.ts';
import { planEvent } from '../../../lib/stages/plan-input.ts';
import type { Query } from '../../../lib/tmdb/client.ts';
import { TmdbTokenError, TmdbUnavailableError } from '../../../lib/tmdb/errors.ts';
import { ROOT } from '../../../local/deployed.ts';
import { fakeTmdb } from '../../doubles/fake-tmdb.ts';
import { fastClock } from '../../doubles/fast-clock.ts';
import { keptEvents } from '../../doubles/kept-events.ts';
import { knownExecutions } from '../../doubles/known-executions.ts';
import { memoryStore } from '../../doubles/memory-store.ts';
import { dayManifested, manifested } from '../runs/manifested.ts';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

/** A folder with datasets by name: crime-war with some fields changed. */
const datasetsOf = async (changes: Record<string, Record<string, unknown>>) => {
  const folder = await mkdtemp(join(tmpdir(), 'datasets-'));
  folders.push(folder);
  for (const [name, fields] of Object.entries(changes))
    await writeFile(join(folder, `${name}.json`), JSON.stringify({ ...shipped, name, ...fields }));
  return folder;
};
const crimeWarAlone = datasetsOf({ 'crime-war': {} });

/** Page 1 of each branch. war-2015 has the most movies, then crime-2014; all others have ten. */
const lists = (path: string, query: Query) => {
  const pair = `${query.with_genres} ${String(query['primary_release_date.gte']).slice(0, 4)}`;
  const total_results = { '10752 2015': 300, '80 2014': 200 }[pair] ?? 10;
  return path === '/authentication' ? {} : { page: 1, results: [], total_pages: 1, total_results };
};

const execution = { id: 'arn:friday', name: 'friday', startTime: '2026-11-21T00:30:02.123Z', redriveCount: 0 };
const planning = async ({ says = lists, ...changes }: Partial<PlanServices> & { says?: typeof lists } = {}) => {
  const store = memoryStore();
  const tmdb = fakeTmdb(says);
  const { emit, events } = keptEvents();
  const services: PlanServices = {
    datasets: await crimeWarAlone,
    store,
    tmdb,
    executions: knownExecutions(),
    clock: fastClock(),
    emit,
    kinds: KINDS,
    walkersAtOnce: 4,
    pace: { perSecond: 36, perWalker: 9, betweenSeconds: 4 },
    ...changes,
  };
  const plan = async (input: object = {}, started: Partial<typeof execution> = {}) =>
    planRun(
      parse(planEvent, { input: { dataset: 'crime-war', ...input }, execution: { ...execution, ...started } }, 'event'),
      services,
    );
  return { plan, store, tmdb, services, events };
};
const written = (store: { keys(): string[] }) => store.keys().filter((key) => !key.endsWith('/lock.json'));

describe('a planned run', () => {
  it('has every branch, sorted by size and then by name, and an estimate', async () => {
    const { plan, tmdb } = await planning();
    const planned = await plan({ years: '2014-2015' });

    expect(planned).toEqual({
      dataset: 'crime-war',
      day: '2026-11-20',
      run: 'friday',
      execution: 'arn:friday',
      outcome: 'planned',
      says: '4 branches, 520 movies, about 553 requests.',
      redrive: 0,
      sweeps: 0,
      walkersAtOnce: 4,
      unfinished: ['war-2015', 'crime-2014', 'crime-2015', 'war-2014'],
      warnings: [],
      expected: 520,
    });
    expect(tmdb.asked.map(({ path, query }) => [path, query.page])).toEqual(
      Array.from({ length: 4 }, () => ['/discover/movie', 1]),
    );
  });

  it('is stored: first each branch with its dataset, then the run', async () => {
    const { plan, store } = await planning();
    const { unfinished, ...ref } = await plan({ limits: { walkSeconds: 5 } });

    expect(unfinished).toHaveLength(22);
    expect(store.puts.at(-1)).toBe('_runs/crime-war/2026-11-20/friday/run.json');
    expect(await loadRun(store, ref)).toEqual({
      dataset: 'crime-war',
      day: '2026-11-20',
      run: 'friday',
      execution: 'arn:friday',
      plannedAt: '2026-11-21T00:30:02.123Z',
      tmdb: 'tmdb.test',
      branches: unfinished.map((name) => ({ name, expected: { 'war-2015': 300, 'crime-2014': 200 }[name] ?? 10 })),
      wholeDay: unfinished.toSorted(),
      forecast: { perSecond: 40, dollars: expect.any(Number) },
      output: { key: shipped.output.key, format: 'json', gzip: false },
    });
    for (const branch of unfinished)
      expect(await loadBranch(store, { ...ref, branch })).toMatchObject({
        branch,
        run: 'friday',
        tmdb: 'tmdb.test',
        settings: { name: 'crime-war', tolerance: 0.005 },
        listFrom: { from: `${branch.slice(-4)}-01-01`, to: `${branch.slice(-4)}-12-31` },
        limits: { walkSeconds: 5 },
      });
  });

  it('passes only names to the next state, however large the dataset is', async () => {
    const { plan } = await planning();

    expect(JSON.stringify(await plan()).length).toBeLessThan(1_000);
  });

  it('has the requested branches, and lists all branches of the day', async () => {
    const { plan, store, tmdb } = await planning();
    const planned = await plan({ only: ['war-2015', 'crime-2017'] });

    expect(planned.unfinished).toEqual(['war-2015', 'crime-2017']);
    expect(tmdb.asked).toHaveLength(2);
    expect((await loadRun(store, planned))?.wholeDay).toHaveLength(22);
  });

  it('has the requested years, while the day has all years of the dataset', async () => {
    const { plan, store } = await planning();
    const planned = await plan({ years: '2001' });

    expect(planned.unfinished).toEqual(['crime-2001', 'war-2001']);
    expect((await loadRun(store, planned))?.wholeDay).not.toContain('crime-2001');
  });
});

describe('the day of a run', () => {
  it.each([
    ['the given day', { day: '2026-01-02', scheduledTime: '2026-11-21T00:30:00Z' }, '2026-01-02'],
    ["else that of the schedule, in the dataset's zone", { scheduledTime: '2026-11-14T00:30:00Z' }, '2026-11-13'],
    ["else that of its start, in the dataset's zone", {}, '2026-11-20'],
  ])('is %s', async (_, input, day) => {
    const { plan, store } = await planning();

    expect(await plan({ only: ['crime-2017'], ...input })).toMatchObject({ day });
    expect(written(store)).toContain(`_runs/crime-war/${day}/friday/run.json`);
  });
});

describe('a dry run', () => {
  it('reports what a run would do, and writes nothing, not even a lock', async () => {
    const { plan, store } = await planning();

    expect(await plan({ dryRun: true })).toMatchObject({
      outcome: 'dryRun',
      says: expect.stringMatching(/^22 branches, 700 movies, about 7\d\d requests\. Nothing was written\.$/),
      expected: 700,
    });
    expect(store.puts).toEqual([]);
  });

  it('has figures for each branch, and fits between two states with a thousand of them', async () => {
    const genres = ['crime', 'war', 'science-fiction', 'documentary', 'horror', 'animation'];
    const source = { ...shipped.source, genres, years: { from: 1900, to: 2065 } };
    const { plan } = await planning({ datasets: await datasetsOf({ 'crime-war': { source } }) });
    const { forecast, ...answer } = await plan({ dryRun: true });
    expect(forecast?.perBranch).toHaveLength(996);
    expect(forecast?.perBranch?.[0]).toEqual({
      branch: 'war-2015',
      movies: 300,
      pages: 15,
      requests: 316,
      parts: 3,
    });
    expect(Buffer.byteLength(JSON.stringify({ forecast, ...answer }))).toBeLessThan(262_144);
    expect((await plan()).forecast).toBeUndefined();
  });

  it('warns of a list that TMDB does not serve as one, of a complete day and of a missing upload', async () => {
    const { plan, store } = await planning({
      says: (path, query) => ({ ...lists(path, query), total_results: 12_000 }) as ReturnType<typeof lists>,
    });
    await saveDayManifest(store, dayManifested({ complete: true, run: 'earlier' }));
    const before = store.puts.length;
    expect((await plan({ dryRun: true, only: ['war-2015'] })).warnings).toEqual([
      '2026-11-20 is complete already: run earlier wrote it. A run would request it again and replace its files',
      'war-2015 lists 12000 movies, and TMDB serves 10000 of one list: it is read in several parts, by date',
    ]);
    expect(store.puts).toHaveLength(before);
  });

  it('of a dataset without its upload is a warning, and a run is an error', async () => {
    const { plan } = await planning({ datasets: join(ROOT, 'datasets') });
    const input = { dataset: 'csv-details', dryRun: true };
    expect(await plan(input)).toMatchObject({
      outcome: 'dryRun',
      warnings: [
        expect.stringMatching(/^dataset csv-details reads a CSV, and there is no upload below .*npm run upload/),
      ],
      forecast: { movies: 0, perBranch: [] },
    });
    await expect(plan({ dataset: 'csv-details' })).rejects.toThrow('there is no upload');
  });

  it('fails for a wrong token, too', async () => {
    const { plan } = await planning({
      says: () => {
        throw new TmdbTokenError('TMDB rejected the token');
      },
    });

    await expect(plan({ dryRun: true })).rejects.toThrow(TmdbTokenError);
  });
});

describe('a second run of a day', () => {
  it('is turned away while the first is running: it makes no request and writes nothing', async () => {
    const { plan, store, tmdb } = await planning({ executions: knownExecutions({ 'arn:friday': { running: true } }) });
    await plan();
    const before = [store.puts.length, tmdb.asked.length];

    expect(await plan({}, { id: 'arn:second', name: 'second' })).toMatchObject({
      outcome: 'turnedAway',
      says: 'arn:friday is writing crime-war, 2026-11-20, already; this run writes nothing.',
      unfinished: [],
    });
    expect([store.puts.length, tmdb.asked.length]).toEqual(before);
  });

  it('fails if the schedule started it, because nobody reads its output and a failed run sends a message', async () => {
    const { plan, store, tmdb } = await planning({ executions: knownExecutions({ 'arn:friday': { running: true } }) });
    await plan();
    const before = [store.puts.length, tmdb.asked.length];

    const scheduled = plan({ scheduledTime: '2026-11-21T00:30:00Z' }, { id: 'arn:second', name: 'second' });
    await expect(scheduled).rejects.toThrow(DayTakenError);
    await expect(scheduled).rejects.toThrow(
      "arn:friday is writing crime-war, 2026-11-20, already; this run writes nothing. If that run doesn't complete the day, redrive this one when that one has ended.",
    );
    expect([store.puts.length, tmdb.asked.length]).toEqual(before);
  });

  it('is planned after the first has ended, or for another day', async () => {
    const { plan, services } = await planning();
    await plan();
    expect(await plan({}, { id: 'arn:second', name: 'second' })).toMatchObject({ outcome: 'planned' });
    services.executions = knownExecutions({ 'arn:second': { running: true } });

    expect(await plan({ day: '2026-11-13' }, { id: 'arn:third', name: 'third' })).toMatchObject({ outcome: 'planned' });
  });

  it('begins with the redrives that its execution has had: they are no reason for more sweeps', async () => {
    const { plan } = await planning();

    expect(await plan({}, { redriveCount: 2 })).toMatchObject({ redrive: 2, sweeps: 0 });
  });

  it('may be started by another state machine, which names itself in the input', async () => {
    const { plan } = await planning();
    const input = { AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: 'arn:aws:states:us-east-1:1:execution:nightly:1' };

    expect(await plan(input)).toMatchObject({ outcome: 'planned' });
  });

  it('is the same run when a retry plans it again', async () => {
    const { plan, store } = await planning({ executions: knownExecutions({ 'arn:friday': { running: true } }) });
    const first = await plan();
    const text = store.text('_runs/crime-war/2026-11-20/friday/run.json');

    expect(await plan()).toEqual(first);
    expect(store.text('_runs/crime-war/2026-11-20/friday/run.json')).toBe(text);
  });
});

describe('lists whose page 1 is unavailable', () => {
  const refusing =
    (...years: string[]) =>
    (path: string, query: Query) => {
      if (years.some((year) => String(query['primary_release_date.gte']).startsWith(year)))
        throw new TmdbUnavailableError('GET /discover/movie: status 500');
      return lists(path, query);
    };

  it('are planned last, so that only their own branches fail', async () => {
    const { plan, store, events } = await planning({ says: refusing('2017') });
    const planned = await plan();

    expect(planned.unfinished).toHaveLength(22);
    expect(planned.unfinished.slice(-2)).toEqual(['crime-2017', 'war-2017']);
    expect(planned.says).toMatch(/^22 branches, 680 movies, about 7\d\d requests\. 2 branches: list unavailable\.$/);
    expect((await loadRun(store, planned))?.branches.slice(-2)).toMatchObject([{ expected: null }, { expected: null }]);
    expect(events).toMatchObject([
      { type: 'dayDecided', dataset: 'crime-war', day: '2026-11-20', run: 'friday' },
      { type: 'listUnavailable', branch: 'crime-2017', error: expect.stringContaining('status 500') },
      { type: 'listUnavailable', branch: 'war-2017' },
      { type: 'planned', outcome: 'planned', branches: 22, expected: 680 },
    ]);
  });

  it('fail the run when all lists are unavailable', async () => {
    const { plan, store } = await planning({ says: refusing('2') });

    await expect(plan()).rejects.toThrow(TmdbUnavailableError);
    expect(written(store)).toEqual([]);
  });

  it('do not hide that the token is wrong', async () => {
    const { plan } = await planning({
      says: (path, query) => {
        if (query.with_genres === 80) return refusing('2')(path, query);
        throw new TmdbTokenError('TMDB rejected the token');
      },
    });

    await expect(plan()).rejects.toThrow(TmdbTokenError);
  });

  it('give one clear error for a wrong token, after few requests and before anything is written', async () => {
    const { plan, store, tmdb } = await planning({
      says: () => {
        throw new TmdbTokenError('TMDB rejected the token');
      },
    });

    await expect(plan()).rejects.toThrow(TmdbTokenError);
    expect(written(store)).toEqual([]);
    expect(tmdb.asked.length).toBeLessThanOrEqual(8);
  });
});

it('a field that TMDB is not known to have is a warning: in the result, in the log, and once', async () => {
  const record = { ...shipped.record, with: { ...shipped.record.with, bugdet: { from: 'details' } } };
  const { plan, events } = await planning({ datasets: await datasetsOf({ 'crime-war': { record } }) });
  const warning =
    'record.with.bugdet: TMDB is not known to have a field "bugdet" in the details of movies; did you mean "budget"?';

  expect(await plan({ dryRun: true })).toMatchObject({ outcome: 'dryRun', warnings: [warning] });
  expect(events.filter(({ type }) => type === 'datasetDoubtful')).toEqual([
    { type: 'datasetDoubtful', dataset: 'crime-war', warning },
  ]);
});

it('an unknown branch is an error that says which one was probably meant; a year is no misspelling of another', async () => {
  const { plan } = await planning();
  await expect(plan({ only: ['crme-2017'] })).rejects.toThrow('; did you mean "crime-2017"?');
  await expect(plan({ only: ['crime-2011'] })).rejects.toThrow(/crime-2022, war-2012, .*war-2022\.$/);
});

describe('an invalid input', () => {
  const refused = async (input: object, services: Partial<PlanServices> = {}) => {
    const { plan, store, tmdb } = await planning(services);
    const error = await plan(input).then(
      () => expect.unreachable('It was planned.'),
      (thrown: Error) => thrown,
    );
    expect(error.name).toBe('BadInputError');
    expect([store.puts, tmdb.asked]).toEqual([[], []]);
    return error.message;
  };

  it.each([
    [{ dataset: 'nothing' }, 'There is no dataset "nothing"; use crime-war.'],
    [{ dataset: '../crime-war' }, 'input.dataset: use lower-case letters'],
    [{ only: ['crime-2011'] }, 'only: dataset crime-war has no branch "crime-2011"; it has crime-2012, crime-2013'],
    [{ only: [] }, 'input.only: use at least 1 entries; got []'],
    [{ only: 'crime-2017' }, 'input.only: use a list; got "crime-2017"'],
    [
      { only: ['Crime 2017'] },
      'input.only.0: use lower-case letters, digits and single hyphens, for example crime-2017',
    ],
    [{ day: '2026-02-30' }, 'input.day: use YYYY-MM-DD, for example 2026-11-20; got "2026-02-30"'],
    [{ years: '2012-' }, 'input.years: use 2012-2022, or 2017 for one year; got "2012-"'],
    [{ years: '2022-2012' }, 'input.years: use a last year that is not before the first; got '],
    [{ years: '0001' }, 'input.years: use years from 1874 to 2100; got '],
    [{ years: 2017 }, 'input.years: '],
    [{ dryRun: 'yes' }, 'input.dryRun: '],
    [{ scheduledTime: 'Friday' }, 'input.scheduledTime: '],
    [{ day: '2926-11-20' }, 'day: use a day that is at most a year ahead; got "2926-11-20"'],
    [{ resume: 'a/b' }, "input.resume: use the name of the run's execution"],
    [{ limits: { walkSeconds: 0 } }, 'input.limits.walkSeconds: '],
    [{ limits: { seconds: 5 } }, 'input.limits: unknown field "seconds"'],
    [{ yeras: '2012' }, 'input: unknown field "yeras"'],
    [
      { upload: 'Raw/Local/CSV/Movies/2026/11/20/movies.csv' },
      'upload: leave it out; the source of dataset crime-war has no upload.',
    ],
    [{ upload: '_runs/x' }, 'input.upload: use a key below Raw/Local/CSV/Movies/ or Raw/Local/CSV/Series/'],
  ])('%j is rejected with a message that names the field', async (input, sentence) => {
    const message = await refused(input);

    expect(message).toContain(sentence);
    expect(message).toMatch(/^[^\n]+[.?]$/);
  });

  it('is rejected without a valid execution', () => {
    expect(() => parse(planEvent, { input: { dataset: 'crime-war' } }, 'event of the planner')).toThrow(
      /^event of the planner: execution: .*; it is missing\.$/,
    );
  });

  it('with more than 1,000 branches is rejected with advice how to split them', async () => {
    const genres = ['crime', 'war', 'drama', 'comedy', 'horror', 'action'];
    const years = { from: 1900, to: 2069 };
    const datasets = await datasetsOf({ 'crime-war': { source: { ...shipped.source, genres, years } } });

    expect(await refused({}, { datasets })).toMatch(
      /would have 1020 branches, and a run has 1000 at most; give the run "years"/,
    );
    const { plan } = await planning({ datasets });
    expect((await plan({ years: '1900-2065', dryRun: true })).unfinished).toHaveLength(996);
  });

  it('with a dataset that starts in the future is rejected', async () => {
    const years = { from: 2090, to: 'current' };
    const datasets = await datasetsOf({ 'crime-war': { source: { ...shipped.source, years } } });

    expect(await refused({}, { datasets })).toContain('has no branch on 2026-11-20: its first year is in the future');
  });
});

describe('a day with data from another TMDB', () => {
  const friday = { dataset: 'crime-war', day: '2026-11-20' } as const;
  const withManifestFrom = async (tmdb: string | undefined) => {
    const all = await planning();
    await saveManifest(all.store, manifested({ ...friday, branch: 'crime-2014', run: 'earlier', tmdb }));
    return all;
  };

  it.each([{}, { dryRun: true }, { only: ['war-2015'] }])('is refused to a run of this one: %o', async (input) => {
    const { plan, store, tmdb } = await withManifestFrom('simulator:invented-movies');
    const before = store.puts.length;

    await expect(plan(input)).rejects.toThrow(
      'day: 2026-11-20 of dataset crime-war has data from simulator:invented-movies, and this run would ask tmdb.test; a day never has both. Use another day, or another bucket or folder (--out).',
    );
    expect(tmdb.asked).toEqual([]);
    expect(store.puts).toHaveLength(before);
  });

  it('is refused to a resumed run, too: it was planned before the data came', async () => {
    const { plan, store } = await planning();
    await plan({ only: ['war-2015'] });
    await saveManifest(store, manifested({ ...friday, branch: 'crime-2014', run: 'other', tmdb: '127.0.0.1' }));

    await expect(plan({ resume: 'friday' }, { id: 'arn:later' })).rejects.toThrow(/has data from 127\.0\.0\.1/);
  });

  it.each([{ tmdb: 'tmdb.test' }, { tmdb: undefined, why: 'an earlier version wrote the manifest' }])(
    'a day with data from $tmdb is not refused',
    async ({ tmdb }) => {
      const { plan } = await withManifestFrom(tmdb);
      expect(await plan({})).toMatchObject({ outcome: 'planned' });
    },
  );
});

describe('a run that resumes another', () => {
  const ended = async () => {
    const all = await planning();
    const { plan, store } = all;
    await plan({ years: '2014-2015', only: ['war-2015', 'crime-2014', 'crime-2015'], limits: { walkSeconds: 9 } });
    const { plannedAt = '' } = (await loadRun(store, { dataset: 'crime-war', day: '2026-11-20', run: 'friday' })) ?? {};
    await saveManifest(store, manifested({ branch: 'crime-2014', plannedAt }));
    return { ...all, before: { puts: store.puts.length, asked: all.tmdb.asked.length } };
  };
  const later = { id: 'arn:monday', name: 'monday', startTime: '2026-12-07T09:00:00Z' };

  it('is rejected for another TMDB host, because ids differ between hosts', async () => {
    const { services } = await ended();
    const elsewhere = { ...services, tmdb: { ...services.tmdb, name: '127.0.0.1' } };
    const event = parse(
      planEvent,
      { input: { dataset: 'crime-war', resume: 'friday' }, execution: { ...execution, ...later } },
      'event',
    );
    await expect(planRun(event, elsewhere)).rejects.toThrow(
      /^resume: run friday asked tmdb\.test, and ids of 127\.0\.0\.1 are not the same/,
    );
  });

  it('uses its plan, day and stored work, and runs only the unfinished branches', async () => {
    const { plan, store, tmdb, before } = await ended();

    expect(await plan({ resume: 'friday' }, later)).toMatchObject({
      outcome: 'planned',
      dataset: 'crime-war',
      day: '2026-11-20',
      run: 'friday',
      execution: 'arn:monday',
      redrive: 0,
      sweeps: 0,
      says: '2 of 3 branches of run friday are unfinished.',
      unfinished: ['war-2015', 'crime-2015'],
      expected: 310,
    });
    expect(store.puts.slice(before.puts)).toEqual(['_runs/crime-war/2026-11-20/lock.json']);
    expect(tmdb.paths().slice(before.asked)).toEqual(['/authentication']);
  });

  it('finds the run by its day, and not on another day', async () => {
    const { plan } = await ended();

    expect(await plan({ resume: 'friday', day: '2026-11-20' }, later)).toMatchObject({ run: 'friday' });
    await expect(plan({ resume: 'friday', day: '2026-11-21' }, later)).rejects.toThrow(/has no run "friday"/);
  });

  it('makes no request when no branch is unfinished', async () => {
    const { plan, store, tmdb, before } = await ended();
    for (const branch of ['war-2015', 'crime-2015']) await saveManifest(store, manifested({ branch }));

    expect(await plan({ resume: 'friday' }, later)).toMatchObject({ unfinished: [], expected: 0 });
    expect(tmdb.asked).toHaveLength(before.asked);
  });

  it('is turned away while the other run is running', async () => {
    const { plan, services } = await ended();
    services.executions = knownExecutions({ 'arn:friday': { running: true } });

    expect(await plan({ resume: 'friday' }, later)).toMatchObject({ outcome: 'turnedAway', unfinished: [] });
  });

  it('fails for a wrong token before any branch starts', async () => {
    const { store } = await ended();
    const { plan } = await planning({
      store,
      says: () => {
        throw new TmdbTokenError('TMDB rejected the token');
      },
    });

    await expect(plan({ resume: 'friday' }, later)).rejects.toThrow(TmdbTokenError);
  });

  it.each([{ only: ['crime-2017'] }, { years: '2014' }, { dryRun: true }, { limits: {} }])(
    'rejects %j, because the plan already exists',
    async (input) => {
      const { plan } = await ended();

      await expect(plan({ resume: 'friday', ...input }, later)).rejects.toThrow(
        new RegExp(`^${Object.keys(input)[0]}: leave it out; resume continues run friday`),
      );
    },
  );

  it('reports that the run does not exist, or no longer exists', async () => {
    const { plan } = await ended();

    await expect(plan({ resume: 'thursday' }, later)).rejects.toThrow(
      /^resume: dataset crime-war has no run "thursday"/,
    );
    await expect(plan({ resume: 'friday', dataset: 'popular' }, later)).rejects.toThrow(/dataset popular has no run/);
  });
});

describe('a day that is planned again', () => {
  const ref = { dataset: 'crime-war', day: '2026-11-20' } as const;
  const again = async (dataset: object, input: object, before: Parameters<typeof manifested>[0][] = []) => {
    const store = memoryStore();
    for (const changes of before)
      await saveManifest(store, manifested({ ...changes, run: 'thursday', plannedAt: '2026-11-19T00:00:00.000Z' }));
    await saveDayManifest(store, dayManifested({ run: 'thursday' }));
    const datasets = await datasetsOf({ 'crime-war': { source: { ...shipped.source, ...dataset } } });
    const { plan } = await planning({ store, datasets });
    return { store, planned: await plan(input) };
  };

  it('is marked as being written again, before any branch starts', async () => {
    const { store } = await again({}, { only: ['crime-2017'] });

    expect(await loadDayManifest(store, ref)).toMatchObject({ complete: false, rewriting: ['friday'] });
  });

  it('is not marked by a dry run', async () => {
    const { store } = await again({}, { dryRun: true });

    expect(await loadDayManifest(store, ref)).toMatchObject({ complete: true });
  });

  it('removes branches that the dataset no longer has, and keeps back-filled ones', async () => {
    const narrowed = { genres: ['crime'], years: { from: 2016, to: 2017 } };
    const before = [{ branch: 'crime-2017' }, { branch: 'war-2017' }, { branch: 'crime-1999', role: 'extra' as const }];
    const { store, planned } = await again(narrowed, {}, before);

    expect(planned.unfinished).toEqual(['crime-2016', 'crime-2017', 'war-2017']);
    expect(await loadBranch(store, { ...planned, branch: 'war-2017' })).toMatchObject({ role: 'removed', expected: 0 });
    expect(await loadBranch(store, { ...planned, branch: 'crime-2017' })).toMatchObject({
      role: 'dataset',
      expected: 10,
    });
  });

  it.each([{ only: ['crime-2017'] }, { years: '1999' }])('removes nothing in a run of %j', async (input) => {
    const { planned } = await again({ genres: ['crime'] }, input, [{ branch: 'war-2017' }]);

    expect(planned.unfinished).toHaveLength(1);
  });

  it('plans years that are not in the dataset as extra branches', async () => {
    const { store, planned } = await again({}, { years: '1999' });

    expect(await loadBranch(store, { ...planned, branch: 'crime-1999' })).toMatchObject({ role: 'extra' });
  });

  it('removes a branch that an earlier run only planned, because its killed writer may have left parts', async () => {
    const { plan, services } = await planning();
    await plan({}, { id: 'arn:thursday', name: 'thursday', startTime: '2026-11-20T12:00:00Z' });
    const datasets = await datasetsOf({
      'crime-war': {
        source: { ...shipped.source, genres: ['crime'] },
        output: { ...shipped.output, key: shipped.output.key.replace('.json', '.jsonl'), format: 'jsonl' },
      },
    });
    const again = await planRun(parse(planEvent, { input: { dataset: 'crime-war' }, execution }, 'event'), {
      ...services,
      datasets,
    });

    expect(again.unfinished).toContain('war-2017');
    expect(await loadBranch(services.store, { ...again, branch: 'war-2017' })).toMatchObject({
      role: 'removed',
      placeholders: { genre: 'war', year: '2017' },
      earlierKeys: [shipped.output.key],
    });
  });

  it.each([
    ['popular_part_{part}_{yyyymmdd}.json', true],
    ['popular_{part}_{media}_{yyyymmdd}.json', false],
  ])('knows whether a branch of the run has the keys of the one that it removes: %s', async (file, keysOfAnother) => {
    const popularOf = (media: string[]) =>
      datasetsOf({
        popular: {
          source: { kind: 'popular', media },
          ask: [],
          record: { from: 'listed' },
          keep: [],
          sort: [],
          output: { key: `Raw/TMDB/JSON/Popular/{yyyy}/{mm}/{dd}/${file}` },
        },
      });
    const { services } = await planning();
    const plan = async (media: string[], name: string) =>
      planRun(parse(planEvent, { input: { dataset: 'popular' }, execution: { ...execution, name } }, 'event'), {
        ...services,
        datasets: await popularOf(media),
      });
    await plan(['movies'], 'thursday');
    const again = await plan(['series'], 'friday');
    expect(again.unfinished).toEqual(['popular-series', 'popular-movies']);
    expect(await loadBranch(services.store, { ...again, branch: 'popular-movies' })).toMatchObject({
      role: 'removed',
      keysOfAnother,
    });
  });

  it('removes a branch whose plan has expired by its manifest alone', async () => {
    const { plan, services, store } = await planning();
    const thursday = await plan({}, { id: 'arn:thursday', name: 'thursday', startTime: '2026-11-20T12:00:00Z' });
    await saveManifest(store, manifested({ branch: 'war-2017', run: 'thursday' }));
    // A resumed run writes its own plan anew, so that one expires later.
    await store.remove([layout.plan({ ...thursday, branch: 'war-2017' })]);
    const datasets = await datasetsOf({ 'crime-war': { source: { ...shipped.source, genres: ['crime'] } } });
    const again = await planRun(parse(planEvent, { input: { dataset: 'crime-war' }, execution }, 'event'), {
      ...services,
      datasets,
    });

    expect(await loadBranch(store, { ...again, branch: 'war-2017' })).toMatchObject({ role: 'removed' });
  });

  it.each(['manifest.json', 'branches/crime-2017.json', 'latest.json'])(
    'does not stop at a damaged %s, which its run writes again',
    async (name) => {
      const store = memoryStore();
      const folder = name === 'latest.json' ? '_manifests/crime-war' : '_manifests/crime-war/2026-11-20';
      await store.put(`${folder}/${name}`, '{"dataset": "crime-w');
      const { plan } = await planning({ store });

      expect(await plan()).toMatchObject({ outcome: 'planned' });
    },
  );

  it('removes slices of a CSV that the new upload has no ids for', async () => {
    const store = memoryStore();
    const nothing = { distinct: 0, leftOut: 0, kept: 0, written: 0, missing: {}, parts: [] };
    for (const number of ['0001', '0002', '0003'])
      await saveManifest(store, manifested({ dataset: 'csv', branch: `csv-${number}`, run: 'thursday', ...nothing }));
    await store.put('Raw/Local/CSV/Movies/2026/11/20/movies.csv', 'id|anoLancamento|genero\ntt0000001|2015|Drama\n');
    const datasets = await datasetsOf({
      csv: {
        source: { kind: 'csv', upload: 'Movies' },
        record: { from: 'details' },
        ask: ['details'],
        keep: [],
        sort: [],
        output: { key: 'Raw/TMDB/JSON/X/{yyyymmdd}/{slice}_{part}.json' },
      },
    });
    const { plan } = await planning({ store, datasets });

    expect((await plan({ dataset: 'csv' })).unfinished).toEqual(['csv-0001', 'csv-0002', 'csv-0003']);
    const ref = { dataset: 'csv', day: '2026-11-20', run: 'friday' } as const;
    expect(await loadBranch(store, { ...ref, branch: 'csv-0003' })).toMatchObject({ role: 'removed' });
  });
});

describe('a finished run that is resumed', () => {
  it.each([
    { latest: undefined, by: 'friday', outcome: 'planned', why: 'its audit was killed before it wrote latest.json' },
    { latest: ['2026-11-13', 'x'], by: 'friday', outcome: 'planned', why: 'latest.json still has the week before' },
    { latest: ['2026-11-20', 'x'], by: 'friday', outcome: 'planned', why: 'latest.json still has an earlier run' },
    { latest: ['2026-11-20', 'friday'], by: 'friday', outcome: 'turnedAway', why: 'nothing is to be done' },
    { latest: ['2026-11-27', 'x'], by: 'friday', outcome: 'turnedAway', why: 'latest.json never goes back' },
    { latest: undefined, by: 'saturday', outcome: 'turnedAway', why: 'the audit is the work of another run' },
  ] as const)('is $outcome where latest.json has $latest and run $by wrote the day: $why', async (one) => {
    const { plan, store } = await planning();
    const first = await plan({ years: '2014', only: ['crime-2014'] });
    const { plannedAt = '' } = (await loadRun(store, first)) ?? {};
    await saveManifest(store, manifested({ branch: 'crime-2014', plannedAt }));
    await saveDayManifest(store, dayManifested({ complete: true, run: one.by }));
    const [day, run] = one.latest ?? [];
    if (day && run) await moveLatest(store, dayManifested({ day, run }));

    const { outcome, unfinished } = await plan({ resume: 'friday' }, { id: 'arn:monday', name: 'monday' });
    expect({ outcome, unfinished }).toEqual({ outcome: one.outcome, unfinished: [] });
  });

  it('asks again for the branches with movies that another request may bring, and for no others', async () => {
    const { plan, store } = await planning();
    const first = await plan({ years: '2014', only: ['crime-2014', 'war-2014'] });
    const { plannedAt = '' } = (await loadRun(store, first)) ?? {};
    await saveManifest(store, manifested({ branch: 'war-2014', plannedAt }));
    await saveManifest(store, manifested({ branch: 'crime-2014', plannedAt, missing: { unavailable: [7] } }));

    const planned = await plan({ resume: 'friday' }, { id: 'arn:monday', name: 'monday' });
    expect(planned).toMatchObject({
      outcome: 'planned',
      unfinished: ['crime-2014'],
      says: '0 of 2 branches of run friday are unfinished. 1 more has movies without a usable answer, which are requested again.',
    });
    const branch = await loadBranch(store, { ...planned, branch: 'crime-2014' });
    expect(branch.round).toBe(1);
    expect(isFinished(await loadManifest(store, branch), branch)).toBe(false);
    expect((await loadRun(store, planned))?.branches).toContainEqual({ name: 'crime-2014', expected: 200, round: 1 });
  });
});
