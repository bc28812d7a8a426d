import type * as z from 'zod';

/**
 * Somebody's input is wrong: an event, a dataset, an option. A person mends it; no machine should try again.
 *
 * The state machines never retry it, by this name; the command line answers it with exit code 2.
 */
export class BadInputError extends Error {
  override readonly name = 'BadInputError';
}

/**
 * Checks a value at a border.
 *
 * @param what Opens the sentence: 'event of the planner', 'dataset crime-war'.
 * @throws {BadInputError} One sentence that names each field, what was there and what would be right.
 */
export const parse = <Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> => {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw new BadInputError(`${what}: ${result.error.issues.map(sentence).join('; ')}.`);
};

const sentence = (issue: z.core.$ZodIssue): string => {
  const field = issue.path.length ? `${issue.path.map(String).join('.')}: ` : '';
  if (issue.code === 'unrecognized_keys') return `${field}unknown field ${issue.keys.map(quoted).join(', ')}`;
  const got = issue.input === undefined ? 'it is missing' : `got ${quoted(issue.input)}`;
  return `${field}${issue.message.replace(/\.$/, '')}; ${got}`;
};

/** A value as a person would want to see it: JSON, cut where it gets long. */
const quoted = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};
