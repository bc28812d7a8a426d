import type { BranchManifest } from '../../runs/manifest.ts';
import type { ReportFacts } from '../facts.ts';
import { capitalized, counted, grouped } from '../figures.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { nounsOf } from '../nouns.ts';
import { details, note, numeric, section, table, texts } from '../table.ts';

/** A branch of one genre and one release year. */
interface Square {
  genre: string;
  year: string;
  /** Undefined where the branch has no manifest. */
  branch: BranchManifest | undefined;
  name: string;
}

const GENRE_YEAR = /^([a-z].*)-((?:18|19|20|21)\d\d)$/;

/** @returns undefined where the branches of the dataset are not genre × year pairs. */
const squaresOf = ({ day, branches }: ReportFacts): Square[] | undefined => {
  const written = new Map(branches.map((branch) => [branch.branch, branch]));
  const names = [
    ...new Set([...written.keys(), ...day.absent, ...day.unfinished.map(({ branch }) => branch)]),
  ].toSorted();
  const squares = names.flatMap((name): Square[] => {
    const [, genre, year] = GENRE_YEAR.exec(name) ?? [];
    return genre === undefined || year === undefined ? [] : [{ genre, year, branch: written.get(name), name }];
  });
  return squares.length > 0 && squares.length === names.length ? squares : undefined;
};

const titled = (genre: string) => capitalized(genre.replaceAll('-', ' '));

export const missingOf = ({ missing }: BranchManifest): number =>
  Object.values(missing).reduce((sum, ids) => sum + ids.length, 0);

/** More years than this stand below each other also on a wide screen. */
const YEARS_ACROSS = 16;

/** Shades of the scale, from `s0` for nothing to `s6` for the largest number. */
const SHADES = 6;

export const heatMapSection = (facts: ReportFacts): Html => {
  const squares = squaresOf(facts);
  if (!squares) return NOTHING;
  const { many } = nounsOf(facts.branches, facts.day);
  const genres = [...new Set(squares.map(({ genre }) => genre))];
  const years = [...new Set(squares.map(({ year }) => year))].toSorted();
  const most = Math.max(1, ...squares.map(({ branch }) => branch?.written ?? 0));
  const at = new Map(squares.map((square) => [`${square.genre} ${square.year}`, square]));
  const cell = (genre: string, year: string) => cellOf(at.get(`${genre} ${year}`), most, many);
  const across = html`<table class="heat across"><caption class="unseen">${capitalized(many)} written, genre by year</caption>
<thead><tr><td></td>${years.map((year) => html`<th scope="col">${year}</th>`)}</tr></thead>
<tbody>${genres.map(
    (genre) => html`<tr><th scope="row">${titled(genre)}</th>${years.map((year) => cell(genre, year))}</tr>
`,
  )}</tbody></table>`;
  const down = html`<table class="heat down"><caption class="unseen">${capitalized(many)} written, year by genre</caption>
<thead><tr><td></td>${genres.map((genre) => html`<th scope="col">${titled(genre)}</th>`)}</tr></thead>
<tbody>${years.map(
    (year) => html`<tr><th scope="row">${year}</th>${genres.map((genre) => cell(genre, year))}</tr>
`,
  )}</tbody></table>`;
  return section(
    'heat-map',
    findingOf(squares, many),
    note(`${capitalized(many)} written, by genre and release year. The stronger the colour, the more.`),
    html`<div class="heat-box"><div class="scroll${years.length > YEARS_ACROSS && ' tall'}" role="region" aria-label="${capitalized(many)} by genre and year" tabindex="0">${across}${down}</div></div>`,
    details(
      'Table: expected, written, left out and missing',
      table(
        'Genre and year',
        [
          texts('Genre'),
          numeric('Year'),
          numeric('Expected'),
          numeric('Written'),
          numeric('Left out'),
          numeric('Missing'),
        ],
        squares.map(({ genre, year, branch }) => ({
          cells: [
            titled(genre),
            year,
            ...(branch
              ? [branch.expected, branch.written, branch.leftOut, missingOf(branch)].map((value) => ({
                  shows: grouped(value),
                  value,
                }))
              : ['–', 'unfinished', '–', '–']),
          ],
        })),
      ),
    ),
  );
};

const cellOf = (square: Square | undefined, most: number, many: string): Html => {
  if (!square) return html`<td></td>`;
  const { genre, year, branch, name } = square;
  if (!branch)
    return html`<td><a class="cell none" href="#branch-${name}" aria-label="– ${titled(genre)} ${year}: not written">–<span class="tip" aria-hidden="true"><b>${titled(genre)} ${year}</b>: not written</span></a></td>`;
  const { written, expected, leftOut } = branch;
  const shade = written === 0 ? 0 : Math.max(1, Math.ceil((written / most) * SHADES));
  const parts = [
    `${grouped(expected)} expected`,
    `${grouped(written)} written`,
    `${grouped(leftOut)} left out`,
    `${grouped(missingOf(branch))} missing`,
  ];
  return html`<td><a class="cell s${shade}" href="#branch-${name}" aria-label="${grouped(written)} ${many}, ${titled(genre)} ${year}: ${parts.join(', ')}">${grouped(written)}<span class="tip" aria-hidden="true"><b>${titled(genre)} ${year}</b>: ${parts.join(', ')}</span></a></td>`;
};

const findingOf = (squares: readonly Square[], many: string): string => {
  const written = squares.flatMap(({ genre, year, branch }) =>
    branch ? [{ genre, year, written: branch.written }] : [],
  );
  if (written.length === 0) return 'No genre and year is written';
  const most = written.reduce((a, b) => (b.written > a.written ? b : a));
  if (most.written === 0) return `No genre and year has ${many}`;
  const empty = written.filter((one) => one.written === 0).length;
  const none = empty === 0 ? '' : `; ${counted(empty, 'square has', 'squares have')} none`;
  return `${titled(most.genre)} ${most.year} has the most ${many}: ${grouped(most.written)}${none}`;
};
