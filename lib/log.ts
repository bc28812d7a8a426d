/** Structured logging as the pipeline uses it: a sentence, and the facts beside it. Powertools' Logger is one. */
export interface Log {
  /** For whoever watches closely: the local progress does, CloudWatch by default not. */
  debug(message: string, facts: Record<string, unknown>): void;
  info(message: string, facts: Record<string, unknown>): void;
  warn(message: string, facts: Record<string, unknown>): void;
  error(message: string, facts: Record<string, unknown>): void;
}
