import { vi } from 'vitest';
import { failure } from '../../local/exit-code.ts';
import { main as start } from '../../local/main.ts';
import { main as upload } from '../../local/upload.ts';

/**
 * A command in this process, for what ends before the command's work starts. A process of its own takes a second.
 *
 * @returns The exit code, and what the command prints to stderr for an error.
 */
const inProcess = async (main: typeof start, args: readonly string[], env: Record<string, string> = {}) => {
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

/** `npm start`. */
export const startInProcess = (args: readonly string[], env?: Record<string, string>) => inProcess(start, args, env);

/** `npm run upload`. */
export const uploadInProcess = (args: readonly string[], env?: Record<string, string>) => inProcess(upload, args, env);
