import type { Log } from '../lib/log.ts';

/** A log of JSON lines. Each has the time, the level, the message and its data. */
export const jsonLines = (write: (line: string) => void): Log => {
  let names = {};
  const level = (name: string) => (message: string, facts: Record<string, unknown>) =>
    write(`${JSON.stringify({ at: new Date().toISOString(), level: name, message, ...names, ...facts })}\n`);
  return {
    debug: level('debug'),
    info: level('info'),
    warn: level('warn'),
    error: level('error'),
    appendKeys: (more) => {
      names = { ...names, ...more };
    },
  };
};
