import type { RunEvent } from '../../lib/events.ts';
import { oneLine } from './draw.ts';
import type { RunState } from './state.ts';

/**
 * What is printed once about an event, above the lines that change: a warning, a failure, an outage.
 *
 * An error is printed in full the first time. When the last attempt fails with the same error, a short line says so.
 *
 * @param before The state before the event.
 * @returns Lines without a line break at the end.
 */
export const saidAbout = (event: RunEvent, before: RunState): string[] => {
  switch (event.type) {
    case 'datasetDoubtful':
      return [`Warning for dataset ${event.dataset}: ${event.warning}`];
    case 'planned':
      return event.outcome === 'planned' ? [event.sentence] : [];
    case 'branchFailed':
      return failureLine(event, before).map((line) => `  ${oneLine(line)}`);
    case 'tmdbDown':
      if (before.outage?.why === event.reason) return [];
      return [
        `  ${capital(oneLine(event.reason))}; waiting, next try in ${seconds(event.waitMs)} (gives up in ${seconds(event.givesUpInMs)}).`,
      ];
    case 'tmdbUp':
      return [`  TMDB answers again after ${seconds(event.afterMs)}.`];
    default:
      return [];
  }
};

const failureLine = (
  { branch, error, reason, attempt, attempts = attempt, nextTryInMs }: Extract<RunEvent, { type: 'branchFailed' }>,
  before: RunState,
): string[] => {
  const text = `${error}: ${reason}`;
  const count = attempt === undefined ? [] : [`attempt ${attempt} of ${attempts}`];
  if (before.errors.get(branch) === text)
    return nextTryInMs === undefined
      ? [`${branch} failed with the same error${count.length ? ` (${count})` : ''}`]
      : [];
  return [`${branch}: ${text} (${[...count, nextText(nextTryInMs)].join(', ')})`];
};

const nextText = (nextTryInMs: number | undefined): string => {
  if (nextTryInMs === undefined) return 'no other try';
  return nextTryInMs > 0 ? `next try in ${seconds(nextTryInMs)}` : 'to be tried again';
};

const seconds = (ms: number): string => `${Math.ceil(ms / 1000)} s`;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * Breaks a line between words, where it is wider than the terminal. Later lines are indented, so that the start of each
 * message is easy to find. A word that is wider than the terminal is broken.
 */
export const wrapped = (line: string, columns: number): string[] => {
  if (line.length < columns) return [line];
  const indent = ' '.repeat((/^ */.exec(line)?.[0].length ?? 0) + 2);
  const room = Math.max(1, columns - 1 - indent.length);
  const words = line
    .trim()
    .split(' ')
    .flatMap((word) => word.match(new RegExp(`.{1,${room}}`, 'gu')) ?? []);
  const lines: string[] = [];
  let current = indent.slice(2);
  for (const word of words) {
    const isFirst = current.trim() === '';
    const longer = isFirst ? current + word : `${current} ${word}`;
    if (longer.length < columns || isFirst) current = longer;
    else {
      lines.push(current);
      current = indent + word;
    }
  }
  return [...lines, current];
};
