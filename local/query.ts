import { randomUUID } from 'node:crypto';
import { realpathSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BadInputError } from '../lib/parse.ts';
import { ROOT } from './deployed.ts';
import { exitWith } from './exit-code.ts';
import { INSPECT_USAGE, type InspectOptions, readInspectOptions } from './inspect/options.ts';
import { openPlace, reading } from './inspect/place.ts';
import { type Database, openDatabase, quotedName } from './query/database.ts';
import { asCsv, asJson, asTable } from './query/shown.ts';
import { findTables, localFiles, type Queried } from './query/table-files.ts';
import { onStopSignal } from './stop-signals.ts';
import { withHelp } from './with-help.ts';

const USAGE = `npm run query [-- "SELECT ..." options]          ask DuckDB about the tables of a day

${INSPECT_USAGE.replace('the day (the newest)', 'the day (the newest complete one)')}  --csv               print CSV

Without SQL, it lists the tables: columns, number of rows, three rows. Besides the tables of the day, there are those of all
complete days (all_days.movies, with the column dt), and changes: what is new, gone and changed from each day to the next.
It reads the bucket and writes nothing to it. docs/questions.md has queries.
Exit codes: 0 answered, 1 the tables can't be read, 2 wrong usage or wrong SQL.
`;

const COMMAND = 'npm run query';

/** `npm run query`: prints the answer of a query over a dataset's tables. Returns the exit code. */
export const main = withHelp(USAGE, async (argv, env) => {
  const { options, values, words } = readInspectOptions(COMMAND, { csv: { type: 'boolean' } }, argv, env);
  const [sql, ...more] = words;
  if (more.length > 0)
    throw new BadInputError(`The query has ${words.length} words for the shell: put it into quotation marks.`);
  if (values.csv && options.json) throw new BadInputError('--csv and --json name two formats: leave one of them out.');
  if (values.csv && sql === undefined)
    throw new BadInputError('--csv: use it with a query; the list of tables has no CSV.');

  const copies = join(tmpdir(), `query-${randomUUID()}`);
  const remove = () => rmSync(copies, { recursive: true, force: true });
  // process.exit would wait for the query. The signal ends the process, because nobody listens to it any more.
  const stopListening = onStopSignal(remove, (_, signal) => process.kill(process.pid, signal));
  try {
    await mkdir(copies, { mode: 0o700 });
    const { database, queried } = await reading(options, async () => openTables(options, sql, copies, env));
    try {
      if (!queried.now.complete)
        process.stderr.write(
          `${options.dataset}, ${queried.now.day}, is not complete: some branches may be missing.\n`,
        );
      if (sql === undefined) {
        const tables = await listed(queried, database);
        process.stdout.write(
          options.json ? `${JSON.stringify(tables, null, 2)}\n` : overview(options, queried, tables),
        );
        return 0;
      }
      const answer = await database.ask(sql);
      process.stdout.write(options.json ? asJson(answer) : values.csv ? asCsv(answer) : asTable(answer));
      return 0;
    } finally {
      database.close();
    }
  } finally {
    stopListening();
    remove();
  }
});

const openTables = async (
  options: InspectOptions,
  sql: string | undefined,
  copies: string,
  env: NodeJS.ProcessEnv,
): Promise<{ database: Database; queried: Queried }> => {
  const place = openPlace(options, env);
  const queried = await findTables(place, options);
  const { now, all } = queried;
  const mentions = (word: string) => sql !== undefined && new RegExp(`\\b${word}\\b`, 'i').test(sql);
  // Of a bucket in AWS, only what the query reads is downloaded: the other days only if it names them.
  const days = options.bucket === undefined || mentions('all_days') || mentions('changes') ? all : [now];
  const keys = days.flatMap(({ files }) => [...files.values()].flat());
  return { queried, database: await openDatabase(queried, await localFiles(place, options, keys, copies)) };
};

interface ListedTable {
  table: string;
  rows: number;
  columns: { name: string; type: string }[];
  sample: Record<string, unknown>[];
}

const listed = async ({ now }: Queried, database: Database): Promise<ListedTable[]> => {
  const tables: ListedTable[] = [];
  for (const table of now.files.keys()) {
    const name = quotedName(table);
    const { rows } = await database.ask(`SELECT count(*) FROM ${name}`);
    const { columns, rows: sample } = await database.ask(`SELECT * FROM ${name} ORDER BY ALL LIMIT 3`);
    tables.push({
      table,
      rows: Number(rows[0]?.[0]),
      columns,
      sample: sample.map((row) => Object.fromEntries(columns.map((column, index) => [column.name, row[index]]))),
    });
  }
  return tables;
};

const overview = ({ dataset }: InspectOptions, { now, all }: Queried, tables: readonly ListedTable[]): string => {
  const texts = tables.map(({ table, rows, columns, sample }) => {
    const names = columns.map(({ name, type }) => `${name} ${type}`).join(', ');
    const cells = sample.map((row) => columns.map(({ name }) => row[name] as never));
    return `${table}: ${rows} ${rows === 1 ? 'row' : 'rows'}\n${names}\n\n${asTable({ columns, rows: cells })}`;
  });
  const days = `${all.length} ${all.length === 1 ? 'day' : 'days'}`;
  return [
    `${dataset}, ${now.day}\n`,
    ...texts,
    `all_days.${now.mains[0]} and so on: the same tables of ${days}, ${all[0]?.day} to ${all.at(-1)?.day}; dt is the day.`,
    'changes: what is new, gone and changed from each day to the next (dt, since, of, change, id, title, field, before, after).',
    `To ask: ${COMMAND} -- "SELECT count(*) FROM ${now.mains[0]}"`,
    '',
  ].join('\n');
};

// Tests import this file and call main.
if (realpathSync(process.argv[1] ?? ROOT) === import.meta.filename) await exitWith(main);
