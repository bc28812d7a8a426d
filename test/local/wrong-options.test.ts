import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import crimeWar from '../../datasets/crime-war.json' with { type: 'json' };
import { loadDataset } from '../../lib/datasets/load.ts';
import { KINDS } from '../../lib/sources/kinds.ts';
import { inOptions, readOptions } from '../../local/options.ts';
import { defaultCatalogue } from '../../local/simulator/catalogue.ts';
import { faultsNamed } from '../../local/simulator/faults.ts';
import { askedBy, emptyYears, refuseIdleFaults } from '../../local/simulator-fit.ts';
import { readUploadOptions } from '../../local/upload/options.ts';
import { temporaryFolder } from './running.ts';
import { startInProcess } from './start-in-process.ts';

const TO_LIST = 'To list the options: npm start -- --help.';

describe('npm start: options that are wrong by themselves', () => {
  it.each([
    [['--dry-rnu'], `options: Unknown option '--dry-rnu'; did you mean --dry-run? ${TO_LIST}`],
    [['--dyr-run'], `options: Unknown option '--dyr-run'; did you mean --dry-run? ${TO_LIST}`],
    [['--fail', 'nothing'], `options: Unknown option '--fail'. ${TO_LIST}`],
    [['--day', '2026-02-30'], '--day: use YYYY-MM-DD, for example 2026-11-20; got "2026-02-30".'],
    [['--seed', 'abc'], '--seed: use a whole number; got "abc".'],
    [['--give-up-after', 'x'], '--give-up-after: use a whole number of seconds, at most 86400; got "x".'],
    [['--datset', 'popular'], `options: Unknown option '--datset'; did you mean --dataset? ${TO_LIST}`],
    [['--year', '2012'], `options: Unknown option '--year'; did you mean --years? ${TO_LIST}`],
    [['-x'], `options: Unknown option '-x'. ${TO_LIST}`],
    [['crime-2017'], `options: Unexpected argument 'crime-2017'. ${TO_LIST}`],
    [['--only'], `--only: a value is missing. ${TO_LIST}`],
    [['--only', '--day', '2026-11-20'], `--only: a value is missing. ${TO_LIST}`],
    [['--out', ''], '--out: use a folder; got "".'],
    [['--day', '20.11.2026'], '--day: use YYYY-MM-DD, for example 2026-11-20; got "20.11.2026".'],
    [['--years', '2012..2022'], '--years: use 2012-2022, or 2017 for one year; got "2012..2022".'],
    [
      ['--only', 'Crime 2017'],
      '--only: use lower-case letters, digits and single hyphens, for example crime-2017; got "Crime 2017".',
    ],
    [
      ['--upload', 'movies.csv'],
      '--upload: use a key below Raw/Local/CSV/Movies/ or Raw/Local/CSV/Series/; got "movies.csv".',
    ],
    [
      ['--resume', 'a b'],
      '--resume: use the name of the run\'s execution: at most 80 letters, digits, - and _; got "a b".',
    ],
    [
      ['--reshape', 'friday', '--seed', '1'],
      '--seed: leave it out; --reshape requests nothing, so there is no simulator.',
    ],
    [['--ceiling', '0'], '--ceiling: use a number above 0, or none; got 0.'],
    [['--latency', '5'], '--latency: use milliseconds, such as 40-120; got "5".'],
  ])('%j', (argv, says) => {
    expect(() => readOptions(argv, {})).toThrow(expect.objectContaining({ name: 'BadInputError', message: says }));
  });

  it.each([
    [
      '0123456789abcdef0123456789abcdef',
      'The token is an API Key (32 hexadecimal digits), and the API Read Access Token is needed: the longer text below the API Key on the same page, https://www.themoviedb.org/settings/api.',
    ],
    [
      'ey.a b',
      'The token has a space or another character inside that no API Read Access Token has: copy it again from https://www.themoviedb.org/settings/api.',
    ],
    [
      ' ""',
      'TMDB_TOKEN is not set: set it to an API Read Access Token, or store one in the SSM parameter that TMDB_TOKEN_PARAMETER names.',
    ],
  ])('TMDB_TOKEN=%s', (TMDB_TOKEN, says) => {
    expect(() => readOptions([], { TMDB_TOKEN })).toThrow(
      expect.objectContaining({ name: 'BadInputError', message: says }),
    );
  });
});

describe('npm run upload', () => {
  it.each([
    [
      ['movies.csv', '--kinds', 'Movies'],
      "options: Unknown option '--kinds'; did you mean --kind? To list the options: npm run upload -- --help.",
    ],
    [['movies.csv', '--kind', 'movies'], '--kind: use Movies or Series; got "movies".'],
    [['movies.csv', '--day', 'today'], '--day: use YYYY-MM-DD, for example 2026-11-20; got "today".'],
  ])('%j', (argv, says) => {
    expect(() => readUploadOptions(argv, new Date(), {})).toThrow(
      expect.objectContaining({ name: 'BadInputError', message: says }),
    );
  });
});

describe('messages of the planner name options as they are typed', () => {
  it.each([
    [
      'only: the files were made from a.csv; give the run "upload": "a.csv", or run all branches.',
      '--only: the files were made from a.csv; use --upload a.csv, or run all branches.',
    ],
    [
      'dataset x would have 1200 branches, and a run has 1000 at most; give the run "years", such as "2000-2009".',
      'dataset x would have 1200 branches, and a run has 1000 at most; use --years, such as "2000-2009".',
    ],
    [
      'years: other years would overwrite them; give the run another day.',
      '--years: other years would overwrite them; use another --day.',
    ],
    ['dryRun: leave it out.', '--dry-run: leave it out.'],
    [
      'dataset crime-war: source.genres.0: use a genre; got 1.',
      'dataset crime-war: source.genres.0: use a genre; got 1.',
    ],
  ])('%s', (message, says) => {
    expect(inOptions(message)).toBe(says);
  });
});

const asked = async (dataset: string, input: object) =>
  askedBy(await loadDataset('datasets', dataset, KINDS), { dataset, day: '2026-11-20', ...input });

describe('--faults', () => {
  it.each([
    [
      'crime-war',
      {},
      'outage-drama-2017',
      '/discover/movie (crime-2012, crime-2013, crime-2014 and 19 more), /movie/{id}',
    ],
    ['crime-war', { only: ['war-2013'] }, 'outage-crime-2017', '/discover/movie (war-2013), /movie/{id}'],
    ['crime-war', { years: '2012' }, 'list-huge', '/discover/movie (crime-2012, war-2012), /movie/{id}'],
    ['crime-war', { only: ['war-2013'] }, 'outage-authentication', '/discover/movie (war-2013), /movie/{id}'],
    ['popular', {}, 'outage-discover', '/movie/popular (popular-movies), /tv/popular (popular-series)'],
    ['popular', {}, 'always-500', '/movie/popular (popular-movies), /tv/popular (popular-series)'],
    ['csv-details', {}, 'drift', '/authentication, /find/{id}, /movie/{id}'],
    ['csv-credits', {}, 'no-credits', '/authentication, /find/{id}, /movie/{id}'],
  ])('of %s with %j: %s changes nothing and is refused', async (dataset, input, name, asks) => {
    const run = await asked(dataset, input);
    expect(() => run && refuseIdleFaults(name, faultsNamed(name) ?? [], run)).toThrow(
      `--faults: ${name} changes nothing in this run, which asks for ${asks}; use another fault, or none.`,
    );
  });

  it.each([
    ['crime-war', 'outage-crime-2017'],
    ['crime-war', 'outage-movie'],
    ['crime-war', 'list-huge'],
    ['crime-war', 'bad-day'],
    ['crime-war', 'token-revoked-after-5'],
    ['popular', 'outage-tv'],
    ['csv-details', 'outage-find'],
    ['csv-details', 'none'],
  ])('of %s: %s is not refused', async (dataset, name) => {
    const run = await asked(dataset, {});
    expect(() => run && refuseIdleFaults(name, faultsNamed(name) ?? [], run)).not.toThrow();
    expect(run).toBeDefined();
  });
});

it.each([
  [
    { years: '1950' },
    'The simulator has no movies of 1950 for dataset crime-war, so these branches will be empty: crime-1950, war-1950. To ask TMDB, set TMDB_TOKEN.',
  ],
  [
    { years: '2009-2012', only: ['crime-2011', 'war-2012'] },
    'The simulator has no movies of 2011 for dataset crime-war, so these branches will be empty: crime-2011. To ask TMDB, set TMDB_TOKEN.',
  ],
  [{ years: '2019-2020' }, undefined],
])('years without movies in the simulator: %j', async (input, says) => {
  const run = await asked('crime-war', input);
  expect(run && emptyYears(defaultCatalogue(), run)).toBe(says);
});

it.each([
  {
    args: ['--resume', 'X', '--only', 'crime-2017'],
    code: 2,
    err: '--only: leave it out; --resume continues run X with the plan that it has. For another plan, start a new run.\n',
  },
  {
    args: ['--resume', 'X', '--day', '2026-11-20'],
    code: 2,
    err: '--day: leave it out; dataset crime-war has no run "X" on 2026-11-20, and --resume finds the day of the run.\n',
  },
  {
    args: ['--dataset', 'popular', '--years', '2012'],
    code: 2,
    err: '--years: leave it out; the source of dataset popular has no years.\n',
  },
  {
    args: ['--faults', 'outage-crime-2017', '--only', 'war-2013'],
    code: 2,
    err: '--faults: outage-crime-2017 changes nothing in this run, which asks for /discover/movie (war-2013), /movie/{id}; use another fault, or none.\n',
  },
])('the command npm start -- with $args exits with $code', async ({ args, code, err }) => {
  expect(await startInProcess([...args, '--out', await temporaryFolder()])).toMatchObject({ code, err });
});

it('the command npm start -- --years 1950 --dry-run says that the simulator has no movies of 1950', async () => {
  const args = ['--years', '1950', '--dry-run', '--out', await temporaryFolder()];
  const { code, err, out } = await startInProcess(args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(
    /^Asking the simulator: .*\nThe simulator has no movies of 1950 .*\nA run of crime-war for .*\n[\s\S]*\nall 2 +0 /,
  );
});

it('npm start prints a warning for a typo in the dataset, and goes on', async () => {
  const folder = await temporaryFolder();
  const record = { ...crimeWar.record, with: { ...crimeWar.record.with, bugdet: { from: 'details' } } };
  await writeFile(`${folder}/crime-war.json`, JSON.stringify({ ...crimeWar, record }));
  const { code, out } = await startInProcess(['--dry-run', '--only', 'war-2013', '--out', folder], {
    DATASETS: folder,
  });
  expect(out).toMatch(
    /^Asking .*\nA run of crime-war [\s\S]*\nWarning: record\.with\.bugdet: TMDB is not known to have a field "bugdet" in the details of movies; did you mean "budget"\?\n$/,
  );
  expect(code).toBe(0);
});

it('the command that continues a run has its folder or bucket, and an option of the simulator where the bucket needs one', () => {
  const again = (...argv: string[]) => readOptions(argv, {}).again;
  expect(again('--out', 'a', '--only', 'crime-2017', '--ceiling', 'none')).toEqual(['--out', 'a']);
  expect(again('--catalogue', 'c.jsonl', '--seed', '1')).toEqual(['--catalogue', 'c.jsonl']);
  expect(again('--bucket', 'raw-zone', '--seed', '1')).toEqual(['--bucket', 'raw-zone', '--seed', '1']);
});
