/** Signals that end a run, and the exit code of each: 128 and the signal's number, as shells have it. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Ends this process at a signal: Ctrl-C, `kill`, or a terminal that is closed.
 *
 * @param beforeExit Called first. It must not wait for anything.
 * @param end Ends the process. By default, it exits with the signal's exit code.
 * @returns Stops listening.
 */
export const onStopSignal = (
  beforeExit: () => void,
  end: (exitCode: number, signal: string) => void = (exitCode) => process.exit(exitCode),
): (() => void) => {
  const listeners = Object.entries(EXIT_CODES).map(([signal, exitCode]) => {
    const listener = () => {
      try {
        beforeExit();
      } finally {
        end(exitCode, signal);
      }
    };
    process.once(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => {
    for (const remove of listeners) remove();
  };
};
