/*
 * JSON whose numbers keep the text that they were written in.
 *
 * JSON.parse makes 7 of TMDB's 7.0, and 9007199254740992 of 9007199254740993. A column that is 7 on one day and 7.5 on the
 * next is an integer in one Parquet file and a double in the other, and Spark cannot read both. So a number whose text
 * JavaScript would write differently becomes an object of JSON.rawJSON, which JSON.stringify writes as that text.
 */

interface RawJson {
  readonly rawJSON: string;
}

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

/** In ECMAScript since 2026, in Node since 22; TypeScript's library does not have it yet. */
const { rawJSON, isRawJSON, parse } = JSON as unknown as {
  rawJSON(text: string): RawJson;
  isRawJSON(value: unknown): value is RawJson;
  parse(text: string, reviver?: Reviver): unknown;
};

/**
 * Finds a number that JavaScript may write differently: with an exponent, a zero at the end of its decimals, five zeros
 * at their beginning, 16 digits or more, or -0. Most answers have none, and a plain parse takes a sixth of the time.
 */
const UNUSUAL_NUMBER = /(?:^|[[,:\s])-?(?:\d+(?:\.\d*)?[eE]|\d+\.\d*0(?!\d)|0\.00000|[\d.]{16}|0(?<=-0))/;

/** Parses JSON. Numbers that would lose their text are objects of JSON.rawJSON; `numberOf` reads both kinds. */
export const parseKeepingNumbers = (text: string): unknown =>
  UNUSUAL_NUMBER.test(text) ? parse(text, keepNumber) : parse(text);

const keepNumber: Reviver = (_, value, { source }) =>
  typeof value === 'number' && source !== undefined && String(value) !== source ? rawJSON(source) : value;

/** A number of a value that was parsed so; undefined where it is none. */
export const numberOf = (value: unknown): number | undefined => {
  if (typeof value === 'number') return value;
  return isRawJSON(value) ? Number(value.rawJSON) : undefined;
};

/** The text of such a number, as it was sent; undefined where the value is no number. */
export const numberText = (value: unknown): string | undefined => {
  if (typeof value === 'number') return String(value);
  return isRawJSON(value) ? value.rawJSON : undefined;
};

/** The text of an object with one more field at its end, whose value is JSON text already. */
export const withField = (object: object, name: string, valueText: string): string => {
  const text = JSON.stringify(object);
  return appendField(text, name, valueText);
};

/** Puts one more field at the end of the text of an object. A field of that name that is there already is overridden. */
export const appendField = (objectText: string, name: string, valueText: string): string => {
  const body = objectText.trimEnd().slice(0, -1).trimEnd();
  return `${body}${body.endsWith('{') ? '' : ','}${JSON.stringify(name)}:${valueText}}`;
};
