import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { closest } from '../lib/did-you-mean.ts';
import { BadInputError } from '../lib/parse.ts';
import { quoted } from './quoted.ts';

/*
 * npm keeps options that stand before `--` for itself: `npm start --dry-run` runs the script without --dry-run.
 *
 * npm tells a script about them in variables: --dry-run is npm_config_dry_run=true, and `--out DIR` is
 * npm_config_out=true, with DIR as an argument of the script. Two of our options leave no such trace. npm has an option
 * `only` of its own, and drops a value that it doesn't know. It reads --day as its own -d, -a and -y. The log file that npm
 * writes has the whole command line, so it is read first. Tried with npm 10.9.9 and 11.19.1 (2026-11-25).
 */

/** The options of a program, as node:util's parseArgs reads them. */
export type ProgramOptions = Readonly<Record<string, { type: 'string' | 'boolean' }>>;

/**
 * Refuses to run without the options that npm has kept for itself.
 *
 * @param command What a person types: npm start, npm run upload.
 * @param argv The arguments that npm did hand over.
 * @throws {BadInputError} The message has the right command.
 */
export const refuseKeptByNpm = (
  command: string,
  options: ProgramOptions,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): void => {
  const kept = fromLog(options, argv, env) ?? fromVariables(options, argv, env);
  if (kept)
    throw new BadInputError(
      `npm kept ${kept.names.map((name) => `--${name}`).join(', ')} for itself, because -- is missing before the options; nothing was run. Use: ${[command, '--', ...kept.words.map(quoted)].join(' ')}`,
    );
};

interface Kept {
  /** The options that npm kept, as this program calls them. */
  names: readonly string[];
  /** All arguments that the program should have had. */
  words: readonly string[];
}

/** The option that a person meant: npm passes a misspelt one on to nobody, too. */
const optionNamed = (word: string, options: ProgramOptions): string | undefined => {
  const name = word.replace(/^--?/, '').replace(/=.*$/s, '');
  return name === 'help' || name === 'version' ? undefined : closest(name, Object.keys(options));
};

/** `--day 2026-11-20`, as npm writes it into its log. */
const DAY = ['--loglevel', 'info', '--all', '--yes'];

const fromLog = (options: ProgramOptions, argv: readonly string[], env: NodeJS.ProcessEnv): Kept | undefined => {
  const typed = typedForNpm(argv, env);
  if (!typed) return undefined;
  const [names, words] = [new Set<string>(), [] as string[]];
  for (let index = 0; index < typed.before.length; index += 1) {
    const word = typed.before[index] ?? '';
    const next = typed.before[index + 1];
    if ('day' in options && DAY.every((one, at) => typed.before[index + at] === one)) {
      names.add('day');
      words.push('--day');
      index += DAY.length - 1;
    } else if (!word.startsWith('-')) words.push(word);
    else if (word === '--loglevel') index += 1;
    else {
      const name = optionNamed(word, options);
      const isText = name !== undefined && options[name]?.type === 'string';
      // The log has --dry-run=true as two words.
      const hasValue = next !== undefined && (isText ? !next.startsWith('-') : /^(true|false)$/.test(next));
      if (name !== undefined) {
        names.add(name);
        words.push(`--${name}`, ...(isText && hasValue ? [next] : []));
      }
      if (name !== undefined && hasValue) index += 1;
    }
  }
  return names.size ? { names: [...names], words: [...words, ...typed.after] } : undefined;
};

/** Commands of npm that run a script: the script's name is the next word, except for `npm start`. */
const RUN = new Set(['run', 'run-script', 'rum', 'urn']);

/** A log begins when npm does, and the script a moment later. */
const LOG_AGE_MS = 60_000;

/** What was typed before and after `--`, from the log of the npm that started this process. */
const typedForNpm = (
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): { before: readonly string[]; after: readonly string[] } | undefined => {
  const script = env.npm_lifecycle_event;
  const folder = env.npm_config_logs_dir || (env.npm_config_cache && join(env.npm_config_cache, '_logs'));
  if (!script || !folder) return undefined;
  for (const file of newestLogs(folder)) {
    const words = wordsIn(join(folder, file));
    const at = words.findIndex((word) => word === script && !word.startsWith('-'));
    if (at < 0) continue;
    const rest = [...words.slice(0, at).filter((word) => !RUN.has(word)), ...words.slice(at + 1)];
    const end = rest.indexOf('--');
    const [before, after] = end < 0 ? [rest, []] : [rest.slice(0, end), rest.slice(end + 1)];
    // Another npm may have started at the same time. The arguments of this process tell them apart.
    if (
      after.every((word, index) => argv.at(index - after.length) === word) &&
      argv.every((word) => rest.includes(word))
    )
      return { before, after };
  }
  return undefined;
};

const newestLogs = (folder: string): string[] => {
  try {
    const now = Date.now();
    return readdirSync(folder)
      .filter((name) => {
        const [, day, time] = /^(\d{4}-\d{2}-\d{2})T([\d_]+)Z-debug-0\.log$/.exec(name) ?? [];
        const [hour, minute, second] = time?.split('_') ?? [];
        return now - Date.parse(`${day}T${hour}:${minute}:${second}Z`) < LOG_AGE_MS;
      })
      .toSorted()
      .reverse();
  } catch {
    return []; // npm keeps no logs here.
  }
};

/** The line is: 10 verbose argv "start" "--only" "crime-2017" */
const wordsIn = (file: string): string[] => {
  try {
    const [, line = ''] = /^\d+ verbose argv (.*)$/m.exec(readFileSync(file, 'utf8')) ?? [];
    return (line.match(/"(?:[^"\\]|\\.)*"/g) ?? []).map((word) => String(JSON.parse(word)));
  } catch {
    return [];
  }
};

/** npm's own values of `only`. */
const NPM_ONLY = ['prod', 'production', 'null'];

const fromVariables = (options: ProgramOptions, argv: readonly string[], env: NodeJS.ProcessEnv): Kept | undefined => {
  const kept = Object.entries(env).flatMap(([variable, value]) => {
    const [, rest] = /^npm_config_(\w+)$/.exec(variable) ?? [];
    const name = rest && optionNamed(rest.replaceAll('_', '-'), options);
    if (!name || !value || value === 'false' || (name === 'only' && NPM_ONLY.includes(value))) return [];
    return [{ name, value }];
  });
  if (kept.length === 0) return undefined;
  // Where npm passes a value on as an argument, the variable is "true". Which value belongs to which option is lost.
  const without = kept.filter(({ name, value }) => options[name]?.type === 'string' && value === 'true');
  const values = argv.filter((word) => !word.startsWith('-'));
  const isClear = without.length === 1 && values.length === 1 && argv.length === 1;
  const words = kept.flatMap(({ name, value }) => {
    if (options[name]?.type === 'boolean') return [`--${name}`];
    return [`--${name}`, value !== 'true' ? value : isClear ? (values[0] ?? '') : '...'];
  });
  return { names: kept.map(({ name }) => name), words: [...words, ...(isClear || without.length ? [] : argv)] };
};
