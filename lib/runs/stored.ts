import type * as z from 'zod';
import { BadInputError, parse } from '../parse.ts';
import type { Fetched } from '../raw-zone/object-store.ts';

/**
 * A JSON object of the bucket that a run writes again when it is missing: a manifest, a lock, an error.
 *
 * A damaged one must not stop that run. `npm run verify` reports it.
 *
 * @returns undefined where there is no object, where it is not JSON, or where this version of the code can't read it.
 */
export const readable = <Schema extends z.ZodType>(
  schema: Schema,
  object: Fetched | undefined,
): z.output<Schema> | undefined => object && schema.safeParse(jsonIn(object)).data;

/**
 * A JSON object of the bucket that nothing writes again: a plan.
 *
 * @throws {BadInputError} It is damaged, or of another version of the code.
 */
export const required = <Schema extends z.ZodType>(schema: Schema, object: Fetched, key: string): z.output<Schema> => {
  const value = jsonIn(object);
  if (value === undefined)
    throw new BadInputError(`${key}: it is not JSON, so it was damaged; remove this object, and start a new run.`);
  return parse(schema, value, key);
};

const jsonIn = ({ body }: Fetched): unknown => {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
};
