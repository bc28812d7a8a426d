import type { Changed, Changes } from '../changes.ts';
import type { ReportFacts } from '../facts.ts';
import { counted, dollars, grouped, longDay, signed } from '../figures.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { nounsOf } from '../nouns.ts';
import type { Movie } from '../records.ts';
import { type Column, details, note, numeric, type Row, section, table, texts } from '../table.ts';

/** Rows that are shown at once, and rows that the report has at all: it must stay small. */
const SHOWN = 3;
const AT_MOST = 100;

export const changesSection = ({ compared, day, branches }: ReportFacts): Html => {
  if (!('changes' in compared))
    return section(
      'changes',
      compared.with ? `Not compared with ${longDay(compared.with)}` : 'There is no earlier day to compare with',
      note(compared.because),
    );
  const { changes, skipped } = compared;
  const since = longDay(compared.with);
  return section(
    'changes',
    headingOf(changes, since, nounsOf(branches, day).one),
    skipped.length > 0 &&
      note(
        `Only one of the two days has ${counted(skipped.length, 'branch', 'branches')}: ${namesOf(skipped)}. Not compared.`,
      ),
    list('New', [texts('Title'), texts('Year'), numeric('Budget'), texts('Lead')], changes.added.map(newRow)),
    list(
      'Gone',
      [texts('Title'), texts('Year'), numeric('Budget'), texts('Why')],
      changes.gone.map(({ movie, why }) => ({ cells: [titleOf(movie), movie.year ?? '–', budgetOf(movie), why] })),
    ),
    list(
      'Budget changed',
      changedColumns('Budget'),
      changes.budgets.map((one) => changedRow(one, dollars)),
    ),
    list(
      'Votes changed',
      changedColumns('Votes'),
      changes.votes.map((one) => changedRow(one, grouped)),
    ),
  );
};

const headingOf = ({ added, gone, budgets, votes }: Changes, since: string, noun: string): string => {
  const parts = [
    added.length > 0 && `${grouped(added.length)} new`,
    gone.length > 0 && `${grouped(gone.length)} gone`,
    budgets.length > 0 && `${counted(budgets.length, 'budget')} changed`,
    votes.length > 0 && `votes changed for ${grouped(votes.length)}`,
  ].filter((part) => part !== false);
  if (parts.length === 0) return `No ${noun} is new, gone or changed since ${since}`;
  const last = parts.pop() ?? '';
  return `Since ${since}: ${parts.length > 0 ? `${parts.join(', ')} and ${last}` : last}`;
};

const namesOf = (names: readonly string[]): string =>
  names.slice(0, 10).join(', ') + (names.length > 10 ? ` and ${grouped(names.length - 10)} more` : '');

/** A title may be in any script and direction, and must not turn around the text beside it. */
export const titleOf = ({ title, id }: Movie): Html => html`<bdi>${title ?? `id ${id}`}</bdi>`;

const budgetOf = ({ budget }: Movie) => (budget === undefined ? '–' : { shows: dollars(budget), value: budget });

const newRow = (movie: Movie): Row => ({
  cells: [titleOf(movie), movie.year ?? '–', budgetOf(movie), html`<bdi>${movie.lead ?? '–'}</bdi>`],
});

const changedColumns = (what: string): Column[] => [
  texts('Title'),
  texts('Year'),
  numeric(`${what} before`),
  numeric(`${what} now`),
  numeric('Difference'),
];

const changedRow = ({ movie, from, to }: Changed, shown: (value: number) => string): Row => ({
  cells: [
    titleOf(movie),
    movie.year ?? '–',
    { shows: shown(from), value: from },
    { shows: shown(to), value: to },
    { shows: signed(to - from), value: to - from },
  ],
});

const list = (name: string, columns: Column[], rows: readonly Row[]): Html => {
  if (rows.length === 0) return NOTHING;
  const rest = rows.slice(SHOWN, AT_MOST);
  return html`<h3>${name}: ${grouped(rows.length)}</h3>${table(`${name}, the first`, columns, rows.slice(0, SHOWN))}
${rest.length > 0 && details(`${grouped(rest.length)} more`, html`${table(`${name}, the rest`, columns, rest)}${rows.length > AT_MOST && note(`And ${grouped(rows.length - AT_MOST)} more, which only the files of both days have.`)}`)}`;
};
