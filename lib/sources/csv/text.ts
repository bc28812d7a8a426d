import type { BadInputError } from '../../parse.ts';

/** Makes an error that names the file. */
export type Wrong = (what: string) => BadInputError;

/** All line ends that a file can have, mixed too: LF (Unix), CRLF (Windows), CR (old spreadsheet programs). */
export const LINE_END = /\r\n|\r|\n/;

/**
 * A CSV's bytes as text: UTF-8 or an error, no NUL, no byte order mark, and a line feed as every line end.
 *
 * @throws {BadInputError} The file is not text in UTF-8.
 */
export const csvText = async function* (body: AsyncIterable<Uint8Array>, wrong: Wrong): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  let endedInCr = false;

  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch {
      throw wrong(`line ${line}, or one soon after it, is not UTF-8; save the file as UTF-8`);
    }
  };
  const checked = (decoded: string): string => {
    // A CRLF that two chunks share: its CR was given out as a line feed.
    const rest = endedInCr && decoded.startsWith('\n') ? decoded.slice(1) : decoded;
    if (decoded !== '') endedInCr = decoded.endsWith('\r');
    const text = rest.includes('\r') ? rest.replaceAll(/\r\n?/g, '\n') : rest;
    const nul = text.indexOf('\0');
    if (nul !== -1)
      throw wrong(
        `line ${line + count(text.slice(0, nul))} has a NUL byte, so this is not a text file; upload a CSV in UTF-8`,
      );
    line += count(text);
    return text;
  };

  for await (const chunk of body) yield checked(decode(chunk));
  yield checked(decode());
};

/**
 * The lines of a text, those of one chunk together. The last one has no line feed behind it: it is empty where the text
 * ends in one.
 */
export const linesOf = async function* (text: AsyncIterable<string>, wrong: Wrong): AsyncGenerator<string[]> {
  let rest = '';
  let line = 1;
  for await (const chunk of text) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    const long =
      [...lines.keys()].find((index) => isTooLong(lines[index])) ?? (isTooLong(rest) ? lines.length : undefined);
    if (long !== undefined)
      throw wrong(
        `line ${line + long} has more than ${LONGEST_LINE} characters; upload a CSV with a line end after each row`,
      );
    line += lines.length;
    yield lines;
  }
  yield [rest];
};

/** A line of the known files has some 160 characters; a line of a million means that this is no CSV. */
export const LONGEST_LINE = 1_000_000;
const isTooLong = (line = ''): boolean => line.length > LONGEST_LINE;

const count = (text: string): number => {
  let lines = 0;
  for (let index = text.indexOf('\n'); index !== -1; index = text.indexOf('\n', index + 1)) lines += 1;
  return lines;
};
