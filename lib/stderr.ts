import { Console } from 'node:console';

/**
 * Makes a Powertools tool write to stderr.
 *
 * Lambda takes stdout and stderr alike into the function's log. A caller on one machine (sls invoke local, an emulator)
 * reads a function's result from stdout, so logs must not be there.
 */
export const onStderr = <Tool extends object>(tool: Tool): Tool =>
  Object.assign(tool, { console: new Console(process.stderr, process.stderr) });
