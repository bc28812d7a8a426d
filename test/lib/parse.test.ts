import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BadInputError, parse } from '../../lib/parse.ts';

const schema = z.strictObject({
  name: z.string().min(2, 'a name has two letters'),
  years: z.object({ from: z.int() }).optional(),
  pages: z.array(z.int().max(500, 'no page is after 500')).default([1]),
});
const sentenceFor = (value: unknown): string => {
  try {
    parse(schema, value, 'dataset crime-war');
  } catch (error) {
    if (error instanceof BadInputError) return error.message;
  }
  throw new Error('The input was not rejected.');
};

describe('an input', () => {
  it('is returned as the schema parses it', () => {
    expect(parse(schema, { name: 'war' }, 'dataset')).toEqual({ name: 'war', pages: [1] });
  });

  it.each([
    [{ name: 'w' }, 'dataset crime-war: name: a name has two letters; got "w".'],
    [{}, 'dataset crime-war: name: use a text; it is missing.'],
    [{ name: 'war', nmae: 1, x: 2 }, 'dataset crime-war: unknown field "nmae", "x".'],
    [{ name: 'war', years: { from: 'x' } }, 'dataset crime-war: years.from: use a number; got "x".'],
    [{ name: 'war', pages: [1, 501] }, 'dataset crime-war: pages.1: no page is after 500; got 501.'],
    [7, 'dataset crime-war: use an object; got 7.'],
  ])('%j is rejected: %s', (value, sentence) => {
    expect(sentenceFor(value)).toBe(sentence);
  });

  it('is rejected with one message for all wrong fields', () => {
    expect(sentenceFor({ name: 'w', pages: [501] })).toBe(
      'dataset crime-war: name: a name has two letters; got "w"; pages.0: no page is after 500; got 501.',
    );
  });

  it('is quoted in the message, and truncated if it is long', () => {
    const sentence = sentenceFor({ name: 'war', years: 'x'.repeat(5_000) });

    expect(sentence).toMatch(/got "x{76}\.\.\.\.$/);
    expect(sentence.length).toBeLessThan(200);
  });
});
