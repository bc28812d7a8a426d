import { execFileSync } from 'node:child_process';
import { cp, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from '../../local/deployed.ts';
import { type Database, openDatabase } from '../../local/query/database.ts';
import { asCsv, asJson, asTable } from '../../local/query/shown.ts';
import { findTables, localFiles, type Queried } from '../../local/query/table-files.ts';
import { catalogueOf } from '../../local/simulator/catalogue.ts';
import { startProgram } from './command-line.ts';
import { crimeWarOf, filesIn, quickPipeline, quickSimulator, temporaryFolder } from './running.ts';
import { catalogue, keptCredits } from './simulator/asking.ts';
import { queryInProcess } from './start-in-process.ts';

// biome-ignore lint/suspicious/noExplicitAny: records of parts
type Movie = any;
let database: Database;
let movies: Movie[];
let queries: string[];
let out: string;
let queried: Queried;
let paths: Map<string, string>;

/** A day, and a day a week before, on which TMDB had other data. */
const [DAY, WEEK_BEFORE] = ['2026-11-20', '2026-11-13'] as const;
/** A movie of a multiple of these is new on the day, has another budget, or another title. For each third one, a movie is gone. */
const [NEW, OTHER_BUDGET, OTHER_TITLE, GONE] = [7, 5, 4, 3];
const GONE_IDS = 20_000_000;
const weekBefore = () => {
  const { movies: all } = catalogue();
  const there = all
    .filter(({ id }) => id % NEW !== 0)
    .map((movie) => ({
      ...movie,
      budget: movie.budget && movie.id % OTHER_BUDGET === 0 ? movie.budget + 1 : (movie.budget ?? 0),
      // Quotes, a comma and a line break are what CSV and SQL have to escape.
      title: movie.id % OTHER_TITLE === 0 ? `It's "${movie.title}",\nabridged` : movie.title,
    }));
  const gone = there
    .filter(({ id }) => id % GONE === 0)
    .map((movie) => ({ ...movie, id: GONE_IDS + movie.id, imdb_id: `tt8${movie.id}` }));
  return catalogueOf([...there, ...gone], [], keptCredits);
};

/** The records of all parts of a day, each movie once. */
const recordsOf = async (day: string): Promise<Movie[]> => {
  const folder = join(out, 'bucket/Raw/TMDB/JSON/Movies', day.replaceAll('-', '/'));
  const parts = [...(await filesIn(folder)).values()].flatMap((body) => JSON.parse(String(body)));
  return [...new Map(parts.map((movie: Movie) => [movie.id, movie])).values()];
};

beforeAll(async () => {
  const DATASETS = await crimeWarOf(2017, 2018);
  const earlier = await quickPipeline(await quickSimulator({ catalogue: weekBefore() }), { env: { DATASETS } });
  ({ out } = earlier);
  await earlier.start({ dataset: 'crime-war', day: WEEK_BEFORE }).ended;
  await earlier.close();
  const pipeline = await quickPipeline(await quickSimulator(), { out, env: { DATASETS } });
  await pipeline.start({ dataset: 'crime-war', day: DAY }).ended;
  const place = { store: pipeline.store, shown: 'bucket' };
  queried = await findTables(place, { dataset: 'crime-war', day: undefined });
  const keys = queried.all.flatMap(({ files }) => [...files.values()].flat());
  paths = await localFiles(place, { out: pipeline.out, bucket: undefined }, keys, '');
  database = await openDatabase(queried, paths);
  const beyond = new Map(catalogue().movies.map((movie: Movie) => [movie.id, movie]));
  movies = (await recordsOf(DAY)).map((movie: Movie) => ({
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

it('answers are printed as a table, as CSV and as JSON; wrong SQL gives one sentence', async () => {
  const given = await database.ask(`SELECT 1::BIGINT AS n, 'a,"b"' AS t, NULL AS nothing`);
  expect(asTable(given)).toBe('n  t      nothing\n-  -----  -------\n1  a,"b"\n');
  expect(asCsv(given)).toBe('n,t,nothing\r\n1,"a,""b""",\r\n');
  expect(JSON.parse(asJson(given))).toEqual([{ n: 1, t: 'a,"b"', nothing: null }]);
  await expect(database.ask('SELECT * FROM nothing')).rejects.toThrow(/^The query: Catalog Error: [^\n]*$/);
});

const asked = async (sql: string, ...options: string[]) => {
  const { code, out: printed, err } = await queryInProcess([sql, '--out', out, ...options]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return printed;
};

it('npm run query prints what the parts of the day say, as CSV and as JSON; --day names another day', async () => {
  const sql = 'SELECT id, title, budget, vote_average FROM movies ORDER BY budget DESC, id';
  const [now, before] = [movies, await recordsOf(WEEK_BEFORE)].map((all) =>
    all
      .toSorted((a, b) => b.budget - a.budget || a.id - b.id)
      .map(({ id, title, budget, vote_average }) => ({ id, title, budget, vote_average })),
  );
  expect(now?.length).toBeGreaterThan(50);
  expect(await asked(sql, '--json')).toBe(`${JSON.stringify(now, null, 2)}\n`);
  const line = ({ id, title, budget, vote_average }: Movie) =>
    `${id},${/[",\n]/.test(title) ? `"${title.split('"').join('""')}"` : title},${budget},${vote_average}\r\n`;
  expect(await asked(sql, '--csv')).toBe(`id,title,budget,vote_average\r\n${now?.map(line).join('')}`);
  const csv = await asked(sql, '--csv', '--day', WEEK_BEFORE);
  expect(csv).toBe(`id,title,budget,vote_average\r\n${before?.map(line).join('')}`);
  expect(csv).toContain('"It\'s ""');
});

it('changes has the movies that are new, gone and changed, each changed field with both values; one day has none', async () => {
  const before = new Map((await recordsOf(WEEK_BEFORE)).map((movie) => [movie.id, movie]));
  const now = new Map(movies.map((movie) => [movie.id, movie]));
  const row = (change: string, { id, title }: Movie, field: string | null = null, values: unknown[] = [null, null]) =>
    JSON.stringify([DAY, WEEK_BEFORE, 'movies', change, id, title, field, ...values]);
  // Revenue and runtime are not in the parts; the movies of both days have the same.
  const fields = Object.keys([...before.values()][0]).filter((name) => typeof movies[0][name] !== 'object');
  const expected = [
    ...[...now.values()].filter(({ id }) => !before.has(id)).map((movie) => row('new', movie)),
    ...[...before.values()].filter(({ id }) => !now.has(id)).map((movie) => row('gone', movie)),
    ...[...now.values()].flatMap((movie) => {
      const old = before.get(movie.id);
      return fields
        .filter((field) => old && old[field] !== movie[field])
        .map((field) => row('changed', movie, field, [String(old[field]), String(movie[field])]));
    }),
  ];
  const counts = Map.groupBy(expected, (text) => JSON.parse(text)[3]);
  expect([...counts.keys()]).toEqual(['new', 'gone', 'changed']);
  const changes = JSON.parse(await asked('SELECT * FROM changes', '--json'));
  expect(changes.map((one: object) => JSON.stringify(Object.values(one))).toSorted()).toEqual(expected.toSorted());
  expect(
    JSON.parse(await asked(`SELECT dt, count(*) AS n FROM all_days.movies GROUP BY dt ORDER BY dt`, '--json')),
  ).toEqual([
    { dt: WEEK_BEFORE, n: before.size },
    { dt: DAY, n: now.size },
  ]);

  const oneDay = await openDatabase({ now: queried.now, all: [queried.now] }, paths);
  expect((await oneDay.ask('SELECT * FROM changes')).rows).toEqual([]);
  oneDay.close();
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

it('folders above the tables add no columns, whatever their names are', async () => {
  const folder = join(await temporaryFolder(), 'id=9', 'dt=old');
  await cp(out, folder, { recursive: true });
  const ask = async (...where: string[]) =>
    (await queryInProcess(['SELECT * FROM movies ORDER BY id', '--json', ...where])).out;
  const rows = await ask('--out', folder);
  expect(JSON.parse(rows)).toHaveLength(movies.length);
  expect(rows).toBe(await ask('--out', out));
});

it.each([
  ['SELECT 1; SELECT 2', /^The query: use one statement, .* it has 2\.$/],
  ['  ', /^The query: use one statement, .* it is empty\.$/],
  ["COPY (SELECT 1 AS id) TO '/nowhere/x.parquet'", /^The query: use a statement that reads, /],
  ["ATTACH '/nowhere/x.db' AS x", /^The query: use a statement that reads, /],
])('%s is refused with one sentence', async (sql, says) => {
  const { code, out: printed, err } = await queryInProcess([sql, '--out', out]);
  expect({ code, printed }).toEqual({ code: 2, printed: '' });
  expect(err.trimEnd()).toMatch(says);
});

it('DESCRIBE, FROM and EXPLAIN are statements that read', async () => {
  for (const sql of ['DESCRIBE movies', 'FROM movies LIMIT 1', 'EXPLAIN SELECT 1', 'WITH a AS (SELECT 1 AS x) FROM a;'])
    expect((await database.ask(sql)).rows.length).toBeGreaterThan(0);
});

it('without a complete day, the sentence names a day that is not complete', async () => {
  const { start, store } = await quickPipeline(await quickSimulator(), {
    env: { DATASETS: await crimeWarOf(2017, 2017) },
  });
  await start({ dataset: 'crime-war', day: DAY, only: ['crime-2017'] }).ended;
  const place = { store, shown: 'bucket' };
  await expect(findTables(place, { dataset: 'crime-war', day: undefined })).rejects.toThrow(
    `--day: bucket has no complete day of dataset crime-war. To ask about a day that is not complete: --day ${DAY}.`,
  );
  expect((await findTables(place, { dataset: 'crime-war', day: DAY })).now.complete).toBe(false);
});

it('Ctrl-C ends a query that does not end, and leaves no folder', async () => {
  const TMPDIR = await temporaryFolder();
  const pipe = join(await temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const { child, ended } = startProgram('local/query.ts', ['--out', out, `SELECT * FROM read_csv('${pipe}')`], {
    TMPDIR,
  });
  // It is opened when DuckDB opens it to read, and DuckDB then waits for a row.
  const writing = await Promise.race([open(pipe, 'w'), ended]);
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ signal: 'SIGINT', err: '' });
  expect((await readdir(TMPDIR)).filter((name) => name.startsWith('query-'))).toEqual([]);
  if ('close' in writing) await writing.close();
});

it('a table that is missing or damaged ends with one sentence that names its file', async () => {
  const [key = ''] = queried.now.files.get('movies') ?? [];
  const openWith = (path: string) => openDatabase(queried, new Map([...paths, [key, path]]));
  const damaged = join(await temporaryFolder(), 'damaged.parquet');
  await writeFile(damaged, 'PAR1 and nothing else');
  await expect(openWith(damaged)).rejects.toThrow(
    new RegExp(
      `^A table can't be read: [^\\n]*${damaged}[^\\n]* npm run verify\\. [^\\n]* npm start -- --reshape ${DAY}$`,
    ),
  );
  await expect(openWith('/nowhere/movies.parquet')).rejects.toThrow(
    /^A table can't be read: [^\n]*\/nowhere\/movies\.parquet/,
  );
});
