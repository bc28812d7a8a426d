import { Console } from 'node:console';

/**
 * Makes a Powertools tool write to stderr.
 *
 * Lambda writes both stdout and stderr to the function's log. Local callers (sls invoke local, the emulator) read the
 * function's result from stdout, so logs must not go there.
 */
export const onStderr = <Tool extends object>(tool: Tool): Tool =>
  Object.assign(tool, { console: new Console(process.stderr, process.stderr) });
