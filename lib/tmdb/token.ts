import type { Clock } from '../clock.ts';
import { TmdbTokenError } from './errors.ts';

/** The token of one client, and what the client knows about it. */
export interface TokenGuard {
  /**
   * The token for the next request.
   *
   * @throws {TmdbTokenError} No token is set, it can't be one, or TMDB has rejected this one.
   */
  current(): string;
  /** Remembers that TMDB has rejected this token, so that no other request is sent with it. Later errors have the same message. */
  reject(token: string, message: string): void;
}

/**
 * How long a rejected token is not sent again, in milliseconds. Not for ever: a Lambda's process can live for hours, and
 * a suspended account can be restored. TMDB's CDN caches a 401 for 300 s (recorded 2024).
 */
const REJECTED_MS = 300_000;

export const tokenGuard = (read: () => string | undefined, { now }: Clock): TokenGuard => {
  let rejected: { token: string; message: string; at: number } | undefined;
  return {
    current: () => {
      const token = usableToken(read());
      if (rejected?.token === token && now() - rejected.at < REJECTED_MS) throw new TmdbTokenError(rejected.message);
      return token;
    },
    reject: (token, message) => {
      rejected = { token, message, at: now() };
    },
  };
};

/**
 * A token as people paste it, without what is around it: spaces and line ends, quotation marks, a leading "Bearer ".
 *
 * @throws {TmdbTokenError} There is none, or it can't be an API Read Access Token.
 */
export const usableToken = (text: string | undefined): string => {
  const token = bare(text ?? '');
  if (!token)
    throw new TmdbTokenError(
      'TMDB_TOKEN is not set: set it to an API Read Access Token, or store one in the SSM parameter that TMDB_TOKEN_PARAMETER names.',
    );
  if (/^[0-9a-f]{32}$/i.test(token))
    throw new TmdbTokenError(
      'The token is an API Key (32 hexadecimal digits), and the API Read Access Token is needed: the longer text below the API Key on the same page, https://www.themoviedb.org/settings/api.',
    );
  // An HTTP header can't hold it, or TMDB would see two words.
  if (/[^\x21-\x7e]/.test(token))
    throw new TmdbTokenError(
      'The token has a space or another character inside that no API Read Access Token has: copy it again from https://www.themoviedb.org/settings/api.',
    );
  return token;
};

/** Repeated, because one can be inside another: "Bearer ey…" in quotation marks, or the other way round. */
const bare = (text: string): string => {
  const less = text
    .trim()
    .replace(/^(["'`])(.*)\1$/s, '$2')
    .replace(/^(authorization:\s*)?bearer(\s+|$)/i, '');
  return less === text ? text : bare(less);
};

/**
 * Fewest characters of a token that is removed from texts. TMDB's tokens have more than 100. A shorter one, such as the
 * stand-in's, is no secret and can be a word of a title.
 */
const SHORTEST_SECRET = 12;

/** The text of a JSON body without the token, also where JSON's escapes (`\u0065`) hide it. */
export const withoutToken = (text: string, token: string): string => {
  if (token.length < SHORTEST_SECRET) return text;
  if (!ASCII_ESCAPE.test(text)) return text.replaceAll(token, REMOVED);
  return text.replaceAll(new RegExp(Array.from(token, escapedOrNot).join(''), 'g'), REMOVED);
};

const REMOVED = '[token removed]';

/** An escape for a character that a token can hold. Without one, a plain search is enough. */
const ASCII_ESCAPE = /\\(?:u00[2-7]|\/)/;

const escapedOrNot = (char: string): string => {
  const hex = char.charCodeAt(0).toString(16).padStart(4, '0');
  const digits = hex.replaceAll(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
  const plain = char === '/' ? '\\\\?/' : RegExp.escape(char);
  return `(?:${plain}|\\\\u${digits})`;
};
