import { isRetried, REASONS } from '../../runs/work.ts';
import type { Next, ReportFacts } from '../facts.ts';
import { cents, counted, duration, grouped, instant, longDay } from '../figures.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { nounsOf } from '../nouns.ts';
import { runTime } from '../run-time.ts';
import { details } from '../table.ts';

export type State = 'complete' | 'failed' | 'warning';

export interface Verdict {
  state: State;
  sentence: string;
}

/** The answer to the first question: is the data of the day there? */
export const verdictOf = ({ day, branches, planned }: ReportFacts): Verdict => {
  const unfinished = day.unfinished.length;
  const written = `${counted(day.written, nounsOf(branches, day).one, nounsOf(branches, day).many)} in ${counted(partsOf(branches), 'file')}`;
  if (unfinished > 0) {
    const of = planned ?? branches.length + unfinished;
    const first = day.unfinished[0];
    if (unfinished === of && of > 1)
      return { state: 'failed', sentence: `No branch finished: all ${grouped(of)} failed` };
    const named = unfinished === 1 && first ? `: ${first.branch}` : '';
    return {
      state: 'failed',
      sentence: `${grouped(unfinished)} of ${counted(of, 'branch', 'branches')} unfinished${named}`,
    };
  }
  if (day.complete) return { state: 'complete', sentence: `Complete: ${written}` };
  if (day.rewriting.length > 0)
    return { state: 'warning', sentence: `Being written again: ${written}, perhaps of several runs` };
  if (day.outdated.length > 0)
    return {
      state: 'warning',
      sentence: `${counted(day.outdated.length, 'branch does', 'branches do')} not fit the dataset as it is now`,
    };
  return {
    state: 'warning',
    sentence: `Incomplete: ${written}, and ${counted(day.absent.length, 'branch is', 'branches are')} not there yet`,
  };
};

const partsOf = (branches: ReportFacts['branches']) => branches.reduce((sum, { parts }) => sum + parts.length, 0);

/** Branches and warnings that are named on the first screen. */
const SHOWN = 10;

export const verdictSection = (facts: ReportFacts): Html => {
  const { day, next } = facts;
  const { state, sentence } = verdictOf(facts);
  return html`<header class="${state}">
<p class="muted">${day.dataset}, ${longDay(day.day)}</p>
<h1>${sentence}</h1>
${firstOf(
  day.unfinished.map(
    ({ branch, error, message }) =>
      html`<li><strong>${branch}</strong> <span class="muted">${error}</span><br>${message}</li>`,
  ),
  'unfinished branches',
)}
${state === 'failed' && soFar(facts)}${namedBranches('Not there yet', absentOnly(day))}${namedBranches('Outdated', day.outdated)}${namedBranches('Being written again by', day.rewriting)}
${next && continued(next, facts)}
${figuresOf(facts)}
${warningsOf(facts)}</header>
`;
};

const soFar = ({ day, branches }: ReportFacts): Html => {
  const { one, many } = nounsOf(branches, day);
  return html`<p>${counted(day.written, one, many)} in ${counted(partsOf(branches), 'file')} ${day.written === 1 ? 'is' : 'are'} written.</p>`;
};

/** Absent branches that are not unfinished ones: this run did not plan them. */
const absentOnly = ({ absent, unfinished }: ReportFacts['day']): string[] =>
  absent.filter((name) => !unfinished.some(({ branch }) => branch === name));

const firstOf = (items: readonly Html[], what: string): Html => {
  if (items.length === 0) return NOTHING;
  const rest = items.slice(SHOWN);
  return html`<ul class="plain">${items.slice(0, SHOWN)}</ul>${rest.length > 0 && details(`${grouped(rest.length)} more ${what}`, html`<ul class="plain">${rest}</ul>`)}`;
};

const namedBranches = (heading: string, names: readonly string[]): Html => {
  if (names.length === 0) return NOTHING;
  const text = html`${heading}: ${names.slice(0, SHOWN).join(', ')}`;
  if (names.length <= SHOWN) return html`<p>${text}.</p>`;
  return html`<p>${text} and ${grouped(names.length - SHOWN)} more.</p>${details('All names', html`<p>${names.join(', ')}</p>`)}`;
};

const continued = (next: Next, { day }: ReportFacts): Html => {
  const isLost = REASONS.some((reason) => isRetried(reason) && (day.missing[reason]?.length ?? 0) > 0);
  const isUnfinished = day.unfinished.length > 0;
  if (!isUnfinished && !isLost) return NOTHING;
  const what = isUnfinished ? 'To continue this run' : 'To request the missing ids again';
  if ('command' in next) return html`<p>${what}:</p><pre tabindex="0"><code>${next.command}</code></pre>`;
  const opened = html`<a href="${next.console}">open it in the Step Functions console</a>`;
  if (isUnfinished) return html`<p>${what}: ${opened} and choose Redrive.</p>`;
  // Step Functions redrives no execution that has succeeded.
  const input = JSON.stringify({ dataset: day.dataset, resume: day.run });
  return html`<p>${what}: ${opened}, choose New execution, and give it this input:</p><pre tabindex="0"><code>${input}</code></pre>`;
};

const figuresOf = (facts: ReportFacts): Html => {
  const { day } = facts;
  const cost = day.forecast?.dollars;
  const time = runTime(facts);
  const entries: [string, Html | string][] = [
    ['Source', sourceOf(day.tmdb)],
    ['Run', day.run],
    ...(time
      ? ([
          ['Began', instant(time.from)],
          ['Took', duration(time.ms)],
        ] as [string, string][])
      : []),
    ['Requests', grouped(day.requests)],
    ...(cost === undefined ? [] : ([['Cost in AWS, about', cents(cost)]] as [string, string][])),
  ];
  return html`<dl class="line">${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
};

const SIMULATED = 'simulator:';

const sourceOf = (tmdb: string | undefined): string => {
  if (tmdb === undefined) return 'not recorded';
  return tmdb.startsWith(SIMULATED) ? `simulator, ${tmdb.slice(SIMULATED.length).replaceAll('-', ' ')}` : tmdb;
};

const warningsOf = ({ day, branches }: ReportFacts): Html => {
  const all = [
    ...day.warnings.map((warning) => html`<li>${warning}</li>`),
    ...branches.flatMap(({ branch, warnings }) =>
      warnings.map((warning) => html`<li><strong>${branch}</strong>: ${warning}</li>`),
    ),
  ];
  if (all.length === 0) return NOTHING;
  return html`<div class="warnings"><p><strong>${counted(all.length, 'warning')}</strong></p>${firstOf(all, 'warnings')}</div>`;
};
