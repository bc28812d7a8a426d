import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendField, numberOf, parseKeepingNumbers, withField } from '../../lib/json-text.ts';

describe('JSON that keeps the text of its numbers', () => {
  it.each([
    '7.0',
    '7',
    '-0',
    '0',
    '0.0',
    '1e3',
    '1E+3',
    '-1.50',
    '6.1',
    '1e-7',
    '0.0000001',
    '0.000001',
    '123.4560',
    '9007199254740993',
    '12345678901234567890',
    '1.12345678901234567890',
    '0.1',
  ])('writes %s as it came, wherever it stands', (number) => {
    for (const text of [number, `[${number}]`, `{"a":${number},"b":"x"}`, `{"a":[1,${number}]}`])
      expect(JSON.stringify(parseKeepingNumbers(text))).toBe(text);
    expect(numberOf(parseKeepingNumbers(number))).toBe(Number(number));
  });

  it('writes every number as it came', () => {
    const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,19})(\.\d{1,20})?([eE][+-]?\d{1,3})?$/);
    fc.assert(
      fc.property(fc.array(digits), (numbers) => {
        const text = `[${numbers.join(',')}]`;
        expect(JSON.stringify(parseKeepingNumbers(text))).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is what JSON.parse with a reviver gives, also for texts that look like numbers, and keys of any name', () => {
    const number = fc.constantFrom('7.0', '1e3', '-0', '7', '0.50', '9007199254740993', '6.25');
    const string = fc.oneof(
      fc.constantFrom('"7.0"', '", 7.0 "', '"a\\\\"', '"\\", 7.0]"', '"\\u00007.0"', '"__proto__"', '" 1e3,"', '""'),
      fc.json({ maxDepth: 0 }).filter((json) => json.startsWith('"')),
    );
    const { value } = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        number,
        string,
        fc.constantFrom('null', 'true'),
        fc.array(tie('value'), { maxLength: 4 }).map((all) => `[${all.join(', ')}]`),
        fc
          .array(fc.tuple(string, tie('value')), { maxLength: 4 })
          .map((all) => `{ ${all.map(([key, one]) => `${key} : ${one}`).join()}\n}`),
      ),
    }));
    // TypeScript's library does not know the reviver's third argument yet.
    const revive = JSON.parse as (
      text: string,
      reviver: (...of: [string, unknown, { source?: string }]) => unknown,
    ) => unknown;
    const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
    fc.assert(
      fc.property(value, (text) => {
        const expected = revive(text, (_, one, { source }) =>
          typeof one === 'number' && source !== undefined && String(one) !== source ? rawJSON(source) : one,
        );
        const parsed = parseKeepingNumbers(text);
        expect(JSON.stringify(parsed)).toBe(JSON.stringify(expected));
        expect(parsed).toStrictEqual(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    '{ 7.0:1}',
    '{"a":1,7.0:2}',
    '[1 7.0]',
    '[1.0.0]',
    '[01.0]',
    '{"a":1,7.0}',
    '[7.0',
    '"7.0',
    '[7.0e]',
    ' 1.0 2',
  ])('refuses %s, as JSON.parse does', (text) => {
    expect(() => parseKeepingNumbers(text)).toThrow(SyntaxError);
  });

  it('is what a plain parse gives where no number is unusual, and keeps odd texts and fields', () => {
    const text = '{"title":"1.0 \\ud83d 5e3","__proto__":{"x":1},"n":[null,true,6.5]}';

    expect(JSON.stringify(parseKeepingNumbers(text))).toBe(text);
    expect(numberOf('7')).toBeUndefined();
    expect(numberOf(null)).toBeUndefined();
  });
});

describe('a field that is put at the end of an object', () => {
  it('keeps the text of its value', () => {
    const pieces = ['{"a":', '7.0}'].map((text) => Buffer.from(text));
    expect(String(withField({ id: 1 }, 'body', pieces))).toBe('{"id":1,"body":{"a":7.0}}');
    expect(String(withField({}, 'body', [Buffer.from('[]')]))).toBe('{"body":[]}');
    expect(appendField('{ "id": 7.0 }\n', 'credits', '{}')).toBe('{ "id": 7.0,"credits":{}}');
  });

  it('overrides one of its name', () => {
    expect(JSON.parse(appendField('{"credits":null}', 'credits', '{"cast":[]}'))).toEqual({ credits: { cast: [] } });
  });
});
