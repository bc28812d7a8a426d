import { layout } from '../../runs/layout.ts';
import { REASONS, type Reason } from '../../runs/work.ts';
import { bars } from '../bars.ts';
import type { ReportFacts } from '../facts.ts';
import { counted, grouped, percent } from '../figures.ts';
import { type Html, html } from '../html.ts';
import { details, note, section, table, texts } from '../table.ts';

/** What a reason means, for people who see it for the first time. */
const MEANS: Readonly<Record<Reason, string>> = {
  gone: 'TMDB listed it, then answered 404',
  not_found: 'TMDB does not know this IMDb id',
  is_tv: 'TMDB has it as a series',
  is_movie: 'TMDB has it as a movie',
  is_episode: 'TMDB has it as an episode',
  is_person: 'TMDB has it as a person',
  ambiguous: 'TMDB has several entries for it',
  quarantined: 'TMDB’s answer could not be read',
  unavailable: 'TMDB gave no usable answer',
  malformed: 'it is not an IMDb id',
};

/** Ids of each reason that the report shows. The manifests have all. */
const SHOWN = 20;

interface MissingId {
  id: number | string;
  branch: string;
  why?: string | undefined;
  key?: string | undefined;
}

export const missingSection = ({ day, branches }: ReportFacts): Html => {
  const byReason = REASONS.flatMap((reason) => {
    const ids = branches.flatMap((branch) => {
      const why = new Map<number | string, { why: string; key?: string }>(
        [...branch.quarantine, ...branch.unavailable].map((one) => [one.id, one]),
      );
      return (branch.missing[reason] ?? []).map((id): MissingId => ({ id, branch: branch.branch, ...why.get(id) }));
    });
    return ids.length > 0 ? [{ reason, ids }] : [];
  });
  const total = byReason.reduce((sum, { ids }) => sum + ids.length, 0);
  if (total === 0)
    return section(
      'missing',
      day.distinct === 0
        ? 'No id was asked for'
        : day.unfinished.length > 0
          ? 'No id of the finished branches is missing'
          : 'No id is missing',
      day.distinct > 0 && note(`Each of the ${grouped(day.distinct)} distinct ids has an answer.`),
    );
  const largest = byReason.reduce((a, b) => (b.ids.length > a.ids.length ? b : a));
  const others = byReason.length > 1 ? `, most because ${MEANS[largest.reason]}` : `: ${MEANS[largest.reason]}`;
  return section(
    'missing',
    `${counted(total, 'id has', 'ids have')} no record (${percent(total, day.distinct)})${others}`,
    bars(
      'Missing ids by reason',
      byReason
        .toSorted((a, b) => b.ids.length - a.ids.length)
        .map(({ reason, ids }) => ({
          label: reason,
          value: ids.length,
          shows: grouped(ids.length),
          about: MEANS[reason],
          tone: isFault(reason) ? ('failed' as const) : ('quiet' as const),
        })),
    ),
    byReason.map(({ reason, ids }) => idsOf(reason, ids)),
    total > SHOWN &&
      note(
        html`All ids, by reason and branch, are in <code>${layout.dayManifest(day)}</code> and in the manifests below <code>${layout.branchManifests(day)}</code>.`,
      ),
  );
};

const isFault = (reason: Reason) => reason === 'quarantined' || reason === 'unavailable' || reason === 'malformed';

const idsOf = (reason: Reason, ids: readonly MissingId[]): Html => {
  const shown = ids.slice(0, SHOWN);
  const hasWhy = shown.some(({ why }) => why !== undefined);
  const hasKey = shown.some(({ key }) => key !== undefined);
  return details(
    `${reason}: ${ids.length > SHOWN ? `the first ${SHOWN} of ${grouped(ids.length)} ids` : counted(ids.length, 'id')}`,
    table(
      `Ids without a record: ${reason}`,
      [
        texts('Id'),
        texts('Branch'),
        ...(hasWhy ? [texts('Why')] : []),
        ...(hasKey ? [texts('Quarantined answer')] : []),
      ],
      shown.map(({ id, branch, why, key }) => ({
        cells: [
          String(id),
          branch,
          ...(hasWhy ? [why ?? '–'] : []),
          ...(hasKey ? [html`<code>${key ?? '–'}</code>`] : []),
        ],
      })),
    ),
  );
};
