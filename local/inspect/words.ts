import { BadInputError } from '../../lib/parse.ts';

/** @throws {BadInputError} A word that is no option, for a command that takes none. */
export const refuseWords = (command: string, [word]: readonly string[]): void => {
  if (word !== undefined)
    throw new BadInputError(`options: Unexpected argument '${word}'. To list the options: ${command} -- --help.`);
};
