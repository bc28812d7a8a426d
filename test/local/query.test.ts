import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from '../../local/deployed.ts';
import { type Database, openDatabase } from '../../local/query/database.ts';
import { asCsv, asJson, asTable } from '../../local/query/shown.ts';
import { findTables, localFiles } from '../../local/query/table-files.ts';
import { crimeWarOf, filesIn, quickPipeline, quickSimulator } from './running.ts';
import { catalogue } from './simulator/asking.ts';

// biome-ignore lint/suspicious/noExplicitAny: records of parts
type Movie = any;
let database: Database;
let movies: Movie[];
let queries: string[];
beforeAll(async () => {
  const pipeline = await quickPipeline(await quickSimulator(), { env: { DATASETS: await crimeWarOf(2017, 2018) } });
  await pipeline.start({ dataset: 'crime-war', day: '2026-11-20' }).ended;
  const place = { store: pipeline.store, shown: 'bucket' };
  const queried = await findTables(place, { dataset: 'crime-war', day: undefined });
  const keys = [...queried.now.files.values()].flat();
  database = await openDatabase(queried, await localFiles(place, { out: pipeline.out, bucket: undefined }, keys, ''));
  const parts = [...(await filesIn(join(pipeline.bucket, 'Raw'))).values()].flatMap((body) => JSON.parse(String(body)));
  const beyond = new Map(catalogue().movies.map((movie: Movie) => [movie.id, movie]));
  movies = [...new Map(parts.map((movie: Movie) => [movie.id, movie])).values()].map((movie: Movie) => ({
    ...movie,
    revenue: beyond.get(movie.id)?.revenue,
    runtime: beyond.get(movie.id)?.runtime,
  }));
  const text = await readFile(join(ROOT, 'docs/questions.md'), 'utf8');
  queries = [...text.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql = '']) => sql);
});
afterAll(() => database.close());

const answer = async (index: number) => (await database.ask(queries[index] ?? '')).rows;
const mean = (all: Movie[], field: string) => all.reduce((sum, movie) => sum + movie[field], 0) / all.length;
const yearOf = ({ release_date }: Movie) => Number(release_date.slice(0, 4));

it('budget and votes by genre and year: shares add up to the budgets of all movies', async () => {
  const rows = await answer(0);
  const total = rows.reduce((sum, [, , budget]) => sum + Number(budget), 0);
  const all = movies.filter(({ genre_ids }) => genre_ids.length > 0);
  expect(total).toBeCloseTo(
    all.reduce((sum, { budget }) => sum + budget, 0),
    0,
  );
  const crime = movies.filter((movie) => movie.genre_ids.includes(80) && yearOf(movie) === 2017);
  const row = rows.find(([year, genre]) => year === 2017 && genre === 'Crime');
  expect(row?.[3]).toBe(crime.length);
  expect(row?.[4]).toBeCloseTo(mean(crime, 'vote_average'), 2);
});

it('the most expensive crime films, with their countries, directors and actors', async () => {
  const top = movies
    .filter(({ genre_ids }) => genre_ids.includes(80))
    .sort((a, b) => b.budget - a.budget || a.id - b.id);
  const names = (people: Movie[]) => (people.length ? people.map(({ name }) => name) : null);
  expect(await answer(1)).toEqual(
    top
      .slice(0, 10)
      .map(({ id, title, budget, origin_country, directors, actors }) => [
        id,
        title,
        budget,
        origin_country.length ? origin_country : null,
        names(directors),
        names(actors),
      ]),
  );
});

it('the year with the best average vote, the highest-grossing films, and long films', async () => {
  const years = [...Map.groupBy(movies, yearOf)].sort(
    ([, a], [, b]) => mean(b, 'vote_average') - mean(a, 'vote_average'),
  );
  expect((await answer(2))[0]?.[0]).toBe(years[0]?.[0]);
  const earning = movies.filter(({ revenue }) => revenue > 0).sort((a, b) => b.revenue - a.revenue || a.id - b.id);
  expect(earning.length).toBeGreaterThan(0);
  expect(await answer(3)).toEqual(
    earning.slice(0, 10).map(({ id, title, revenue, budget }) => [id, title, revenue, budget, revenue - budget]),
  );
  const timed = movies.filter(({ runtime }) => runtime > 0);
  const [short, long] = [timed.filter(({ runtime }) => runtime <= 120), timed.filter(({ runtime }) => runtime > 120)];
  expect((await answer(4)).map(([isLong, count]) => [isLong, count])).toEqual([
    [false, short.length],
    [true, long.length],
  ]);
});

it('the actors of the best rated film and their films', async () => {
  const [best] = movies.toSorted(
    (a, b) => b.vote_average - a.vote_average || b.vote_count - a.vote_count || a.id - b.id,
  );
  const ids = new Set(best.actors.map(({ id }: Movie) => id));
  const pairs = movies.flatMap((movie) =>
    [...new Set<number>(movie.actors.map(({ id }: Movie) => id))].flatMap((id) =>
      ids.has(id) ? [[id, movie.id]] : [],
    ),
  );
  expect((await answer(5)).map(([person, id]) => [person, id])).toEqual(
    pairs.toSorted(([a = 0, x = 0], [b = 0, y = 0]) => a - b || x - y),
  );
});

it('answers are printed as a table, as CSV and as JSON; wrong SQL gives one sentence; one day has no changes', async () => {
  const given = await database.ask(`SELECT 1::BIGINT AS n, 'a,"b"' AS t, NULL AS nothing`);
  expect(asTable(given)).toBe('n  t      nothing\n-  -----  -------\n1  a,"b"\n');
  expect(asCsv(given)).toBe('n,t,nothing\r\n1,"a,""b""",\r\n');
  expect(JSON.parse(asJson(given))).toEqual([{ n: 1, t: 'a,"b"', nothing: null }]);
  await expect(database.ask('SELECT * FROM nothing')).rejects.toThrow(/^The query: Catalog Error: [^\n]*$/);
  expect((await database.ask('SELECT * FROM changes')).rows).toEqual([]);
});

it('an answer keeps large decimals, both columns of one name, and 200,000 rows', async () => {
  const decimals = await database.ask('SELECT 12345678901234567890.12::DECIMAL(38, 2), 1.50::DECIMAL(9, 2)');
  expect(decimals.rows).toEqual([['12345678901234567890.12', 1.5]]);
  expect(JSON.parse(asJson(await database.ask('SELECT 1 AS id, 2 AS id')))).toEqual([{ id: 1, 'id:1': 2 }]);
  const rows = Array.from({ length: 200_000 }, (_, at) => [at]);
  expect(asTable({ columns: [{ name: 'n', type: 'BIGINT' }], rows }).split('\n')).toHaveLength(200_003);
});

it('a printed title cannot control the terminal', () => {
  expect(asTable({ columns: [{ name: 'title', type: 'VARCHAR' }], rows: [['\u001b[2JHeat\u009b\n']] })).toBe(
    'title\n---------\n [2JHeat\n',
  );
});
