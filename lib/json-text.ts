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
 * Finds numbers that JavaScript may write differently: with an exponent, a zero at the end of its decimals, five zeros at
 * their beginning, 16 digits or more, or -0. Most answers have none.
 */
const UNUSUAL_NUMBER = /(?<=^|[[,:\s])-?(?:\d+(?:\.\d*)?[eE]|\d+\.\d*0(?!\d)|0\.00000|[\d.]{16}|0(?<=-0))/g;

/** A whole number at a place, as a value: a key would be followed by a colon. */
const NUMBER_VALUE = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?=\s*(?:[,\]}]|$))/y;

/** Strings that begin so stand for numbers. No other string does: JSON writes this character as the escape below. */
const MARK = '\u0000';
const MARK_ESCAPE = '\\u0000';

/**
 * Parses JSON. Numbers that would lose their text are objects of JSON.rawJSON; `numberOf` reads both kinds.
 *
 * JSON.parse gives the same with a reviver, and takes five times as long as without. So the few such numbers become
 * strings, and these are replaced after a plain parse.
 *
 * @throws {SyntaxError}
 */
export const parseKeepingNumbers = (text: string): unknown => {
  const marked = withMarks(text);
  if (marked.count === 0) return parse(text);
  if (text.includes(MARK_ESCAPE)) return parse(text, keepNumber);
  const whole = { value: parse(marked.text) };
  replaceMarks(whole, marked.count);
  return whole.value;
};

const isChanged = (source: string): boolean => String(Number(source)) !== source;

const keepNumber: Reviver = (_, value, { source }) =>
  typeof value === 'number' && source !== undefined && isChanged(source) ? rawJSON(source) : value;

const withMarks = (text: string): { text: string; count: number } => {
  const pieces: string[] = [];
  let copied = 0;
  /** The text before this index has been read. The index is not within a string. */
  let read = 0;
  for (const { index } of text.matchAll(UNUSUAL_NUMBER)) {
    while (read <= index) {
      const start = text.indexOf('"', read);
      if (start < 0 || start > index) break;
      const end = endOfString(text, start);
      read = end < 0 ? text.length : end + 1;
    }
    if (read > index) continue;
    NUMBER_VALUE.lastIndex = index;
    const [number] = NUMBER_VALUE.exec(text) ?? [];
    if (number === undefined || !isChanged(number)) continue;
    pieces.push(text.slice(copied, index), `"${MARK_ESCAPE}${number}"`);
    copied = index + number.length;
  }
  pieces.push(text.slice(copied));
  return { text: pieces.join(''), count: (pieces.length - 1) / 2 };
};

/** Replaces `count` marks in an object or array. @returns How many are left. */
const replaceMarks = (within: object, count: number): number => {
  let left = count;
  for (const [key, value] of Object.entries(within)) {
    if (left === 0) break;
    if (typeof value === 'object' && value !== null) left = replaceMarks(value, left);
    else if (typeof value === 'string' && value.startsWith(MARK)) {
      // An assignment to the key __proto__ would change something else.
      Object.defineProperty(within, key, { value: rawJSON(value.slice(1)) });
      left -= 1;
    }
  }
  return left;
};

/** Index of the quote that ends the string which begins at `start`, or -1. A quote after an odd number of backslashes belongs to the string. */
export const endOfString = (text: string, start: number): number => {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    if ((end - before) % 2 === 1) return end;
  }
  return -1;
};

const BACKSLASH = 92;

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

/** The JSON of an object with one more field at its end, whose value is JSON in UTF-8 already. */
export const withField = (object: object, name: string, value: readonly Uint8Array[]): Buffer =>
  Buffer.concat([Buffer.from(appendField(JSON.stringify(object), name, '').slice(0, -1)), ...value, Buffer.from('}')]);

/** Texts in UTF-8, with a separator between two of them. */
export const joined = (texts: readonly Uint8Array[], separator: string): Uint8Array[] => {
  const between = Buffer.from(separator);
  return texts.flatMap((text, index) => (index === 0 ? [text] : [between, text]));
};

/** Puts one more field at the end of the text of an object. A field of that name that is there already is overridden. */
export const appendField = (objectText: string, name: string, valueText: string): string => {
  const body = objectText.trimEnd().slice(0, -1).trimEnd();
  return `${body}${body.endsWith('{') ? '' : ','}${JSON.stringify(name)}:${valueText}}`;
};
