import { type Dataset, hasTables } from '../datasets/dataset.ts';
import type { Column, ColumnType, Table } from './column.ts';
import {
  DETAILS_FIELDS,
  type DeclaredField,
  type Fields,
  LISTED_FIELDS,
  type Media,
  PEOPLE_FIELDS,
} from './tmdb-fields.ts';

/*
 * The tables of a dataset follow from its file and from the types of TMDB's fields, never from data. So a day has the
 * same columns whatever TMDB sent on it.
 *
 * The scalars of the record are the columns of `movies` (or `series`), and each of its lists is a table.
 */

/** A column of the table with a row for each movie, and where its value is. */
export interface ScalarColumn extends Column {
  /** A field of the record, or a field of an object in it. */
  path: readonly [field: string] | readonly [field: string, inner: string];
  /** An id that was asked for: TMDB's number or an IMDb id. It is a text in either case. */
  isId?: boolean;
}

/** A table with a row for each element of a list. */
export interface ListTable extends Table {
  /** The list in the record. */
  field: string;
  /**
   * The columns of an element. Where `from` is undefined, the element itself is the value.
   */
  elements: readonly (Column & { from: string | undefined })[];
  /**
   * Whether rows have a share: 1/n for each of n elements. A movie without any has one row, without an element and with
   * the share 1. So a sum over the table, weighted by share, equals the sum over the movies.
   */
  hasShares: boolean;
}

export interface TablesSchema {
  /** The table with a row for each movie or series. */
  main: Table & { scalars: readonly ScalarColumn[] };
  lists: readonly ListTable[];
  /** Whether the dataset has a table of genres, because a list of it has their ids. */
  hasGenres: boolean;
  /** Fields of the details that the tables have and the record has not. */
  beyondRecord: readonly string[];
}

const NAMES = { movie: { all: 'movies', one: 'movie' }, tv: { all: 'series', one: 'series' } } as const;

/** Names of list tables that are not the field's own name. */
const LIST_NAMES: Readonly<Record<string, string>> = {
  actors: 'cast',
  genre_ids: 'genres',
  origin_country: 'countries',
};

export const GENRES_TABLE: Table = {
  name: 'genres',
  columns: [
    { name: 'id', type: 'BIGINT' },
    { name: 'name', type: 'VARCHAR' },
    { name: 'name_pt', type: 'VARCHAR' },
  ],
};

/** The tables of a dataset's movies or series. */
export const schemaOf = ({ record, output }: Pick<Dataset, 'record' | 'output'>, media: Media): TablesSchema => {
  const beyondRecord = typeof output.tables === 'object' ? output.tables.with : [];
  const fields = fieldsOf(record, beyondRecord, media);
  const { all, one } = NAMES[media];
  const scalars: ScalarColumn[] = [{ name: 'id', type: 'BIGINT', path: ['id'] }];
  const lists: ListTable[] = [];
  for (const [field, declared] of fields) {
    if (field === 'id') continue;
    if (typeof declared === 'string')
      scalars.push({ name: field, type: declared, path: [field], isId: record.with[field]?.from === 'asked' });
    else if ('object' in declared)
      for (const [inner, type] of Object.entries(declared.object))
        scalars.push({ name: `${field}_${inner}`, type, path: [field, inner] });
    else
      lists.push(listTable(field, declared, `${one}_${listName(field, fields)}`, `${one}_id`, isPeople(record, field)));
  }
  return {
    main: { name: all, columns: columnsOf(scalars), scalars },
    lists,
    hasGenres: lists.some(({ columns }) => columns.some(({ name }) => name === 'genre_id')),
    beyondRecord,
  };
};

/** All tables of a dataset, as its readers see them. @param media What its branches are of. */
export const tablesOf = (dataset: Pick<Dataset, 'record' | 'output'>, media: readonly Media[]): Table[] => {
  if (!hasTables(dataset)) return [];
  const schemas = media.map((one) => schemaOf(dataset, one));
  return [
    ...schemas.flatMap(({ main, lists }) => [main, ...lists].map(({ name, columns }) => ({ name, columns }))),
    ...(schemas.some(({ hasGenres }) => hasGenres) ? [GENRES_TABLE] : []),
  ];
};

/** The declared fields of a dataset's records, and of the details beyond them. Fields without a declared type are not there. */
const fieldsOf = (
  { from, without, with: added, peopleWithout }: Dataset['record'],
  beyondRecord: readonly string[],
  media: Media,
): Map<string, DeclaredField> => {
  const people = (kind: 'cast' | 'crew', removed: readonly string[]): DeclaredField => ({
    listOf: omit(PEOPLE_FIELDS[kind][media], removed),
    id: 'person_id',
  });
  const base: Readonly<Record<string, DeclaredField>> = {
    listed: LISTED_FIELDS[media],
    details: DETAILS_FIELDS[media],
    credits: { cast: people('cast', []), crew: people('crew', []) },
  }[from];
  const fields = new Map(Object.entries(omit(base, [...without, ...Object.keys(added)])));
  const put = (name: string, declared: DeclaredField | undefined) => declared && fields.set(name, declared);
  for (const [name, how] of Object.entries(added)) {
    if (how.from === 'details') put(name, DETAILS_FIELDS[media][name]);
    // TMDB's id or an IMDb id, as the source has it.
    else if (how.from === 'asked') put(name, 'VARCHAR');
    else put(name, people(how.from, peopleWithout));
  }
  for (const name of beyondRecord) if (!fields.has(name)) put(name, DETAILS_FIELDS[media][name]);
  return fields;
};

const omit = <Value>(fields: Readonly<Record<string, Value>>, removed: readonly string[]): Record<string, Value> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !removed.includes(name)));

const isPeople = ({ from, with: added }: Dataset['record'], field: string): boolean => {
  const how = added[field]?.from;
  // Fields of the credits, and not those that the tables have beyond the record.
  if (how === undefined) return from === 'credits' && (field === 'cast' || field === 'crew');
  return how === 'cast' || how === 'crew';
};

/** `genre_ids` makes `movie_genres`, unless the record also has `genres`. */
const listName = (field: string, fields: ReadonlyMap<string, unknown>): string => {
  const name = LIST_NAMES[field] ?? field;
  return name !== field && fields.has(name) ? field : name;
};

const listTable = (
  field: string,
  declared: Extract<DeclaredField, { list: ColumnType } | { listOf: Fields }>,
  name: string,
  key: string,
  ofPeople: boolean,
): ListTable => {
  const elements =
    'list' in declared
      ? [{ name: declared.column, type: declared.list, from: undefined }]
      : Object.entries(declared.listOf)
          .map(([from, type]) => ({ name: elementName(from, declared.id), type, from }))
          // The id first, as in the other tables.
          .toSorted((a, b) => Number(b.from === 'id') - Number(a.from === 'id'));
  return {
    name,
    field,
    elements,
    hasShares: !ofPeople,
    columns: [
      { name: key, type: 'BIGINT' },
      { name: 'position', type: 'BIGINT' },
      ...columnsOf(elements),
      ...(ofPeople ? [] : [{ name: 'share', type: 'DOUBLE' } as const]),
    ],
  };
};

/** The field `order` of people would have to be quoted in every query. */
const elementName = (from: string, id = 'id'): string =>
  from === 'id' ? id : from === 'order' ? 'credit_order' : from;

const columnsOf = (columns: readonly Column[]): Column[] => columns.map(({ name, type }) => ({ name, type }));
