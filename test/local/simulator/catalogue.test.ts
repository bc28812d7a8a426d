import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { catalogueFrom, defaultCatalogue } from '../../../local/simulator/catalogue.ts';
import { discovering, discoveringSeries } from '../../../local/simulator/discover.ts';
import type { Movie } from '../../../local/simulator/invented-movies.ts';
import { body, catalogue, simulated } from './asking.ts';

const YEARS = Array.from({ length: 11 }, (_, i) => 2012 + i);

describe('the default catalogue', () => {
  const discover = discovering(catalogue());
  const pair = (genre: number, year: number, more = '&vote_count.gte=5') =>
    discover(new URLSearchParams(`with_genres=${genre}&primary_release_year=${year}${more}`));
  const kept = (movies: readonly Movie[]) => movies.filter(({ budget = 0 }) => budget > 0).length;

  it('has the same bytes on every machine', () => {
    const bytes = JSON.stringify([defaultCatalogue().movies, defaultCatalogue().series]);
    const people = JSON.stringify([1, 100, 10_000_007].map((id) => catalogue().creditsOf('movie', id)));
    expect(createHash('sha256').update(bytes).digest('hex')).toMatchInlineSnapshot(
      `"9355648a4caabc18526429780a35009e22607f370a62a0a6c664732666d1c355"`,
    );
    expect(createHash('sha256').update(people).digest('hex')).toMatchInlineSnapshot(
      `"7e48bce675ca76788d6d84cce8a7aa616033688e8a3c0584beb5e9f488d23a40"`,
    );
  });

  it('lists about 1,500 movies for the 22 branches, some of them in both genres', () => {
    const crime = YEARS.flatMap((year) => pair(80, year));
    const war = YEARS.flatMap((year) => pair(10752, year));
    expect(crime.length + war.length).toSatisfy((count: number) => count >= 1450 && count <= 1550);
    expect(new Set(crime).intersection(new Set(war)).size).toBeGreaterThan(20);
  });

  it.each([
    { genre: 80, year: 2019, kept: 250 }, // three parts
    { genre: 80, year: 2016, kept: 100 }, // one part, full
    { genre: 80, year: 2013, kept: 101 }, // one movie in the second part
    { genre: 10752, year: 2022, kept: 0 }, // listed, none kept
  ])('keeps $kept movies of genre $genre in $year', ({ genre, year, kept: count }) => {
    expect(kept(pair(genre, year))).toBe(count);
    expect(pair(genre, year).length).toBeGreaterThan(count);
  });

  it('has a branch with an empty list, although there are movies', () => {
    expect(pair(10752, 2020)).toEqual([]);
    expect(pair(10752, 2020, '').length).toBeGreaterThan(0);
  });

  it.each([
    { genre: 80, year: 2020, from: 101, to: 199 }, // two parts
    { genre: 80, year: 2021, from: 41, to: 99 }, // several pages
    { genre: 9648, year: 2022, from: 1, to: 19 }, // one page
  ])('lists $from to $to series of genre $genre in $year', ({ genre, year, from, to }) => {
    const { length } = discoveringSeries(catalogue())(
      new URLSearchParams(`with_genres=${genre}&first_air_date_year=${year}&vote_count.gte=5`),
    );
    expect(length).toBeGreaterThanOrEqual(from);
    expect(length).toBeLessThanOrEqual(to);
  });

  it.each<[string, number, (movie: Movie) => boolean]>([
    ['imdb_id null', 12.1, ({ imdb_id }) => imdb_id === null],
    ['imdb_id empty', 2.0, ({ imdb_id }) => imdb_id === ''],
    ['budget 0', 90.8, ({ budget }) => budget === 0],
    ['revenue 0', 94.3, ({ revenue }) => revenue === 0],
    ['vote_average 0', 38.0, ({ vote_average }) => vote_average === 0],
    ['release_date empty', 2.3, ({ release_date }) => release_date === ''],
  ])('has %s in %d %% of crime and war, as in the real TMDB', (_, percent, holds) => {
    const movies = catalogue().movies.filter(({ genres }) => genres.some(({ id }) => id === 80 || id === 10752));
    const share = (100 * movies.filter(holds).length) / movies.length;
    expect(Math.abs(share - percent)).toBeLessThan(0.5);
  });

  it('has equal budgets, implausible budgets, missing pictures, and texts that need escaping', () => {
    const movies = YEARS.flatMap((year) => pair(80, year)).filter(({ budget = 0 }) => budget > 0);
    expect(new Set(movies.map(({ budget }) => budget)).size).toBeLessThan(movies.length / 2);
    expect(movies.some(({ budget = 0 }) => budget < 1000)).toBe(true);
    expect(movies.some(({ poster_path }) => poster_path === null)).toBe(true);
    expect(movies.some(({ overview }) => overview?.includes('\u2028'))).toBe(true);
    expect(movies.some(({ title }) => /["\\]/.test(title) && /\p{Emoji_Presentation}/u.test(title))).toBe(true);
  });

  it.each(['pt', 'es'])('has horror in %s for 2020 to 2024', (language) => {
    const query = `with_genres=27&with_original_language=${language}&vote_count.gte=5`;
    const window = '&primary_release_date.gte=2020-01-01&primary_release_date.lte=2024-12-31';
    expect(discover(new URLSearchParams(query + window)).length).toBeGreaterThanOrEqual(40);
  });

  it('has credits of many departments, some people twice, and mostly one director', () => {
    const all = catalogue()
      .movies.slice(0, 300)
      .map(({ id }) => catalogue().creditsOf('movie', id));
    // biome-ignore lint/suspicious/noExplicitAny: people are plain objects here
    const people = (credits: any) => ({ cast: credits.cast as any[], crew: credits.crew as any[] });
    const cast = all.flatMap((credits) => people(credits).cast);
    const directors = all.map((credits) => people(credits).crew.filter(({ job }) => job === 'Director').length);

    expect(new Set(directors)).toEqual(new Set([0, 1, 2]));
    expect(directors.filter((count) => count === 1).length).toBeGreaterThan(240);
    expect(new Set(cast.map((one) => one.known_for_department))).toContain(null);
    expect(cast.some(({ character }) => character === '')).toBe(true);
    expect(all.some((credits) => new Set(people(credits).crew.map(({ id }) => id)).size < credits.crew.length)).toBe(
      true,
    );
    for (const { cast, crew } of all) {
      expect(cast.length).toSatisfy((count: number) => count >= 10 && count <= 80);
      expect(crew.length).toSatisfy((count: number) => count >= 5 && count <= 120);
    }
  });
});

describe('a catalogue from a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'catalogue-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const line = { tagline: 'é\u2028', id: 5, title: 'T', release_date: '', genres: [], runtime: 90, video: false };
  const text = (...lines: unknown[]) => `${lines.map((one) => JSON.stringify(one)).join('\n')}\n`;

  it.each(['plain.jsonl', 'zipped.jsonl.gz'])('serves the fields of %s unchanged, and softcore', async (name) => {
    const content = text(line, { ...line, id: 6, softcore: true });
    const simulator = await simulated({
      catalogue: await catalogueFrom(file(name, name.endsWith('.gz') ? gzipSync(content) : content)),
    });

    const served = await body(simulator, '/movie/5');
    expect(served).toEqual({ ...line, softcore: false });
    expect(Object.keys(served).join()).toBe('tagline,id,title,release_date,genres,runtime,softcore,video');
    expect(await body(simulator, '/movie/6')).toHaveProperty('softcore', true);
    expect(await body(simulator, '/movie/5/credits')).toEqual({ id: 5, cast: [], crew: [] });
    expect((await body(simulator, '/discover/movie')).results[0]).toMatchObject({
      id: 5,
      genre_ids: [],
      softcore: false,
    });
  });

  it("serves the file's credits only when they are requested", async () => {
    const credits = { cast: [{ id: 1, name: 'N' }], crew: [] };
    const simulator = await simulated({ catalogue: await catalogueFrom(file('c.jsonl', text({ ...line, credits }))) });

    expect(await body(simulator, '/movie/5')).not.toHaveProperty('credits');
    expect(await body(simulator, '/movie/5?append_to_response=credits')).toHaveProperty('credits', credits);
  });

  it.each([
    { why: 'not JSON', content: `${text(line)}{"id":`, says: /broken\.jsonl, line 2: not JSON/ },
    {
      why: 'not an object',
      content: text(line, line, 7),
      says: /line 3: not a movie in TMDB's format: use an object; got 7\.$/,
    },
    {
      why: 'without a title',
      content: text({ ...line, title: undefined }),
      says: /line 1: .*: title: use a text; it is missing\.$/,
    },
    {
      why: 'without genres',
      content: text({ ...line, genres: undefined }),
      says: /line 1: .*: genres: use a list; it is missing\.$/,
    },
    {
      why: 'without an id',
      content: text({ ...line, id: undefined }),
      says: /line 1: .*: id: use a number; it is missing\.$/,
    },
    {
      why: 'without a release date',
      content: text({ ...line, release_date: null }),
      says: /line 1: .*: release_date: use a text; got null\.$/,
    },
  ])('is rejected for a line that is $why, with file and line in the message', async ({ content, says }) => {
    await expect(catalogueFrom(file('broken.jsonl', content))).rejects.toThrow(says);
  });

  it.each([join(tmpdir(), 'is-not-there.jsonl'), file('no.jsonl.gz', 'not gzip')])(
    'is rejected when %s is not readable',
    async (name) => {
      await expect(catalogueFrom(name)).rejects.toThrow(`The catalogue ${name} is not readable: `);
    },
  );
});
