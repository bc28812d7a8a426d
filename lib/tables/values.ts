import { numberOf, numberText } from '../json-text.ts';
import type { ColumnType } from './column.ts';

/** A value as a Parquet column takes it; a DATE is the number of days since 1970. */
export type Value = bigint | number | boolean | string | null;

/**
 * A value of a record as the value of a column.
 *
 * Nothing is guessed: a value of another type is not converted. But 7.0 is a whole number, and so is 2e3.
 *
 * @param value As parseKeepingNumbers makes it.
 * @returns undefined for a value that does not fit. A missing value and null are null, and so is an empty text that
 * should be a date: TMDB sends one for an unknown day.
 */
export const fitted = (value: unknown, type: ColumnType): Value | undefined =>
  value === null || value === undefined ? null : FIT[type](value);

const whole = (value: unknown): bigint | undefined => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  const text = numberText(value);
  if (text === undefined) return undefined;
  const digits = /^(-?\d+)(?:\.0+)?$/.exec(text)?.[1];
  const number = Number(text);
  // Beyond 2^53, only the text has all digits.
  const exact = digits === undefined ? (Number.isSafeInteger(number) ? BigInt(number) : undefined) : BigInt(digits);
  return exact !== undefined && BigInt.asIntN(64, exact) === exact ? exact : undefined;
};

const DAY_MS = 86_400_000;

const dayNumber = (value: unknown): number | null | undefined => {
  if (value === '') return null;
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(value)) return undefined;
  const ms = Date.parse(value);
  // Date.parse takes 2017-02-30 for March 2.
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(value) ? ms / DAY_MS : undefined;
};

const finite = (value: unknown): number | undefined => {
  const number = numberOf(value);
  return number !== undefined && Number.isFinite(number) ? number : undefined;
};

const FIT: Readonly<Record<ColumnType, (value: unknown) => Value | undefined>> = {
  BIGINT: whole,
  DOUBLE: finite,
  BOOLEAN: (value) => (typeof value === 'boolean' ? value : undefined),
  DATE: dayNumber,
  VARCHAR: (value) => (typeof value === 'string' ? value : undefined),
};
