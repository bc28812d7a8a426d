import type { BranchManifest } from '../../runs/manifest.ts';
import { bars } from '../bars.ts';
import type { ReportFacts } from '../facts.ts';
import { counted, duration, grouped } from '../figures.ts';
import type { Html } from '../html.ts';
import { runTime } from '../run-time.ts';
import { details, note, numeric, type Row, section, table, texts } from '../table.ts';
import { missingOf } from './heat-map.ts';

/** Bars of the chart at most. The table has all branches. */
const SHOWN = 22;

const msOf = ({ fetchedAt: { from, to } }: BranchManifest): number =>
  from && to ? Math.max(0, Date.parse(to) - Date.parse(from)) : 0;

export const branchesSection = (facts: ReportFacts): Html => {
  const { day, branches } = facts;
  const slowest = branches.toSorted((a, b) => msOf(b) - msOf(a) || (a.branch < b.branch ? -1 : 1));
  const first = slowest[0];
  const start = runTime(facts)?.from;
  const isOneRun = branches.every(({ run }) => run === day.run);
  const offset = ({ fetchedAt: { from } }: BranchManifest) =>
    isOneRun && start && from ? Math.max(0, Date.parse(from) - Date.parse(start)) : 0;
  return section(
    'branches',
    first ? `${first.branch} took longest: ${duration(msOf(first))}` : 'No branch is written',
    first &&
      note(
        `${isOneRun ? 'When each branch was requested, from the start of the run' : 'How long each branch was requested'}${branches.length > SHOWN ? `; the ${SHOWN} longest of ${grouped(branches.length)}` : ''}.`,
      ),
    first &&
      bars(
        'Branches by time',
        slowest
          .slice(0, SHOWN)
          .toSorted((a, b) => offset(a) - offset(b))
          .map((branch) => ({
            label: branch.branch,
            from: offset(branch),
            value: msOf(branch),
            shows: duration(msOf(branch)),
            tone: branch === first ? ('accent' as const) : ('quiet' as const),
          })),
      ),
    details(
      `Table: ${counted(branches.length + notWritten(facts).length, 'branch', 'branches')}`,
      table(
        'Branches',
        [
          texts('Branch'),
          ...[
            'Took',
            'Requests',
            'Retries',
            '429',
            'Expected',
            'Distinct',
            'Left out',
            'Missing',
            'Written',
            'Files',
          ].map(numeric),
        ],
        [...branches.map(rowOf), ...notWritten(facts)],
      ),
    ),
  );
};

const rowOf = (branch: BranchManifest): Row => ({
  id: `branch-${branch.branch}`,
  cells: [
    branch.branch,
    { shows: duration(msOf(branch)), value: msOf(branch) },
    ...[
      branch.requests,
      branch.retries,
      branch.throttles,
      branch.expected,
      branch.distinct,
      branch.leftOut,
      missingOf(branch),
      branch.written,
      branch.parts.length,
    ].map((value) => ({ shows: grouped(value), value })),
  ],
});

const notWritten = ({ day, branches }: ReportFacts): Row[] => {
  const written = new Set(branches.map(({ branch }) => branch));
  const names = new Set([...day.unfinished.map(({ branch }) => branch), ...day.absent]);
  return [...names]
    .filter((name) => !written.has(name))
    .toSorted()
    .map((name) => ({ id: `branch-${name}`, cells: [name, 'not written', ...Array.from({ length: 9 }, () => '–')] }));
};
