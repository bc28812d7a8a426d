import { bars } from '../bars.ts';
import type { ReportFacts } from '../facts.ts';
import { counted, grouped } from '../figures.ts';
import { type Html, html } from '../html.ts';
import { nounsOf } from '../nouns.ts';
import { details, note, numeric, section, table, texts } from '../table.ts';

/** From the lists to the files: what each step keeps. */
export const funnelSection = ({ day, branches }: ReportFacts): Html => {
  const { many } = day.csv ? { many: 'ids' } : nounsOf(branches, day);
  const missing = Object.values(day.missing).reduce((sum, ids) => sum + ids.length, 0);
  const steps = [
    { name: 'Listed', value: day.listed, lost: day.expected === day.listed ? '' : `${grouped(day.expected)} expected` },
    {
      name: 'Distinct',
      value: day.distinct,
      lost: day.doubled > 0 ? `${grouped(day.doubled)} listed twice` : undefined,
    },
    {
      name: 'Fetched',
      value: day.distinct - missing,
      lost: missing > 0 ? `${grouped(missing)} without a record` : undefined,
    },
    {
      name: 'Kept',
      value: day.kept,
      lost: day.leftOut > 0 ? `${grouped(day.leftOut)} left out by the rule` : undefined,
    },
    { name: 'Written', value: day.written, lost: undefined },
  ];
  return section(
    'funnel',
    headingOf(day, many, missing),
    bars(
      `From the lists to the files, in ${many}`,
      steps.map(({ name, value, lost }) => ({ label: name, value, shows: grouped(value), about: lost })),
    ),
    day.csv && uploadOf(day.csv),
    details(
      'Table',
      table(
        'From the lists to the files',
        [texts('Step'), numeric(many), texts('Difference')],
        steps.map(({ name, value, lost }) => ({ cells: [name, { shows: grouped(value), value }, lost] })),
      ),
    ),
  );
};

const headingOf = ({ distinct, kept, leftOut }: ReportFacts['day'], many: string, missing: number): string => {
  if (distinct === 0) return `The lists have no ${many}`;
  const lost = [
    missing > 0 && `${grouped(missing)} ${missing === 1 ? 'has' : 'have'} no record`,
    leftOut > 0 && `${grouped(leftOut)} ${leftOut === 1 ? 'is' : 'are'} left out by the rule`,
  ].filter((one) => one !== false);
  return lost.length === 0
    ? `All ${grouped(distinct)} listed ${many} are written`
    : `${grouped(kept)} of ${grouped(distinct)} ${many} are written; ${lost.join(', ')}`;
};

const uploadOf = ({ key, rows, badRows, badLines, years }: NonNullable<ReportFacts['day']['csv']>): Html =>
  note(
    html`The ids are from <code>${key}</code>: ${counted(rows, 'row')}${years ? `, years ${years.from} to ${years.to}` : undefined}${badRows > 0 ? `, ${counted(badRows, 'bad row')} skipped (lines ${badLines.slice(0, 10).join(', ')}${badRows > Math.min(10, badLines.length) ? ' …' : undefined})` : undefined}.`,
  );
