import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { BadInputError } from '../lib/parse.ts';

/**
 * Reads variables from a .env file. A variable that is set already wins, also where it is empty.
 *
 * Not process.loadEnvFile, which is the same parser: a byte order mark would become part of the first name, and a file
 * in UTF-16, as PowerShell 5 writes it with >, would hold no variable, without an error.
 *
 * @param env Gets the variables.
 * @throws {BadInputError} The file can't be read, or has no variables where it should.
 */
export const readEnvFile = (file: string, env: NodeJS.ProcessEnv): void => {
  const text = textOf(file);
  if (text === undefined) return;
  const line = lineWithoutEquals(text);
  if (line !== undefined)
    throw new BadInputError(`${file}: line ${line} has no =; write NAME=value in each line, or begin it with #.`);
  for (const [name, value] of Object.entries(parseEnv(text))) env[name] ??= value;
};

const textOf = (file: string): string | undefined => {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new BadInputError(
      code === 'EISDIR'
        ? `${file} is a folder; it should be a file with lines such as TMDB_TOKEN=value.`
        : `${file} can't be read (${code}); correct its permissions, or remove it.`,
    );
  }
  if (bytes.includes(0)) throw new BadInputError(`${file} is not UTF-8 (PowerShell writes UTF-16); save it as UTF-8.`);
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
};

/** Number of the first line that is no variable, no comment and no part of a quoted value. */
const lineWithoutEquals = (text: string): number | undefined => {
  const lines = text
    .replaceAll(/=[ \t]*(["'`])[\s\S]*?\1/g, (value) => `=${value.replaceAll(/[^\n]/g, '').replaceAll('\n', '\n#')}`)
    .split(/\r?\n/);
  const index = lines.findIndex((one) => !/^\s*(#|$)/.test(one) && !one.includes('='));
  return index < 0 ? undefined : index + 1;
};
