import { quoted } from './quoted.ts';

/**
 * The command that continues a run.
 *
 * @param again Options that the command repeats.
 */
export const resumeCommand = (run: string, again: readonly string[]): string =>
  ['npm start -- --resume', run, ...again.map(quoted)].join(' ');
