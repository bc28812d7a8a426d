import type { Dataset } from '../datasets/dataset.ts';
import { numberText, parseKeepingNumbers } from '../json-text.ts';
import type { ScratchFile } from '../raw-zone/scratch-file.ts';
import { type Drift, type DriftCounter, driftCounter } from './drift.ts';
import { genreRows } from './genres.ts';
import { type ParquetFile, parquetFiles } from './parquet-file.ts';
import { GENRES_TABLE, type ListTable, schemaOf, type TablesSchema } from './schema.ts';
import type { Media } from './tmdb-fields.ts';
import type { Value } from './values.ts';

type Facts = Readonly<Record<string, unknown>>;

/** The branch whose rows are written. */
export interface BranchOfTables {
  branch: string;
  settings: Pick<Dataset, 'record' | 'output'>;
  media: Media;
  /** The branches that list the same movies, each with its genre, in the dataset's order. Empty: no other branch does. */
  owners: readonly { genreId: number; branch: string }[];
}

/** One file of a branch, before it is in the bucket. */
export interface TableBody extends ParquetFile {
  table: string;
  /** From 1: a table of more than some megabytes has several files. */
  number: number;
  /** Whether the file is the same for every branch. */
  isOfAllBranches: boolean;
}

/** The tables of one branch. The records come in the order of the parts, so the same records give the same bytes. */
export interface BranchTables {
  /** Name of the table with a row for each movie. */
  main: string;
  /**
   * The branch that has a movie's rows: that of the first planned genre which the movie has. A movie of two genres is in
   * the parts of both branches, and must be counted once.
   *
   * @param facts The fields of the record, of the list item and of the details.
   */
  ownerOf(facts: Facts): string;
  /** JSON of the fields of the details that the tables have and the record has not; undefined: there are none. */
  beyondRecord(details: Facts | undefined): string | undefined;
  /**
   * Adds the rows of one movie.
   *
   * @param record The text of its record.
   * @param beyond What beyondRecord returned for it.
   */
  add(id: number, record: string, beyond: string | undefined): Promise<void>;
  /** Finishes the files one after the other: only one at a time is in memory. */
  files(): AsyncGenerator<TableBody>;
  drift(): Drift[];
}

export type OpenTables = (branch: BranchOfTables, scratch: ScratchFile) => BranchTables;

export const openTables: OpenTables = ({ branch, settings, media, owners }, scratch) => {
  const schema = schemaOf(settings, media);
  const drift = driftCounter();
  const main = parquetFiles(schema.main, scratch);
  const rowOf = mainRow(schema, drift);
  const lists = schema.lists.map((table) => ({
    ...listRows(table, drift),
    table,
    files: parquetFiles(table, scratch),
  }));
  const known = new Set([...schema.main.scalars.map(({ path }) => path[0]), ...schema.lists.map(({ field }) => field)]);

  return {
    main: schema.main.name,
    ownerOf: (facts) => {
      const has = new Set(genreIdsOf(facts));
      return owners.find((one) => one.branch === branch || has.has(one.genreId))?.branch ?? branch;
    },
    beyondRecord: (details) =>
      schema.beyondRecord.length && details
        ? JSON.stringify(Object.fromEntries(schema.beyondRecord.map((name) => [name, details[name]])))
        : undefined,
    add: async (id, text, beyond) => {
      const record = parseKeepingNumbers(text) as Facts;
      drift.unknown(record, known, '');
      const facts = beyond === undefined ? record : { ...(parseKeepingNumbers(beyond) as Facts), ...record };
      const key = BigInt(id);
      await main.add(rowOf(key, facts));
      for (const { files, rows } of lists) for (const row of rows(key, facts)) await files.add(row);
    },
    files: async function* () {
      const genres = schema.hasGenres ? [{ table: GENRES_TABLE, files: await genresFiles(scratch) }] : [];
      for (const { table, files } of [{ table: schema.main, files: main }, ...lists, ...genres]) {
        let number = 0;
        for await (const file of files.finish()) {
          number += 1;
          yield { table: table.name, number, isOfAllBranches: table === GENRES_TABLE, ...file };
        }
      }
    },
    drift: drift.all,
  };
};

const genresFiles = async (scratch: ScratchFile) => {
  const files = parquetFiles(GENRES_TABLE, scratch);
  for (const row of genreRows()) await files.add(row);
  return files;
};

/** TMDB has the ids in `genre_ids` of a list's item, and in `genres` of the details. */
const genreIdsOf = ({ genre_ids, genres }: Facts): unknown[] => [
  ...(Array.isArray(genre_ids) ? genre_ids : []),
  ...(Array.isArray(genres) ? genres.map((one) => one?.id) : []),
];

const isObject = (value: unknown): value is Facts =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const mainRow = ({ main: { scalars } }: TablesSchema, drift: DriftCounter) => {
  const inner = Map.groupBy(
    scalars.filter(({ path }) => path.length === 2),
    ({ path }) => path[0],
  );
  const known = new Map([...inner].map(([field, all]) => [field, new Set(all.map(({ path }) => path[1] ?? ''))]));
  return (id: bigint, facts: Facts): Value[] => {
    for (const [field, names] of known) {
      const object = facts[field];
      if (isObject(object)) drift.unknown(object, names, `${field}.`);
      else if (object !== null && object !== undefined) drift.misfit(object, 'object', field);
    }
    return scalars.map(({ type, isId, path: [field, name] }) => {
      if (field === 'id') return id;
      if (name === undefined) {
        const value = facts[field];
        return drift.fit(isId ? (numberText(value) ?? value) : value, type, field);
      }
      const object = facts[field];
      return isObject(object) ? drift.fit(object[name], type, `${field}.${name}`) : null;
    });
  };
};

const listRows = ({ field, elements, hasShares }: ListTable, drift: DriftCounter) => {
  const known = new Set(elements.flatMap(({ from }) => from ?? []));
  const ofObjects = known.size > 0;
  const nothing = elements.map(() => null);

  const valuesOf = (element: unknown): Value[] => {
    if (!ofObjects) return elements.map(({ type }) => drift.fit(element, type, field));
    if (!isObject(element)) {
      if (element !== null && element !== undefined) drift.misfit(element, 'object', field);
      return nothing;
    }
    drift.unknown(element, known, `${field}.`);
    return elements.map(({ type, from = '' }) => drift.fit(element[from], type, `${field}.${from}`));
  };

  return {
    rows: (key: bigint, facts: Facts): Value[][] => {
      const list = facts[field];
      if (list !== null && list !== undefined && !Array.isArray(list)) drift.misfit(list, 'list', field);
      const all: readonly unknown[] = Array.isArray(list) ? list : [];
      if (hasShares && all.length === 0) return [[key, null, ...nothing, 1]];
      const share = hasShares ? [1 / all.length] : [];
      return all.map((element, at) => [key, BigInt(at + 1), ...valuesOf(element), ...share]);
    },
  };
};
