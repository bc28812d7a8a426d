import { share } from '../bars.ts';
import { byRank, RANKS } from '../changes.ts';
import type { ReportFacts } from '../facts.ts';
import { counted, dollars, grouped, rounded } from '../figures.ts';
import { type Html, html } from '../html.ts';
import { nounsOf } from '../nouns.ts';
import type { Movie } from '../records.ts';
import { note, numeric, section, table, texts } from '../table.ts';
import { titleOf } from './changes.ts';

const ROWS = 10;

type Rank = (typeof RANKS)[number];

/** Names of the ranks, and how their values are shown. */
const SHOWN: Readonly<Record<Rank, { name: string; one: string; many: string; shows: (value: number) => string }>> = {
  budget: { name: 'Budget', one: 'highest budget', many: 'highest budgets', shows: dollars },
  votes: { name: 'Votes', one: 'most votes', many: 'most votes', shows: grouped },
  popularity: { name: 'Popularity', one: 'highest popularity', many: 'most popular', shows: rounded },
  cast: { name: 'Cast', one: 'largest cast', many: 'largest casts', shows: grouped },
};

/** The data itself: the first ten by budget, or by what the records have instead. */
export const topTenSection = ({ movies, unread, day, branches }: ReportFacts): Html => {
  if (!movies) return section('top', 'The data is in the files', note('They are too large to read for a report.'));
  if (movies.length === 0)
    return section(
      'top',
      day.written === 0 ? 'No record is written' : 'The records have no id to tell them apart',
      unreadNote(unread),
    );
  const enough = Math.min(ROWS, movies.length);
  const rank = RANKS.find((one) => movies.filter((movie) => (movie[one] ?? 0) > 0).length >= enough);
  const top = movies.toSorted((a, b) => (rank ? (b[rank] ?? -1) - (a[rank] ?? -1) : 0) || byRank(a, b)).slice(0, ROWS);
  const first = top[0];
  const { name, many, shows } = rank ? SHOWN[rank] : { name: '', many: '', shows: grouped };
  const most = (rank && first?.[rank]) || 1;
  const has = (field: keyof Movie) => top.some((movie) => movie[field] !== undefined);
  const columns = [
    ...(has('title') ? [texts('Title')] : [texts('TMDB id')]),
    ...(has('year') ? [texts('Year')] : []),
    ...(rank ? [numeric(name)] : []),
    ...(has('lead') ? [texts('Lead')] : []),
    ...(has('directors') ? [texts('Director')] : []),
  ];
  return section(
    'top',
    rank && first
      ? leading(movies, rank, first, nounsOf(branches, day).many)
      : `Ten of ${counted(movies.length, 'record')}`,
    note(`The ten ${rank ? many : 'first'} of ${grouped(movies.length)}, each once.`),
    unreadNote(unread),
    html`<div class="ranked">${table(
      rank ? `Ten ${many}` : 'Ten records',
      columns,
      top.map((movie) => ({
        cells: [
          has('title') ? titleOf(movie) : String(movie.id),
          ...(has('year') ? [movie.year ?? '–'] : []),
          ...(rank
            ? [
                {
                  shows: html`${shows(movie[rank] ?? 0)}<svg class="bar accent under" aria-hidden="true" focusable="false"><rect x="0" width="${share(movie[rank] ?? 0, most)}" height="100%" rx="1.5"/></svg>`,
                  value: movie[rank] ?? 0,
                },
              ]
            : []),
          ...(has('lead') ? [html`<bdi>${movie.lead ?? '–'}</bdi>`] : []),
          ...(has('directors') ? [html`<bdi>${movie.directors?.join(', ') ?? '–'}</bdi>`] : []),
        ],
      })),
    )}</div>`,
  );
};

const leading = (movies: readonly Movie[], rank: Rank, first: Movie, many: string): Html => {
  const { one, shows } = SHOWN[rank];
  const highest = first[rank] ?? 0;
  const equals = movies.filter((movie) => movie[rank] === highest).length;
  return equals > 1
    ? html`${grouped(equals)} ${many} share the ${one}: ${shows(highest)}`
    : html`${titleOf(first)} has the ${one}: ${shows(highest)}`;
};

const unreadNote = (unread: readonly string[]) =>
  unread.length > 0 &&
  html`<p class="warning">${counted(unread.length, 'file')} could not be read: ${unread.slice(0, 3).join(', ')}${unread.length > 3 && ' …'}</p>`;
