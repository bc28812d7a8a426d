import { describe, expect, it } from 'vitest';
import shipped from '../../../datasets/crime-war.json' with { type: 'json' };
import { BadInputError, parse } from '../../../lib/parse.ts';
import { shippedSchema } from './shipped.ts';

/** The shipped dataset with one field changed, named as in the sentences; undefined takes it out. */
const withField = (path: string, value: unknown): Record<string, unknown> => {
  const changed: Record<string, unknown> = structuredClone(shipped);
  const names = path.split('/');
  const last = names.pop() ?? '';
  const parent = names.reduce((object, name) => object[name] as Record<string, unknown>, changed);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return changed;
};
const sentenceFor = (path: string, value: unknown): string => {
  try {
    parse(shippedSchema, withField(path, value), 'dataset crime-war');
  } catch (error) {
    if (error instanceof BadInputError) return error.message;
    throw error;
  }
  return expect.unreachable(`${path} was taken`);
};
const file = (name: string) => `Raw/TMDB/JSON/Movies/{yyyy}/{mm}/{dd}/${name}`;

describe('a dataset', () => {
  it('needs few fields, and has defaults for the others', () => {
    const least = {
      name: 'war',
      timezone: 'UTC',
      source: { kind: 'discover', genres: ['war'], years: { from: 1999, to: 'current' } },
      record: { from: 'listed' },
      output: { key: file('{genre}_{year}_{part}.json') },
    };

    expect(shippedSchema.parse(least)).toEqual({
      ...least,
      description: '',
      source: { ...least.source, media: 'movies', filters: {} },
      ask: [],
      record: { from: 'listed', without: [], with: {}, peopleWithout: [] },
      keep: [],
      sort: [],
      output: { ...least.output, format: 'json', gzip: false, recordsPerFile: 100, tables: true },
      tolerance: 0.005,
    });
  });

  it('of kind popular or csv has its own defaults', () => {
    const record = { from: 'details' };
    const base = { name: 'x', timezone: 'UTC', record, ask: ['details'] };
    const popular = { kind: 'popular', media: ['movies'] };
    const csv = { kind: 'csv', upload: 'Movies' };

    expect(
      shippedSchema.parse({ ...base, source: popular, output: { key: file('{media}_{part}.json') } }).source,
    ).toEqual({
      ...popular,
      pages: 1,
      language: 'en-US',
    });
    expect(
      shippedSchema.parse({ ...base, source: csv, output: { key: file('{slice}_{part}.json') } }).source,
    ).toMatchObject({
      ...csv,
      idsPerBranch: 1_000,
      columns: { id: 'id', year: 'anoLancamento', genres: 'genero' },
      delimiter: '|',
      quote: null,
      nullMarker: '\\N',
    });
  });

  it.each([
    [
      'name',
      'Crime War',
      'name: use lower-case letters, digits and single hyphens, for example crime-war; got "Crime War".',
    ],
    [
      'schedule',
      { cron: '0 6 * * MON *' },
      'schedule.cron: use ? for the day of the month or for the day of the week, and not for both',
    ],
    ['source/filters', { 'vote_count.gte': 'five' }, 'source.filters.vote_count.gte: use a number; got "five".'],
    ['name', '../crime', 'name: use lower-case letters'],
    ['name', 'a'.repeat(25), 'name: use at most 24 characters; got'],
    ['description', 'a'.repeat(513), 'description: use at most 512 characters; got'],
    ['name', undefined, 'name: use a text; it is missing.'],
    [
      'timezone',
      'Bahia',
      'timezone: use the IANA name of a time zone, in its exact spelling, for example America/Bahia; got "Bahia"; did you mean "America/Bahia"?',
    ],
    [
      'schedule/cron',
      '30 21 * * 5',
      'schedule.cron: use six fields with one space between: minutes hours day-of-month month day-of-week year; Unix',
    ],
    ['schedule/at', '21:30', 'schedule: unknown field "at".'],
    ['tolerence', 0.1, 'dataset crime-war: unknown field "tolerence"; did you mean "tolerance"?'],
    ['tolerance', 2, 'tolerance: use at most 1; got 2.'],

    ['source/kind', 'search', 'source.kind: use one of discover, popular, csv; got'],
    ['source/genres', [], 'source.genres: use at least 1 entries; got [].'],
    ['source/genres', 'crime', 'source.genres: use a list; got "crime".'],
    ['source/genres', ['crimes'], 'source.genres.0: use a movie genre of TMDB'],
    ['source/genres', ['crime', 10768], 'war (10752), western (37); series have others; got 10768.'],
    ['source/genres', ['crime', 80], 'source.genres: use each genre once, by its name or by its id; got ["crime",80].'],
    ['source/genres', [['crime']], 'source.genres.0: use the name or the id of a genre; got ["crime"].'],
    ['source/media', 'tv', 'source.media: use one of "movies", "series"; got "tv".'],
    [
      'source',
      { ...shipped.source, media: 'series', filters: {} },
      'source.genres.1: use a series genre of TMDB: action-adventure (10759), animation (16), ',
    ],
    [
      'source',
      { ...shipped.source, media: 'series', filters: {} },
      'war-politics (10768), western (37); movies have others; got "war".',
    ],
    [
      'source',
      { ...shipped.source, media: 'series', genres: ['crime'], filters: { include_video: false } },
      'source.filters.include_video: leave it out: discover/tv has no such filter; got false.',
    ],
    [
      'source/filters/with_networks',
      213,
      'source.filters.with_networks: leave it out: discover/movie has no such filter; got 213.',
    ],
    [
      'source',
      { ...shipped.source, media: 'series', genres: ['crime'], filters: { 'air_date.gte': 2020 } },
      'source.filters.air_date.gte: use a date such as 2026-11-20; got 2020.',
    ],
    [
      'source',
      { ...shipped.source, media: 'series', genres: ['crime'], filters: { screened_theatrically: 'yes' } },
      'source.filters.screened_theatrically: use true or false; got "yes".',
    ],
    [
      'source',
      { ...shipped.source, media: 'series', genres: ['crime'], filters: { 'first_air_date.gte': '2020-01-01' } },
      'source.filters.first_air_date.gte: leave it out: each branch sets it; use source.years; got "2020-01-01".',
    ],
    ['source/years', { from: 2022, to: 2012 }, 'source.years.to: use a last year that is not before the first; got '],
    [
      'source/years',
      { from: 1800, to: 2012 },
      'source.years.from: use 1874, the year of the oldest film, or later; got 1800.',
    ],
    ['source/years', { from: 2012, to: 'now' }, 'source.years.to: use a year, or "current"; got "now".'],
    [
      'source/filters/year',
      2012,
      'source.filters.year: leave it out: it also matches re-releases; source.years selects the years of the first release; got 2012.',
    ],
    [
      'source/filters/primary_release_date.gte',
      '2012-01-01',
      'source.filters.primary_release_date.gte: leave it out: each branch sets it; use source.years; got "2012-01-01".',
    ],
    ['source/filters/page', 2, 'source.filters.page: leave it out: all pages are read; got 2.'],
    [
      'source/filters/with_genres',
      '80',
      'source.filters.with_genres: leave it out: each branch sets it; use source.genres; got "80".',
    ],
    [
      'source/filters/vote_count.get',
      5,
      'source.filters.vote_count.get: leave it out: discover/movie has no such filter; got 5; did you mean "vote_count.gte"?',
    ],
    [
      'source/filters/sort_by',
      'title.asc',
      'source.filters.sort_by: leave it out: a list is read by date, so that it doesn\'t change while it is read; use the dataset\'s sort for the records; got "title.asc".',
    ],
    [
      'source/filters/with_watch_providers',
      '8',
      'source.filters.with_watch_providers: add watch_region too: without it, TMDB ignores this filter; got "8".',
    ],
    [
      'source/filters/without_watch_providers',
      '8',
      'source.filters.without_watch_providers: add watch_region too: without it, TMDB ignores this filter; got "8".',
    ],
    [
      'source/filters/with_watch_monetization_types',
      'flatrate',
      'source.filters.with_watch_monetization_types: add watch_region too: without it, TMDB ignores this filter; got "flatrate".',
    ],
    [
      'source/filters/watch_region',
      'BR',
      'source.filters.watch_region: add with_watch_providers or without_watch_providers or with_watch_monetization_types too: without it, TMDB ignores this filter; got "BR".',
    ],
    [
      'source/filters/certification.lte',
      'PG',
      'source.filters.certification.lte: add certification_country too: without it, TMDB ignores this filter; got "PG".',
    ],
    [
      'source/filters/certification_country',
      'US',
      'source.filters.certification_country: add certification or certification.gte or certification.lte too: without it, TMDB ignores this filter; got "US".',
    ],
    [
      'source/filters/with_original_language',
      ' ',
      'source.filters.with_original_language: use a value that is not empty; got " ".',
    ],
    ['source/filters/region', '', 'source.filters.region: use a value that is not empty; got "".'],
    ['source/filters/with_cast', true, 'source.filters.with_cast: use a text or a number; got true.'],
    ['source/filters/language', 5, 'source.filters.language: use a text; got 5.'],
    ['source/filters/with_origin_country', 55, 'source.filters.with_origin_country: use a text; got 55.'],
    ['source/filters/language', ['en'], 'source.filters.language: use a text, a number, true or false; got ["en"].'],
    ['source', { kind: 'popular', media: ['movie'] }, 'source.media.0: use one of "movies", "series"'],
    ['source', { kind: 'popular', media: ['movies'], pages: 501 }, 'source.pages: use at most 500'],
    ['source', { kind: 'csv', upload: 'Films' }, 'source.upload: use one of "Movies", "Series"; got'],
    ['source', { kind: 'csv', upload: 'Movies', delimiter: '||' }, 'source.delimiter: use one character'],

    ['ask', ['detail'], 'ask.0: use one of "details", "credits"; got "detail".'],
    [
      'output',
      { key: file('{genre}_{year}_{part}.json'), tables: 'yes' },
      'use true, false, or {"with": […]} with fields of the details',
    ],
    ['ask', ['credits'], 'ask: the record needs details: add "details"; got ["credits"].'],
    ['ask', ['details'], 'ask: the record needs credits: add "credits"; got ["details"].'],
    ['record', undefined, 'record: use an object; it is missing.'],
    ['record/from', 'list', 'record.from: use one of "listed", "details", "credits"; got "list".'],
    ['record/without', 'adult', 'record.without: use a list; got "adult".'],
    [
      'record/with/budget',
      { from: 'details', defalt: 0 },
      'record.with.budget: unknown field "defalt"; did you mean "default"?',
    ],
    ['record/with/actors', { from: 'actors' }, 'record.with.actors: use {"from": "details"}, {"from": "asked"}, or'],
    ['record/with/actors', { from: 'cast', first: 0 }, 'record.with.actors.first: use at least 1'],
    ['keep', [{ field: 'budget' }], 'keep.0: use above, atLeast or oneOf in each rule; got {"field":"budget"}.'],
    ['keep', [{ field: 'budget', over: 0 }], 'keep.0: unknown field "over"'],
    ['sort', [{ field: 'budget', order: 'down' }], 'sort.0.order: use one of "asc", "desc"; got "down".'],

    ['output/format', 'csv', 'output.format: use one of "json", "jsonl"; got "csv".'],
    ['output/recordsPerFile', 101, 'output.recordsPerFile: use at most 100 records in a file; got 101.'],
    ['output/gzip', true, 'output.key: the key must end in .json.gz, as output.format and output.gzip say; got'],
    ['output/format', 'jsonl', 'output.key: the key must end in .jsonl, as output.format and output.gzip say; got'],
    ['output/key', '_manifests/{genre}_{year}_{part}_{yyyymmdd}.json', 'output.key: begin with Raw/TMDB/ and use'],
    [
      'output/key',
      file('../{genre}_{year}_{part}.json'),
      'output.key: use no empty segment, and no segment of only dots; got',
    ],
    [
      'output/key',
      file('/{genre}_{year}_{part}.json'),
      'output.key: use no empty segment, and no segment of only dots; got',
    ],
    [
      'output/key',
      file('filmes de ação_{genre}_{year}_{part}.json'),
      'output.key: begin with Raw/TMDB/ and use letters',
    ],
    [
      'output/key',
      file('{gender}_{year}_{part}.json'),
      'output.key: {gender} is unknown; a discover dataset has {yyyy}, ',
    ],
    [
      'output/key',
      file('{slice}_{genre}_{year}_{part}.json'),
      'output.key: {slice} is unknown; a discover dataset has',
    ],
    [
      'output/key',
      file('{genre}_{year}_{part}}.json'),
      'output.key: write placeholders as {name}, each with both braces; got',
    ],
    ['output/key', file('{genre}_{year}.json'), 'output.key: the file name has no {part}: add it; got'],
    ['output/key', file('{part}/{genre}_{year}.json'), 'output.key: the file name has no {part}: add it; got'],
    ['output/key', file('{part}/{genre}_{year}_{part}.json'), 'output.key: use {part} once; got'],
    ['output/key', file('{year}_{part}.json'), 'output.key: two branches would write the same file: add {genre}; got'],
    [
      'output/key',
      file('{part}.json'),
      'output.key: two branches would write the same file: add {genre} and {year}; got',
    ],
    [
      'output/key',
      'Raw/TMDB/{yyyy}/{mm}/{genre}_{year}_{part}.json',
      'output.key: the day is missing: add {yyyymmdd}, or',
    ],
  ])('with %s %j is rejected: %s', (path, value, sentence) => {
    const told = sentenceFor(path, value);

    expect(told).toContain(sentence);
    expect(told).toMatch(/^dataset crime-war: [^\n]+[.?]$/);
  });

  it.each([
    ['source/genres', ['crime', 10752]],
    [
      'source',
      {
        kind: 'discover',
        media: 'series',
        genres: ['war-politics', 10765],
        years: { from: 2020, to: 2021 },
        filters: {
          'air_date.gte': '2020-01-01',
          'vote_count.gte': 5,
          include_adult: false,
          language: 'pt-BR',
          with_networks: 213,
          with_status: '0|3',
        },
      },
    ],
    ['source/years', { from: 2012, to: 2012 }],
    ['schedule', undefined],
    ['keep', []],
    ['keep', [{ field: 'original_language', oneOf: ['pt', null] }]],
    ['output/key', 'Raw/TMDB/{genre}/{year}_{part}_{yyyymmdd}.json'],
    ['output/recordsPerFile', 1],
    ['tolerance', 0],
  ])('can have %s %j', (path, value) => {
    expect(() => parse(shippedSchema, withField(path, value), 'dataset')).not.toThrow();
  });

  it('of kind csv has only ids, so it must request details or credits for its record', () => {
    const csv = { ...shipped, source: { kind: 'csv', upload: 'Movies' }, output: { key: file('{slice}_{part}.json') } };
    const reason = (changes: object) =>
      shippedSchema.safeParse({ ...csv, ...changes }).error?.issues.map(({ message }) => message);

    expect(reason({})).toEqual([
      expect.stringContaining('a csv source has only ids, no items of a list: use details or credits'),
    ]);
    expect(reason({ ask: [], record: { from: 'credits' } })).toContain(
      'a csv source has only ids: add details or credits',
    );
  });
});
