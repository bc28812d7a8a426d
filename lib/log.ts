/** Structured logging as the pipeline uses it: a sentence, and the facts beside it. Powertools' Logger is one. */
export interface Log {
  info(message: string, facts: Record<string, unknown>): void;
  warn(message: string, facts: Record<string, unknown>): void;
  error(message: string, facts: Record<string, unknown>): void;
}
