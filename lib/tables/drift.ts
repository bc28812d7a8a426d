import type { ColumnType } from './column.ts';
import { fitted, type Value } from './values.ts';

/** A field that is not as its tables declare it. */
export interface Drift {
  /** Its name in the record; `actors.name` for a field of a list's elements. */
  field: string;
  /** The declared type that values don't fit; undefined for a field without a declared type. */
  type?: ColumnType | 'list' | 'object';
  /** Values that are in no column. */
  values: number;
  /** The first of them in JSON, at most 80 characters. */
  example: string;
}

export interface DriftCounter {
  /** The value as the column takes it; null, and counted, where it does not fit. */
  fit(value: unknown, type: ColumnType, field: string): Value;
  /** Counts a value that does not fit. */
  misfit(value: unknown, type: NonNullable<Drift['type']>, field: string): void;
  /** Counts the fields of an object that have a value and no declared type. */
  unknown(object: Readonly<Record<string, unknown>>, known: ReadonlySet<string>, prefix: string): void;
  all(): Drift[];
}

const EXAMPLE_LENGTH = 80;

/** Fields that one branch reports. More of them say no more: TMDB's answers have another form then. */
const MOST_FIELDS = 100;

export const driftCounter = (): DriftCounter => {
  const found = new Map<string, Drift>();
  const count = (value: unknown, field: string, type: Drift['type']) => {
    const key = `${field} ${type}`;
    const one = found.get(key);
    if (one) one.values += 1;
    else if (found.size < MOST_FIELDS)
      found.set(key, {
        field,
        ...(type && { type }),
        values: 1,
        example: JSON.stringify(value).slice(0, EXAMPLE_LENGTH),
      });
  };
  return {
    fit: (value, type, field) => {
      const fit = fitted(value, type);
      if (fit === undefined) count(value, field, type);
      return fit ?? null;
    },
    misfit: (value, type, field) => count(value, field, type),
    unknown: (object, known, prefix) => {
      for (const name in object)
        if (!known.has(name) && object[name] !== null && object[name] !== undefined)
          count(object[name], `${prefix}${name}`, undefined);
    },
    all: () => [...found.values()].toSorted((a, b) => (a.field < b.field ? -1 : a.field > b.field ? 1 : 0)),
  };
};
