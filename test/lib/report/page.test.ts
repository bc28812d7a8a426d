import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { gatherFacts } from '../../../lib/report/facts.ts';
import { saveReport } from '../../../lib/report/save.ts';
import { memoryStore } from '../../doubles/memory-store.ts';
import { dayOf, headings, movie, textOf } from './reported.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, at) => at + 1);
const HOSTILE = `<script>alert(1)</script><img src=x onerror="alert('&')">`;

describe('the report of a complete day', () => {
  it('says the verdict first, and a finding in the heading of each section', async () => {
    const { page } = await dayOf({
      'crime-2017': { records: [movie(1), movie(3)], changes: { leftOut: 3 } },
      'war-2017': { records: [movie(2)], missing: { gone: [9] } },
    });

    expect(headings(await page())).toEqual([
      'Complete: 3 movies in 2 files',
      'There is no earlier day to compare with',
      'Crime 2017 has the most movies: 2',
      'Movie 3 has the highest budget: $3 000 000',
      '3 of 7 movies are written; 1 has no record, 3 are left out by the rule',
      '22 requests to TMDB',
      '1 id has no record (14 %): TMDB listed it, then answered 404',
      'crime-2017 took longest: 8 min 0 s',
      expect.stringMatching(/^2 files, /),
    ]);
  });

  it('is the same bytes from the same bucket', async () => {
    const day = () => dayOf({ 'crime-2017': { records: numbers(30).map((id) => movie(id)) } });

    expect(await (await day()).page()).toBe(await (await day()).page());
  });

  it('escapes every text, and allows only its own script and style', async () => {
    const { page } = await dayOf(
      {
        'crime-2017': {
          records: [movie(1, { title: HOSTILE, actors: [{ name: HOSTILE }], directors: [{ name: HOSTILE }] })],
          missing: { quarantined: [7] },
          changes: { warnings: [HOSTILE], quarantine: [{ id: 7, why: HOSTILE, key: HOSTILE }] },
        },
      },
      {
        changes: {
          complete: false,
          unfinished: [{ branch: 'war-2017', error: HOSTILE, message: HOSTILE }],
          tmdb: HOSTILE,
          codeVersion: HOSTILE,
          warnings: [HOSTILE],
        },
      },
    );
    const text = await page();
    const [, script = ''] = /<script>([\s\S]*?)<\/script>/.exec(text) ?? [];
    const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(text) ?? [];
    const sha256 = (part: string) => `'sha256-${createHash('sha256').update(part).digest('base64')}'`;

    expect(text.match(/<script/g)).toHaveLength(1);
    expect(text).not.toMatch(/<img/);
    expect(text).toContain(
      `content="${`default-src 'none'; style-src ${sha256(style)}; script-src ${sha256(script)}; img-src data:; base-uri 'none'; form-action 'none'`.replaceAll("'", '&#39;')}"`,
    );
    // With this policy, a style attribute or a handler would do nothing.
    expect(text.replace(script, '')).not.toMatch(/<[^>]+ (style|on\w+)=/);
    expect(text.replace(script, '')).not.toMatch(
      /(src|href)="(?!#|data:,|https:\/\/[\w-]+\.console\.aws\.amazon\.com\/)/,
    );
  });

  it('counts a movie of two genres once in the data', async () => {
    const { page } = await dayOf({
      'crime-2017': { records: [movie(1)] },
      'war-2017': { records: [movie(1), movie(2)] },
    });

    expect(textOf(await page())).toContain('The ten highest budgets of 2, each once.');
  });

  it('is stored beside the manifest of the day, and nothing is stored without one', async () => {
    const { store } = await dayOf({ 'crime-2017': { records: [movie(1)] } });
    await saveReport(store, { dataset: 'crime-war', day: '2026-11-20' });
    const empty = memoryStore();
    await saveReport(empty, { dataset: 'crime-war', day: '2026-11-20' });

    expect(store.text('_manifests/crime-war/2026-11-20/report.html')).toMatch(/^<!doctype html>/);
    expect(empty.keys()).toEqual([]);
  });
});

describe('what changed since the last complete day', () => {
  const twoDays = async (
    before: Record<string, object[]>,
    now: Record<string, object[]>,
    missing: Record<string, number[]> = {},
  ) => {
    const branches = (records: Record<string, object[]>) =>
      Object.fromEntries(Object.entries(records).map(([name, of]) => [name, { records: of }]));
    const { store } = await dayOf(branches(before), { day: '2026-11-13' });
    return dayOf(
      Object.fromEntries(
        Object.entries(branches(now)).map(([name, branch]) => [
          name,
          { ...branch, missing: { gone: missing[name] ?? [] } },
        ]),
      ),
      { store, changes: { comparedWith: '2026-11-13' } },
    );
  };

  it('names movies that are new or gone, and budgets and votes that changed', async () => {
    const { page, store } = await twoDays(
      { 'crime-2017': [movie(1), movie(2), movie(3), movie(4)] },
      { 'crime-2017': [movie(1), movie(2, { budget: 5_000_000 }), movie(3, { vote_count: 130 }), movie(5)] },
      { 'crime-2017': [4] },
    );
    const facts = await gatherFacts(store, { dataset: 'crime-war', day: '2026-11-20' });

    expect(facts?.compared).toMatchObject({
      with: '2026-11-13',
      changes: {
        added: [{ id: 5 }],
        gone: [{ movie: { id: 4 }, why: 'TMDB answers 404' }],
        budgets: [{ movie: { id: 2 }, from: 2_000_000, to: 5_000_000 }],
        votes: [{ movie: { id: 3 }, from: 100, to: 130 }],
      },
    });
    expect(headings(await page())[1]).toBe(
      'Since 13 November 2026: 1 new, 1 gone, 1 budget changed and votes changed for 1',
    );
  });

  it('are none between equal days', async () => {
    const { page } = await twoDays({ 'crime-2017': [movie(1)] }, { 'crime-2017': [movie(1)] });

    expect(headings(await page())[1]).toBe('No movie is new, gone or changed since 13 November 2026');
  });

  it('leaves out branches that only one day has: nobody asked for their movies', async () => {
    const { page } = await twoDays({ 'crime-2017': [movie(1)], 'war-2017': [movie(2)] }, { 'crime-2017': [movie(1)] });
    const text = await page();

    expect(headings(text)[1]).toBe('No movie is new, gone or changed since 13 November 2026');
    expect(textOf(text)).toContain('Only one of the two days has 1 branch: war-2017. Not compared.');
  });

  it('is not compared where a file of the earlier day is no longer there', async () => {
    const { page, store } = await twoDays({ 'crime-2017': [movie(1)] }, { 'crime-2017': [movie(1)] });
    await store.remove(['Raw/TMDB/JSON/Movies/2026-11-13/crime-2017.json']);

    expect(textOf(await page())).toContain('1 file of the two days could not be read.');
  });

  it('is not compared with invented movies', async () => {
    const { store } = await dayOf(
      { 'crime-2017': {} },
      { day: '2026-11-13', changes: { tmdb: 'simulator:invented-movies' } },
    );
    const { page } = await dayOf(
      { 'crime-2017': {} },
      { store, changes: { tmdb: 'api.themoviedb.org', comparedWith: '2026-11-13' } },
    );

    expect(textOf(await page())).toContain('That day is from another TMDB: simulator:invented-movies.');
  });
});

describe('the report of a complete day that misses ids', () => {
  it('says how a new execution requests them, because one that has succeeded has no redrive', async () => {
    const { page } = await dayOf(
      { 'crime-2017': { records: [movie(1)], missing: { unavailable: [2] } } },
      { plan: {} },
    );
    const text = textOf(await page());

    expect(text).toContain('choose New execution, and give it this input:');
    expect(text.replaceAll('&quot;', '"')).toContain('{"dataset":"crime-war","resume":"friday"}');
    expect(text).not.toContain('Redrive');
  });
});

it('a movie and a series of one TMDB id are two', async () => {
  const series = { id: 1, name: 'Series 1', first_air_date: '2017-01-01' };
  const { store } = await dayOf({ 'crime-2017': { records: [movie(1)] } }, { day: '2026-11-13' });
  await dayOf({ 'crime-2017': { records: [movie(1), series] } }, { store, changes: { comparedWith: '2026-11-13' } });
  const { movies, compared } =
    (await gatherFacts(store, { dataset: 'crime-war', day: '2026-11-20' })) ?? expect.unreachable();

  expect(movies).toHaveLength(2);
  expect('changes' in compared && compared.changes).toMatchObject({ added: [{ title: 'Series 1' }], gone: [] });
});

describe('the report of a day that is not complete', () => {
  it('names the unfinished branch, why it failed, and the console page that continues the run', async () => {
    const { page } = await dayOf(
      { 'crime-2017': { records: [movie(1)] } },
      {
        changes: {
          complete: false,
          absent: ['war-2017'],
          unfinished: [{ branch: 'war-2017', error: 'TmdbUnavailableError', message: 'TMDB answers 503' }],
        },
        plan: { branches: ['crime-2017', 'war-2017'].map((name) => ({ name, expected: null })) },
      },
    );
    const text = await page();

    expect(headings(text)[0]).toBe('1 of 2 branches unfinished: war-2017');
    expect(textOf(text)).toContain('TMDB answers 503');
    expect(text).toContain(
      'href="https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/arn:aws:states:us-east-1:123456789012:execution:ingest:friday"',
    );
    expect(textOf(text)).not.toContain('Not there yet');
  });

  it('says so where no branch is finished', async () => {
    const unfinished = ['crime-2017', 'war-2017'].map((branch) => ({ branch, error: 'E', message: 'no' }));
    const { page } = await dayOf(
      {},
      {
        changes: { complete: false, unfinished, absent: unfinished.map(({ branch }) => branch) },
        plan: { branches: unfinished.map(({ branch }) => ({ name: branch, expected: null })) },
      },
    );

    expect(headings(await page())).toEqual([
      'No branch finished: all 2 failed',
      'There is no earlier day to compare with',
      'No genre and year is written',
      'No record is written',
      'The lists have no records',
      '0 requests to TMDB',
      'No id was asked for',
      'No branch is written',
      'No file is written',
    ]);
  });

  it.each([
    [{ absent: ['war-2018', 'war-2019'] }, 'Incomplete: 1 movie in 1 file, and 2 branches are not there yet'],
    [{ rewriting: ['saturday'] }, 'Being written again: 1 movie in 1 file, perhaps of several runs'],
    [{ outdated: ['crime-2017'] }, '1 branch does not fit the dataset as it is now'],
  ])('says why: %j', async (changes, verdict) => {
    const { page } = await dayOf(
      { 'crime-2017': { records: [movie(1)] } },
      { changes: { complete: false, ...changes } },
    );

    expect(headings(await page())[0]).toBe(verdict);
  });

  it('when the plan has expired, is made from the manifests alone', async () => {
    const { page, store } = await dayOf({ 'crime-2017': { records: [movie(1)] } });
    await store.remove(store.keys().filter((key) => key.startsWith('_runs/')));

    expect(headings(await page())[0]).toBe('Complete: 1 movie in 1 file');
  });
});

describe('a large day', () => {
  it('of 1,000 branches stays small, and its table has all of them', async () => {
    const { page } = await dayOf(
      Object.fromEntries(numbers(1_000).map((at) => [`genre-${Math.ceil(at / 100)}-${1900 + (at % 100)}`, {}])),
    );
    const text = await page();

    expect(Buffer.byteLength(text)).toBeLessThan(2_000_000);
    expect(text.match(/<tr id="branch-/g)).toHaveLength(1_000);
  });

  it('shows the first 20 of 12,389 missing ids, and where all are', async () => {
    const ids = numbers(12_389).map((id) => `tt${id}`);
    const { page } = await dayOf(
      { 'csv-details-0001': { records: [movie(1)], missing: { not_found: ids } } },
      { dataset: 'csv-details' },
    );
    const text = textOf(await page());

    expect(text).toContain('12 389 ids have no record');
    expect(text).toContain('not_found: the first 20 of 12 389 ids');
    expect(text.match(/\btt\d+\b/g)).toHaveLength(20);
    expect(text).toContain('_manifests/csv-details/2026-11-20/manifest.json');
  });
});

describe('records of other datasets', () => {
  it('of popular are ranked by popularity, and have no heat map', async () => {
    const item = (id: number) => ({ id, name: `Series ${id}`, first_air_date: '2020-01-01', popularity: id });
    const { page } = await dayOf({ 'popular-series': { records: numbers(12).map(item) } }, { dataset: 'popular' });

    expect(headings(await page())).toContain('Series 12 has the highest popularity: 12');
    expect(await page()).not.toContain('id="heat-map"');
  });

  it('of csv-credits have no title: they are ranked by the size of their cast', async () => {
    const credits = (id: number) => ({
      id,
      imdb_id: `tt${id}`,
      cast: numbers(id).map((at) => ({ name: `Actor ${at}` })),
      crew: [
        { name: 'Somebody', job: 'Writer' },
        { name: `Director ${id}`, job: 'Director' },
      ],
    });
    const { page } = await dayOf(
      { 'csv-credits-0001': { records: numbers(3).map(credits) } },
      { dataset: 'csv-credits' },
    );

    expect(headings(await page())).toContain('id 3 has the largest cast: 3');
    expect(textOf(await page())).toContain('Director 3');
  });

  it('may have no id, as a user may leave it out', async () => {
    const { page } = await dayOf({ mine: { records: [{ a: 1 }] } }, { dataset: 'mine' });

    expect(headings(await page())).toContain('The records have no id to tell them apart');
  });
});
