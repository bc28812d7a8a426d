import { type ParseArgsConfig, parseArgs } from 'node:util';
import { closest } from '../lib/did-you-mean.ts';
import { BadInputError } from '../lib/parse.ts';
import type { ProgramOptions } from './npm-options.ts';

type ArgsOptions = NonNullable<ParseArgsConfig['options']>;

/**
 * Reads a command line.
 *
 * @param command What a person types: npm start, npm run upload.
 * @throws {BadInputError} Names the option, the one that was probably meant, and how to list all.
 */
export const readArgs = <const Options extends ArgsOptions>(
  command: string,
  options: Options,
  argv: readonly string[],
  { files = false } = {},
) => {
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: files });
  } catch (error) {
    const message = (error as Error).message.split('. ')[0] ?? '';
    const [, empty] = /^Option '.*?(--[\w-]+).*' argument (?:is ambiguous|missing)/.exec(message) ?? [];
    const [, unknown] = /^Unknown option '-*([^']*)'/.exec(message) ?? [];
    const meant = unknown === undefined ? undefined : closest(unknown, Object.keys(options));
    const wrong = meant === undefined ? `options: ${message}.` : `options: ${message}; did you mean --${meant}?`;
    const says = empty === undefined ? wrong : `${empty}: a value is missing.`;
    throw new BadInputError(`${says} To list the options: ${command} -- --help.`);
  }
};

/** Runs a check, and names options in its message as they are typed: --day instead of day. */
export const asOptions = <Result>(options: ProgramOptions, check: () => Result): Result => {
  try {
    return check();
  } catch (error) {
    throw error instanceof BadInputError ? new BadInputError(withOptions(options, error.message)) : error;
  }
};

/**
 * A message about the input of a run, for a person who typed options: `day: …` becomes `--day: …`, and
 * `give the run "years"` becomes `use --years`.
 */
export const withOptions = (options: ProgramOptions, message: string): string => {
  const named = (field: string) => {
    const name = field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return name in options ? `--${name}` : undefined;
  };
  return message
    .replace(/^options: /, '')
    .replaceAll(/(^|; )([\w-]+)(?:\.\d+)?: /g, (text, before, field) => {
      const option = named(field);
      return option === undefined ? text : `${before}${option}: `;
    })
    .replaceAll(/give the run "(\w+)"(?:: "([^"]*)")?/g, (text, field, value) => {
      const option = named(field);
      return option === undefined ? text : `use ${option}${value === undefined ? '' : ` ${value}`}`;
    })
    .replaceAll('give the run another day', 'use another --day')
    .replaceAll(/\bresume (?=continues run |finds the day )/g, '--resume ');
};
