import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokenGuard, withoutToken } from '../../../lib/tmdb/token.ts';
import { fastClock } from '../../doubles/fast-clock.ts';

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.a/secret+with=signs';

describe('a text without the token', () => {
  const escaped = (upper: boolean) =>
    Array.from(TOKEN, (char) => {
      const hex = char.charCodeAt(0).toString(16).padStart(4, '0');
      return `\\u${upper ? hex.toUpperCase() : hex}`;
    }).join('');

  it.each([
    ['plain', TOKEN],
    ['with escaped slashes', TOKEN.replaceAll('/', '\\/')],
    ['in escapes', escaped(false)],
    ['in upper case escapes', escaped(true)],
  ])('hides it where it is %s', (_, token) => {
    const text = `{"status_message":"Invalid token ${token}, see ${token}"}`;

    expect(withoutToken(text, TOKEN)).toBe('{"status_message":"Invalid token [token removed], see [token removed]"}');
  });

  it('hides it whichever of its characters are escaped', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: TOKEN.length, maxLength: TOKEN.length }), (which) => {
        const hidden = Array.from(TOKEN, (char, at) =>
          which[at] ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : char,
        ).join('');
        expect(withoutToken(`["${hidden}"]`, TOKEN)).toBe('["[token removed]"]');
      }),
    );
  });

  it('is the same text where there is no token, escapes or not', () => {
    for (const text of ['{"a":7.0}', '{"a":"\\u0026 \\u0065 \\/","b":1e2}'])
      expect(withoutToken(text, TOKEN)).toBe(text);
  });

  it('keeps a word that a short token happens to be: TMDB has none so short, and a title may hold it', () => {
    expect(withoutToken('{"title":"The simulator"}', 'simulator')).toBe('{"title":"The simulator"}');
  });
});

describe('a token', () => {
  it.each([undefined, '', ' \n'])('%j is none', (token) => {
    expect(() => tokenGuard(() => token, fastClock()).current()).toThrow('TMDB_TOKEN is not set: set it');
  });

  it('is used without the white space around it, as a file or a form adds it', () => {
    expect(tokenGuard(() => ' token\n', fastClock()).current()).toBe('token');
  });

  it('is not used for five minutes after it was rejected, and another one at once', () => {
    const clock = fastClock();
    let token = 'wrong';
    const guard = tokenGuard(() => token, clock);
    guard.reject('wrong', 'TMDB rejected the token');
    clock.skip(299_999);
    expect(() => guard.current()).toThrow('TMDB rejected the token');

    token = 'right';
    expect(guard.current()).toBe('right');
    token = 'wrong';
    expect(() => guard.current()).toThrow('TMDB rejected the token');
    clock.skip(1);
    expect(guard.current()).toBe('wrong');
  });
});
