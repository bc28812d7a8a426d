import type { Log } from '../lib/log.ts';

/** A log of JSON lines. Each has the time, the level, the message and its data. */
export const jsonLines = (write: (line: string) => void): Log => {
  const level = (name: keyof Log) => (message: string, facts: Record<string, unknown>) =>
    write(`${JSON.stringify({ at: new Date().toISOString(), level: name, message, ...facts })}\n`);
  return { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') };
};
