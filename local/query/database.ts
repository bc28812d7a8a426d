import { type DuckDBConnection, DuckDBInstance, type Json, StatementType } from '@duckdb/node-api';
import { BadInputError } from '../../lib/parse.ts';
import { BucketError } from '../inspect/bucket-error.ts';
import type { Queried } from './table-files.ts';

/** The answer of a query. The second column of one name has another: `id:1`. */
export interface Answer {
  columns: { name: string; type: string }[];
  rows: Json[][];
}

export interface Database {
  /** @throws {BadInputError} DuckDB refuses the SQL, or it is not one statement that reads. */
  ask(sql: string): Promise<Answer>;
  close(): void;
}

/** DuckDB's message on one line. */
const sentence = (error: unknown): string => (error as Error).message.replaceAll(/\s*\n\s*/g, ' ').slice(0, 500);

/**
 * Opens the tables in DuckDB, in memory: those of the day by their names, those of all days in the schema `all_days`, and
 * the view `changes`.
 *
 * @param pathOf Path of a file, by its key. Files without one are left out.
 * @throws {BucketError} A file of a table is missing or damaged.
 */
export const openDatabase = async ({ now, all }: Queried, pathOf: ReadonlyMap<string, string>): Promise<Database> => {
  // DuckDB would fetch extensions from the internet. All that the tables need is built in.
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  const close = () => {
    connection.closeSync();
    instance.closeSync();
  };
  try {
    await connection.run('CREATE SCHEMA all_days');
    const view = async (name: string, table: string, days: Queried['all']) => {
      const selects = days.flatMap(({ day, files }) => {
        const paths = (files.get(table) ?? []).flatMap((key) => pathOf.get(key) ?? []);
        return paths.length > 0 ? [`SELECT *, DATE '${day}' AS dt FROM ${filesOf(paths)}`] : [];
      });
      if (selects.length > 0)
        await connection.run(
          `CREATE VIEW ${name} AS SELECT * EXCLUDE (dt), dt FROM (${selects.join(' UNION ALL BY NAME ')})`,
        );
    };
    for (const table of now.files.keys()) await view(quotedName(table), table, [now]);
    const tables = [...new Set(all.flatMap(({ files }) => [...files.keys()]))];
    for (const table of tables) await view(`all_days.${quotedName(table)}`, table, all);
    const changes = await changesOf({ now, all }, connection);
    if (changes) await connection.run(`CREATE VIEW changes AS ${changes}`);
  } catch (error) {
    close();
    throw new BucketError(
      `A table can't be read: ${sentence(error)} To see what is damaged: npm run verify. To write the day again: npm start -- --reshape ${now.day}`,
      { cause: error },
    );
  }
  return {
    ask: async (sql) => {
      try {
        return await ask(connection, sql);
      } catch (error) {
        if (error instanceof BadInputError) throw error;
        // DuckDB's. The lines after the first one show the place in the query.
        throw new BadInputError(`The query: ${sentence(error)}`);
      }
    },
    close,
  };
};

/** Statements that only read. COPY and ATTACH could write to the files of the bucket. */
const READING: readonly StatementType[] = [StatementType.SELECT, StatementType.EXPLAIN];

const ask = async (connection: DuckDBConnection, sql: string): Promise<Answer> => {
  const statements = sql.trim() ? await connection.extractStatements(sql) : undefined;
  if (statements?.count !== 1)
    throw new BadInputError(
      `The query: use one statement, such as "SELECT * FROM movies"; it ${statements ? `has ${statements.count}` : 'is empty'}.`,
    );
  const statement = await statements.prepare(0);
  if (!READING.includes(statement.statementType))
    throw new BadInputError(
      'The query: use a statement that reads, such as SELECT, DESCRIBE or EXPLAIN. To write the answer to a file: --csv or --json, and > FILE.',
    );
  const reader = await statement.runAndReadAll();
  const types = reader.columnTypes().map(String);
  return {
    columns: reader.deduplicatedColumnNames().map((name, index) => ({ name, type: types[index] ?? '' })),
    rows: reader.getRowsJson().map((row) => row.map((value, index) => numbered(value, types[index] ?? ''))),
  };
};

/** DuckDB's JSON has texts for integers of 64 bits and for decimals. They become numbers where a number holds them. */
const numbered = (value: Json, type: string): Json => {
  if (typeof value !== 'string' || !/^(U?BIGINT|U?HUGEINT|DECIMAL.*)$/.test(type)) return value;
  const number = Number(value);
  return (value.includes('.') ? isExact(value) : Number.isSafeInteger(number)) ? number : value;
};

/** A number of JavaScript holds every decimal of 15 digits. */
const isExact = (decimal: string): boolean => decimal.replaceAll(/^[-0.]+|\./g, '').length <= 15;

export const quotedName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const quotedText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The rows of files, without Hive partitioning: with it, a folder above them that is called `id=9` would be a column. */
const filesOf = (paths: readonly string[]): string => {
  // In a folder's name, these are no pattern.
  const exact = paths.map((path) => quotedText(path.replaceAll(/[*?[]/g, '[$&]')));
  return `read_parquet([${exact.join(', ')}], union_by_name = true, hive_partitioning = false)`;
};

/**
 * What is new, gone and changed from each day to the next: a row for each movie that is new or gone, and for each column
 * of a movie that changed.
 */
const changesOf = async ({ all }: Queried, connection: DuckDBConnection): Promise<string | undefined> => {
  const pairs = all.slice(1).map(({ day }, index) => `(DATE '${day}', DATE '${all[index]?.day}')`);
  const selects: string[] = [];
  for (const main of new Set(all.flatMap(({ mains }) => mains))) {
    const columns = await columnsOf(connection, main);
    if (columns.length === 0) continue;
    const from = `all_days.${quotedName(main)}`;
    const title = columns.find((name) => name === 'title' || name === 'name');
    const select = (change: string, of: 'a' | 'b', field = 'NULL', before = 'NULL', after = 'NULL') =>
      `SELECT days.dt, days.before AS since, ${quotedText(main)} AS of, '${change}' AS change, ${of}.id, ${title ? `${of}.${title}` : 'NULL'} AS title, ${field} AS field, ${before} AS before, ${after} AS after FROM days`;
    // Without a pair of days, the view has its columns and no row.
    selects.push(
      `${select('new', 'a')} JOIN ${from} a ON a.dt = days.dt ANTI JOIN ${from} b ON b.dt = days.before AND b.id = a.id`,
      `${select('gone', 'b')} JOIN ${from} b ON b.dt = days.before ANTI JOIN ${from} a ON a.dt = days.dt AND a.id = b.id`,
      ...columns
        .filter((name) => name !== 'id' && name !== 'dt')
        .map(
          (name) =>
            `${select('changed', 'a', quotedText(name), `b.${quotedName(name)}::VARCHAR`, `a.${quotedName(name)}::VARCHAR`)} JOIN ${from} a ON a.dt = days.dt JOIN ${from} b ON b.dt = days.before AND b.id = a.id WHERE a.${quotedName(name)} IS DISTINCT FROM b.${quotedName(name)}`,
        ),
    );
  }
  if (selects.length === 0) return undefined;
  const days = pairs.length
    ? `SELECT * FROM (VALUES ${pairs.join(', ')}) AS pairs(dt, before)`
    : 'SELECT NULL::DATE AS dt, NULL::DATE AS before WHERE false';
  return `WITH days AS (${days}) ${selects.join(' UNION ALL ')}`;
};

const columnsOf = async (connection: DuckDBConnection, table: string): Promise<string[]> => {
  const { rows } = await ask(
    connection,
    `SELECT column_name FROM information_schema.columns WHERE table_schema = 'all_days' AND table_name = ${quotedText(table)} ORDER BY ordinal_position`,
  );
  return rows.map(([name]) => String(name));
};
