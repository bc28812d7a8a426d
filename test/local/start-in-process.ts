import { vi } from 'vitest';
import { failure } from '../../local/exit-code.ts';
import { main } from '../../local/main.ts';

/**
 * `npm start` in this process, for what ends before a run starts. A process of its own takes a second.
 *
 * @returns The exit code, and what the command prints to stderr for an error.
 */
export const startInProcess = async (args: readonly string[], env: Record<string, string> = {}) => {
  const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    return { code: await main(args, env), err: '' };
  } catch (error) {
    const { text, code } = failure(error);
    return { code, err: `${text}\n` };
  } finally {
    stdout.mockRestore();
  }
};
