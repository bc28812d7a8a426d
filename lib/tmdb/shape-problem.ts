import type * as z from 'zod';
import { failure } from './responses.ts';

const JSON_TYPES: Readonly<Record<string, string>> = {
  int: 'an integer',
  number: 'a number',
  string: 'a string',
  array: 'an array',
  object: 'an object',
};

/** The first field that doesn't match the schema: its name, the allowed type and TMDB's value. */
export const shapeProblem = (schema: z.ZodType, body: unknown): string | undefined => {
  const [issue] = schema.safeParse(body, { reportInput: true }).error?.issues ?? [];
  if (!issue) return undefined;
  const field = issue.path.length ? `field ${issue.path.map(String).join('.')}` : 'the body';
  if (issue.input === undefined) return `${field} is missing${errorIn(body)}`;
  const allowed =
    issue.code === 'invalid_type'
      ? (JSON_TYPES[issue.expected] ?? issue.expected)
      : issue.code === 'too_small'
        ? `${issue.inclusive ? 'at least' : 'above'} ${issue.minimum}`
        : issue.code === 'invalid_value'
          ? issue.values.map((value) => JSON.stringify(value)).join(' or ')
          : 'as in lib/tmdb/responses.ts';
  return `${field} must be ${allowed}, got ${JSON.stringify(issue.input).slice(0, LONGEST_QUOTE)}`;
};

/** Longest quote of a value in an error message, in characters. */
const LONGEST_QUOTE = 80;

/** TMDB has sent its error format with status 200. */
const errorIn = (body: unknown): string => {
  const code = errorCode(body);
  return code === undefined ? '' : `, the body is TMDB's error ${code}`;
};

/** Code and message of TMDB's error format, or undefined where the body is something else. */
export const errorCode = (body: unknown): string | undefined => {
  const parsed = failure.safeParse(body);
  return parsed.success
    ? `code ${parsed.data.status_code}: ${withoutControls(parsed.data.status_message.slice(0, LONGEST_MESSAGE))}`
    : undefined;
};

/** The code of TMDB's error format, or undefined where the body is something else. */
export const errorNumber = (body: unknown): number | undefined => failure.safeParse(body).data?.status_code;

/** A text of TMDB ends up in messages on terminals, where a control character could begin an escape sequence. */
const withoutControls = (text: string): string => text.replaceAll(/\p{Cc}+/gu, ' ');

/** Longest message of TMDB in an error message, in characters. */
const LONGEST_MESSAGE = 200;
