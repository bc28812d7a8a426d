import { createLogUpdate } from 'log-update';
import type { Emit, RunEvent } from '../../lib/events.ts';
import { draw, plainLine } from './draw.ts';
import { saidAbout, wrapped } from './said.ts';
import { newRun, nextState, type RunState } from './state.ts';

/** Shows the progress of a run. */
export interface Progress {
  see: Emit;
  /** Removes the lines that change, and shows the cursor again. */
  stop(): void;
  /** Leaves the last lines, and shows the cursor again. */
  leave(): void;
}

export interface ProgressOptions {
  /** Requests that the run may send in a second. */
  pace: number;
  /** NO_COLOR, TERM and CI are read. */
  env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** Calls `tick` again and again, until the returned function is called. */
  every?: (ms: number, tick: () => void) => () => void;
}

/** Ten pictures a second look smooth. */
const DRAW_MS = 100;

/** Time between two lines about the whole run, without a terminal. */
const LINE_MS = 5_000;

const everyOnTimer = (ms: number, tick: () => void) => {
  const timer = setInterval(tick, ms);
  timer.unref();
  return () => clearInterval(timer);
};

/**
 * On a terminal, shows a line for the run and one for each running branch, which change. Elsewhere, and on a terminal
 * that can't move its cursor, prints a line every few seconds and one for each branch.
 */
export const showProgress = (
  out: NodeJS.WriteStream,
  { pace, env, now = () => Date.now(), every = everyOnTimer }: ProgressOptions,
): Progress => {
  const changes = changesLines(out, env);
  const view = changes ? onTerminal(out, now, !env.NO_COLOR) : inLines(out, now);
  let state = newRun(pace);
  let stopTicks: (() => void) | undefined;
  const end = (last: (state: RunState) => void) => {
    stopTicks?.();
    if (stopTicks) last(state);
    stopTicks = undefined;
  };
  return {
    see: (event) => {
      const texts = saidAbout(event, state);
      state = nextState(state, event, now());
      view.say(texts, event, state);
      if (!state.plan) return;
      stopTicks ??= every(changes ? DRAW_MS : LINE_MS, () => view.tick(state));
    },
    stop: () => end(view.stop),
    leave: () => end(view.leave),
  };
};

/** Whether lines can be changed after they were printed: a terminal that moves its cursor, and no log of a CI service. */
export const changesLines = (out: NodeJS.WriteStream, env: ProgressOptions['env']): boolean =>
  out.isTTY && env.TERM !== 'dumb' && !isCi(env);

/** CI services set CI, some of them to "false" where they are off. */
const isCi = ({ CI }: ProgressOptions['env']): boolean => CI !== undefined && CI !== '' && CI !== 'false' && CI !== '0';

interface View {
  say(texts: readonly string[], event: RunEvent, state: RunState): void;
  tick(state: RunState): void;
  stop(state: RunState): void;
  leave(state: RunState): void;
}

const onTerminal = (out: NodeJS.WriteStream, now: () => number, colours: boolean): View => {
  const lines = createLogUpdate(out);
  const columns = () => out.columns || 80;
  let shown = false;
  const tick = (state: RunState) => {
    shown = true;
    lines(draw(state, { columns: columns(), rows: out.rows || 24, colours }, now()).join('\n'));
  };
  return {
    say: (texts, _, state) => {
      if (texts.length === 0) return;
      // Removes the lines that change, prints the text where they were, and draws them below it.
      lines.persist(texts.flatMap((one) => wrapped(one, columns())).join('\n'));
      if (shown) tick(state);
    },
    tick,
    stop: () => {
      if (!shown) return;
      lines.clear();
      lines.done();
    },
    leave: (state) => {
      tick(state);
      lines.done();
    },
  };
};

const inLines = (out: NodeJS.WriteStream, now: () => number): View => {
  const waitLine = waitLines(now);
  return {
    say: (texts, event) => {
      for (const text of texts) out.write(`${text}\n`);
      const wait = waitLine(event);
      if (wait) out.write(`  ${wait}\n`);
      if (event.type === 'branchWritten') {
        const { branch, kept, leftOut, parts } = event;
        out.write(`  ${branch}: ${kept} kept, ${leftOut} left out, ${parts} ${parts === 1 ? 'part' : 'parts'}\n`);
      }
    },
    tick: (state) => out.write(`${plainLine(state, now())}\n`),
    stop: () => undefined,
    leave: (state) => out.write(`${plainLine(state, now())}\n`),
  };
};

/** Shortest wait of a single request that has a line, in milliseconds. Shorter ones are the rule on a busy day. */
const SHOWN_WAIT_MS = 1_000;

/** Without a terminal, lines about waits of single requests come at least so many milliseconds apart. */
const WAIT_LINE_MS = 5_000;

const waitLines = (now: () => number) => {
  let lastAt = Number.NEGATIVE_INFINITY;
  return (event: RunEvent): string | undefined => {
    if (event.type !== 'waiting' || event.waitMs < SHOWN_WAIT_MS || now() - lastAt < WAIT_LINE_MS) return undefined;
    lastAt = now();
    return `${event.branch}: ${event.reason}; waiting ${Math.ceil(event.waitMs / 1000)} s (retry ${event.retry} of ${event.retries}).`;
  };
};
