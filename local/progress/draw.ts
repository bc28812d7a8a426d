import { overview, type RunningBranch, type RunState, type Wait } from './state.ts';

export interface Screen {
  columns: number;
  rows: number;
  /** Whether colours are wanted: NO_COLOR isn't set. */
  colours: boolean;
}

/** Lines of the terminal that are left to what is printed above: the error that has just come must stay visible. */
const ROWS_LEFT = 4;

/** Longest bar, in columns. */
const LONGEST_BAR = 24;

/**
 * The lines of a run on a terminal: one for the whole run, and one for each branch that runs.
 *
 * No line is wider than the terminal, and there are fewer lines than it has rows.
 */
export const draw = (state: RunState, { columns, rows, colours }: Screen, now: number): string[] => {
  if (!state.plan) return [];
  // Some terminals break a line that fills its last column.
  const width = Math.max(1, columns - 1);
  const paint = paintWith(colours);
  const branches = [...state.running].map(([name, branch]) => ({ name, branch }));
  const room = Math.max(0, rows - 1 - ROWS_LEFT);
  const fit = branches.length > room ? Math.max(0, room - 1) : branches.length;
  const nameWidth = Math.min(Math.max(0, ...branches.map(({ name }) => name.length)), Math.floor(width / 2));
  const lines = branches
    .slice(0, fit)
    .map(({ name, branch }) => branchLine(state, name, branch, { width, nameWidth, now, paint }));
  const more = branches.length - fit;
  return [
    paint('bold', cut(runLine(state, width, now), width)),
    ...lines,
    ...(more > 0 && room > 0 ? [cut(`  and ${more} more ${more === 1 ? 'branch' : 'branches'}`, width)] : []),
  ];
};

/** One line about the whole run, without a terminal. */
export const plainLine = (state: RunState, now: number): string =>
  `  ${partsOf(state, now)
    .map(({ text }) => text)
    .join(', ')}`;

/** What the run's line says. Where the terminal is narrow, the parts with the highest `rank` are left out first. */
const partsOf = (state: RunState, now: number): { rank: number; text: string }[] => {
  const { plan, pace, throttles, written, failed, outage } = state;
  const { movies, ofMovies, perSecond, secondsLeft } = overview(state, now);
  const branches = `${written.size} of ${plan?.branches ?? 0} branches`;
  return [
    { rank: 1, text: `${movies} of ${ofMovies} movies` },
    { rank: 4, text: failed.size ? `${branches}, ${failed.size} failed` : branches },
    { rank: 3, text: `${perSecond.toFixed(1)} of ${Number(pace.toFixed(1))} requests/s` },
    { rank: 5, text: `429s: ${throttles}` },
    {
      rank: 2,
      text: outage ? waitText(outage, now) : secondsLeft === undefined ? '' : `${duration(secondsLeft)} left`,
    },
  ].filter(({ text }) => text !== '');
};

const runLine = (state: RunState, width: number, now: number): string => {
  const parts = partsOf(state, now);
  const textOf = () => parts.map(({ text }) => text).join('  ');
  while (parts.length > 1 && textOf().length > width) {
    const last = parts.reduce((worst, part) => (part.rank > worst.rank ? part : worst));
    parts.splice(parts.indexOf(last), 1);
  }
  return textOf();
};

interface LineOptions {
  width: number;
  nameWidth: number;
  now: number;
  paint: Paint;
}

const branchLine = (
  { movies }: RunState,
  name: string,
  { waits }: RunningBranch,
  { width, nameWidth, now, paint }: LineOptions,
): string => {
  const start = `  ${cut(name, nameWidth).padEnd(nameWidth)}  `;
  const room = Math.max(0, width - start.length);
  if (waits) return cut(start, width) + paint('yellow', waitText(waits, now, room));
  const done = movies.get(name);
  if (!done) return cut(start, width) + cut('reads its list', room);
  const counts = done.kept === done.of ? `${done.kept} of ${done.of}, writes` : `${done.kept} of ${done.of}`;
  const barWidth = Math.min(LONGEST_BAR, room - counts.length - 2);
  if (barWidth < 4) return cut(start, width) + cut(counts, room);
  return `${start}${bar(done.kept, done.of, barWidth, paint)}  ${counts}`;
};

/** A bar of `width` columns. */
export const bar = (done: number, of: number, width: number, paint: Paint = (_, text) => text): string => {
  const full = of === 0 ? width : Math.floor((Math.min(done, of) / of) * width);
  return paint('cyan', '█'.repeat(full)) + paint('dim', '░'.repeat(width - full));
};

/** The reason is cut before the attempt and the time: a person who waits wants to know until when. */
const waitText = ({ why, attempt, until }: Wait, now: number, room = Number.POSITIVE_INFINITY): string => {
  const seconds = Math.ceil((until - now) / 1000);
  const next = `${attempt ? `, ${attempt}` : ''}${seconds > 0 ? `, next in ${seconds} s` : ', sent again'}`;
  const text = oneLine(why);
  return cut(cut(text, Math.max(0, room - next.length)) + next, room);
};

export const cut = (text: string, width: number): string =>
  text.length <= width ? text : width < 1 ? '' : `${text.slice(0, width - 1)}…`;

/** Text of others without what moves the cursor or breaks the line. */
export const oneLine = (text: string): string => text.replaceAll(/\p{Cc}+/gu, ' ');

const duration = (seconds: number): string => {
  const whole = Math.ceil(seconds);
  if (whole < 100) return `${whole} s`;
  const minutes = Math.ceil(whole / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

type Paint = (style: keyof typeof STYLES, text: string) => string;

/** Select Graphic Rendition: how a style begins and ends. Source: ECMA-48, 8.3.117. */
const STYLES = { bold: [1, 22], dim: [2, 22], yellow: [33, 39], cyan: [36, 39] } as const;

const paintWith =
  (colours: boolean): Paint =>
  (style, text) => {
    const [begin, end] = STYLES[style];
    return colours && text !== '' ? `\x1b[${begin}m${text}\x1b[${end}m` : text;
  };
