import { spawn, spawnSync } from 'node:child_process';
import xterm from '@xterm/headless';
import { ROOT } from '../../local/deployed.ts';
import { NODE_COMPILE_CACHE } from './command-line.ts';

/*
 * Programs on a terminal. Python's module pty gives them a pseudo-terminal, so that no package has to be compiled, and
 * xterm.js turns their bytes into what a person sees.
 */

/** Starts a program on a pseudo-terminal. Its stdin is the keyboard, its stdout is what the terminal gets. */
const IN_PTY = `
import fcntl, os, pty, select, struct, sys, termios
rows, columns = int(sys.argv[1]), int(sys.argv[2])
pid, master = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
    os.execvp(sys.argv[3], sys.argv[3:])
sources = [master, 0]
while True:
    ready, _, _ = select.select(sources, [], [])
    if 0 in ready:
        typed = os.read(0, 1024)
        if typed: os.write(master, typed)
        else: sources.remove(0)
    if master in ready:
        try: shown = os.read(master, 65536)
        except OSError: break
        if not shown: break
        os.write(1, shown)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
`;

/** Why no pseudo-terminal can be made here; undefined where it can. */
export const noTerminal = (): string | undefined =>
  spawnSync('python3', ['-c', 'import pty, termios; pty.openpty()']).status === 0
    ? undefined
    : 'needs python3 with its module pty';

export interface Shown {
  code: number | null;
  /** All bytes, as text. */
  bytes: string;
  /** Every line of the terminal and above it, from the top. A line that the terminal has wrapped is one. */
  lines: string[];
  /** Most rows that a line took, at any moment, by its text. */
  wrapped: string[];
}

/** Starts a program of the project on a terminal of this size. */
export const onTerminal = (
  program: string,
  args: readonly string[],
  { columns, rows, env }: { columns: number; rows: number; env: Record<string, string> },
) => {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(TMDB_|AWS_|npm_|INIT_CWD|CI$|NO_COLOR|FORCE_COLOR)/.test(name)),
  );
  const child = spawn('python3', ['-c', IN_PTY, String(rows), String(columns), process.execPath, program, ...args], {
    cwd: ROOT,
    env: { ...clean, TERM: 'xterm-256color', NODE_COMPILE_CACHE, ENV_FILE: '.env.none', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 10_000, allowProposedApi: true });
  const wrapped = new Set<string>();
  let bytes = '';
  let interpreted = Promise.resolve();
  const waiting: { pattern: RegExp; resolve: () => void }[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    bytes += text;
    interpreted = interpreted.then(
      () =>
        new Promise((done) =>
          terminal.write(text, () => {
            for (const line of linesOf(terminal)) if (line.isWrapped) wrapped.add(line.text);
            done();
          }),
        ),
    );
    for (const one of waiting) if (one.pattern.test(bytes)) one.resolve();
  });
  const ended = new Promise<Shown>((resolve) =>
    child.on('close', async (code) => {
      await interpreted;
      const lines = linesOf(terminal).map(({ text }) => text);
      terminal.dispose();
      resolve({ code, bytes, lines, wrapped: [...wrapped] });
    }),
  );
  return {
    /** Presses keys. */
    type: (keys: string) => child.stdin.write(keys),
    /** Resolves when the program has shown a text of this pattern, or has ended. */
    shows: (pattern: RegExp) =>
      Promise.race([
        ended,
        new Promise<void>((resolve) => {
          if (pattern.test(bytes)) resolve();
          else waiting.push({ pattern, resolve });
        }),
      ]),
    ended,
  };
};

const linesOf = (terminal: xterm.Terminal): { text: string; isWrapped: boolean }[] => {
  const { active } = terminal.buffer;
  const lines: { text: string; isWrapped: boolean }[] = [];
  for (let row = 0; row < active.length; row += 1) {
    const line = active.getLine(row);
    const text = line?.translateToString(true) ?? '';
    const last = lines.at(-1);
    if (line?.isWrapped && last) Object.assign(last, { text: last.text + text, isWrapped: true });
    else lines.push({ text, isWrapped: false });
  }
  return lines;
};
