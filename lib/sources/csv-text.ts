import { Transform } from 'node:stream';
import type { Wrong } from './csv-header.ts';

/** Makes a CSV's bytes into text: UTF-8 or an error, no NUL, no BOM. Knows how the file ended. */
export const csvText = (wrong: Wrong) => {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let lines = 1;
  let last = '';
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch {
      throw wrong(`line ${lines}, or one soon after it, is not UTF-8; save the file as UTF-8`);
    }
  };
  const checked = (text: string): string => {
    const nul = text.indexOf('\0');
    if (nul !== -1)
      throw wrong(`line ${lines + count(text.slice(0, nul))} has a NUL byte, so this is no text file; upload a CSV`);
    lines += count(text);
    last = text.at(-1) ?? last;
    return text;
  };
  const stream = new Transform({
    transform(chunk: Uint8Array, _, done) {
      try {
        done(null, checked(decode(chunk)));
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      try {
        done(null, checked(decode()));
      } catch (error) {
        done(error as Error);
      }
    },
  });
  return Object.assign(stream, { endedWithNewline: () => last === '\n' });
};

const count = (text: string): number => {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
};
