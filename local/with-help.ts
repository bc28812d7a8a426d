import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './deployed.ts';

/** A command: it takes the command line and the environment, and returns the exit code. */
type Command = (argv: readonly string[], env: NodeJS.ProcessEnv) => Promise<number>;

/**
 * A command that prints its help for --help or -h, or its version, instead of running.
 *
 * It looks for these options before the others are read, so that a wrong one doesn't hide the help.
 */
export const withHelp =
  (usage: string, run: Command): Command =>
  async (argv, env) => {
    const text = printed(argv, usage);
    if (text === undefined) return run(argv, env);
    process.stdout.write(text);
    return 0;
  };

const printed = (argv: readonly string[], usage: string): string | undefined => {
  if (argv.includes('--help') || argv.includes('-h')) return usage;
  return argv.includes('--version') ? versionLine() : undefined;
};

const versionLine = (): string => {
  const { name, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, string>;
  return `${name} ${version}\n`;
};
