import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './deployed.ts';

/**
 * What a program prints instead of doing something: its help for --help or -h, or its version.
 *
 * Before the other options are read, so that a wrong one doesn't hide the help.
 */
export const printed = (argv: readonly string[], usage: string): string | undefined => {
  if (argv.includes('--help') || argv.includes('-h')) return usage;
  return argv.includes('--version') ? versionLine() : undefined;
};

const versionLine = (): string => {
  const { name, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, string>;
  return `${name} ${version}\n`;
};
