import type * as z from 'zod';
import { didYouMean } from './did-you-mean.ts';

/**
 * An input is wrong: an event, a dataset, an option. A person must correct it; nothing retries.
 *
 * The state machines match on this name and don't retry. The command line exits with code 2.
 */
export class BadInputError extends Error {
  override readonly name = 'BadInputError';
}

/**
 * Checks a value that comes from outside.
 *
 * @param what Start of the message: 'event of the planner', 'dataset crime-war'.
 * @throws {BadInputError} Names each wrong field, what is allowed and the given value.
 */
export const parse = <Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> => {
  const result = schema.safeParse(value, { reportInput: true, error: allowed });
  if (result.success) return result.data;
  const text = `${what}: ${result.error.issues.map(sentence).join('; ')}`;
  throw new BadInputError(text.endsWith('?') ? text : `${text}.`);
};

const sentence = (issue: z.core.$ZodIssue): string => {
  const field = issue.path.length ? `${issue.path.map(String).join('.')}: ` : '';
  if (issue.code === 'unrecognized_keys') return `${field}${issue.message}`;
  const got = issue.input === undefined ? 'it is missing' : `got ${quoted(issue.input)}`;
  // What was probably meant stands behind the given value.
  const [, message, meant = ''] = /^(.*?)(; did you mean [^;]*\?)?$/s.exec(issue.message.replace(/\.$/, '')) ?? [];
  return `${field}${message}; ${got}${meant}`;
};

/** What is allowed, if the schema has no message of its own. zod's default messages are for programmers. */
const allowed: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return `use ${KINDS[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return issue.origin === 'string' && issue.minimum === 1
        ? 'use a text that is not empty'
        : `use ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}${UNITS[issue.origin] ?? ''}`;
    case 'too_big':
      return `use ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${UNITS[issue.origin] ?? ''}`;
    case 'invalid_value':
      return `use ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(quoted).join(', ')}`;
    case 'invalid_format':
      return FORMATS[issue.format] ?? `use a text of the form ${issue.pattern ?? issue.format}`;
    case 'invalid_key':
    case 'invalid_element':
      return issue.issues.map((one) => one.message).join('; ');
    case 'unrecognized_keys': {
      const known = fieldsOf(issue.inst);
      const [only] = issue.keys;
      const meant = only !== undefined && issue.keys.length === 1 ? didYouMean(only, known) : '';
      return `unknown field ${issue.keys.map(quoted).join(', ')}${meant}`;
    }
    default:
      return undefined;
  }
};

/** The fields of the object's schema that found an issue. */
const fieldsOf = (schema: z.core.$ZodRawIssue['inst']): string[] => {
  const { shape = {} } = (schema?._zod.def ?? {}) as { shape?: object };
  return Object.keys(shape);
};

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

const UNITS: Readonly<Record<string, string>> = { string: ' characters', array: ' entries', set: ' entries' };

const FORMATS: Readonly<Record<string, string>> = {
  datetime: 'use a date and time as in 2026-11-20T21:30:00Z',
  url: 'use a URL such as https://api.themoviedb.org/3',
};

/** A value as JSON for a message, truncated if it is long. */
const quoted = (value: unknown): string => {
  const text = JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? String(one) : one)) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};
