import type { Log } from '../../lib/log.ts';

/** A log that keeps what it is told. */
export const keptLog = (): Log & { lines: { level: string; message: string; facts: Record<string, unknown> }[] } => {
  const lines: { level: string; message: string; facts: Record<string, unknown> }[] = [];
  const at = (level: string) => (message: string, facts: Record<string, unknown>) => {
    lines.push({ level, message, facts });
  };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
};
