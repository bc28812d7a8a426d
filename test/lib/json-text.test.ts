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

  it('is what a plain parse gives where no number is unusual, and keeps odd texts and fields', () => {
    const text = '{"title":"1.0 \\ud83d 5e3","__proto__":{"x":1},"n":[null,true,6.5]}';

    expect(JSON.stringify(parseKeepingNumbers(text))).toBe(text);
    expect(numberOf('7')).toBeUndefined();
    expect(numberOf(null)).toBeUndefined();
  });
});

describe('a field that is put at the end of an object', () => {
  it('keeps the text of its value', () => {
    expect(withField({ id: 1 }, 'body', '{"a":7.0}')).toBe('{"id":1,"body":{"a":7.0}}');
    expect(withField({}, 'body', '[]')).toBe('{"body":[]}');
    expect(appendField('{ "id": 7.0 }\n', 'credits', '{}')).toBe('{ "id": 7.0,"credits":{}}');
  });

  it('overrides one of its name', () => {
    expect(JSON.parse(appendField('{"credits":null}', 'credits', '{"cast":[]}'))).toEqual({ credits: { cast: [] } });
  });
});
