/** A structured log: a message and data. Powertools' Logger implements it. */
export interface Log {
  /** Details. By default, CloudWatch doesn't get them. */
  debug(message: string, facts: Record<string, unknown>): void;
  info(message: string, facts: Record<string, unknown>): void;
  warn(message: string, facts: Record<string, unknown>): void;
  error(message: string, facts: Record<string, unknown>): void;
  /** Adds data to all later lines of this call. */
  appendKeys(names: Record<string, unknown>): void;
}
