import { vi } from 'vitest';
import { failure } from '../../local/exit-code.ts';
import { main as start } from '../../local/main.ts';
import { main as query } from '../../local/query.ts';
import { main as upload } from '../../local/upload.ts';

/**
 * A command in this process, for what is not about its process. A process of its own takes seconds of CPU: it loads all
 * modules, and its code is not compiled by the runs before it.
 *
 * @param env The whole environment of the command. Libraries that read `process.env` on their own don't see it.
 * @returns The exit code, and what the command prints.
 */
const inProcess = async (main: typeof start, args: readonly string[], env: Record<string, string> = {}) => {
  let out = '';
  let err = '';
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
  try {
    return { code: await main(args, env), out, err };
  } catch (error) {
    const { text, code } = failure(error);
    return { code, out, err: `${err}${text}\n` };
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
  }
};

/** `npm start`. */
export const startInProcess = (args: readonly string[], env?: Record<string, string>) => inProcess(start, args, env);

/** `npm run upload`. */
export const uploadInProcess = (args: readonly string[], env?: Record<string, string>) => inProcess(upload, args, env);

/** `npm run query`. */
export const queryInProcess = (args: readonly string[], env?: Record<string, string>) => inProcess(query, args, env);
