import type { ReportFacts } from './facts.ts';

/** When the run requested its first data and wrote its last branch. Branches of earlier runs of the day don't count. */
export const runTime = ({
  day,
  branches,
}: Pick<ReportFacts, 'day' | 'branches'>): { from: string; ms: number } | undefined => {
  const mine = branches.filter(({ run }) => run === day.run);
  const from = mine.flatMap(({ fetchedAt }) => fetchedAt.from ?? []).toSorted()[0];
  const to = mine
    .flatMap(({ writtenAt, fetchedAt }) => writtenAt ?? fetchedAt.to ?? [])
    .toSorted()
    .at(-1);
  return from === undefined || to === undefined
    ? undefined
    : { from, ms: Math.max(0, Date.parse(to) - Date.parse(from)) };
};
