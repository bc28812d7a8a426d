import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TmdbTokenError } from '../../../lib/tmdb/errors.ts';
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
  ])('hides it when it is %s', (_, token) => {
    const text = `{"status_message":"Invalid token ${token}, see ${token}"}`;

    expect(withoutToken(text, TOKEN)).toBe('{"status_message":"Invalid token [token removed], see [token removed]"}');
  });

  it('hides it when any of its characters are escaped', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: TOKEN.length, maxLength: TOKEN.length }), (which) => {
        const hidden = Array.from(TOKEN, (char, at) =>
          which[at] ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : char,
        ).join('');
        expect(withoutToken(`["${hidden}"]`, TOKEN)).toBe('["[token removed]"]');
      }),
    );
  });

  it('is unchanged without a token, with or without escapes', () => {
    for (const text of ['{"a":7.0}', '{"a":"\\u0026 \\u0065 \\/","b":1e2}'])
      expect(withoutToken(text, TOKEN)).toBe(text);
  });

  it("keeps a word that equals a short token, because TMDB's tokens are longer, and a title may contain the word", () => {
    expect(withoutToken('{"title":"The simulator"}', 'simulator')).toBe('{"title":"The simulator"}');
  });
});

describe('a token', () => {
  it.each([undefined, '', ' \n'])('%j counts as not set', (token) => {
    expect(() => tokenGuard(() => token, fastClock()).current()).toThrow('TMDB_TOKEN is not set: set it');
  });

  it.each([
    ' token\n',
    '\uFEFFtoken',
    '"token"',
    "'token'",
    'Bearer token',
    ' "bearer  token" ',
    'Bearer "token"',
    'Authorization: Bearer token',
  ])('%j is used as token: files, forms and examples add what is around it', (text) => {
    expect(tokenGuard(() => text, fastClock()).current()).toBe('token');
  });

  it.each([
    '0123456789abcdef0123456789abcdef',
    '"0123456789ABCDEF0123456789ABCDEF"',
    'Bearer 0123456789abcdef0123456789abcdef',
  ])('%j is an API Key: the message names the token that is needed, and not the key', (key) => {
    const current = () => tokenGuard(() => key, fastClock()).current();
    expect(current).toThrow(
      new TmdbTokenError(
        'The token is an API Key (32 hexadecimal digits), and the API Read Access Token is needed: the longer text below the API Key on the same page, https://www.themoviedb.org/settings/api.',
      ),
    );
  });

  it.each(['two words', 'ey.line\nbreak', 'ey.wörd', 'ey.\u200b'])('%j is refused without a request', (text) => {
    expect(() => tokenGuard(() => text, fastClock()).current()).toThrow(
      'The token has a space or another character inside that no API Read Access Token has: copy it again from https://www.themoviedb.org/settings/api.',
    );
  });

  it('is not used for five minutes after its rejection; another one is used at once', () => {
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
