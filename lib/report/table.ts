import { type Content, type Html, html } from './html.ts';

/** A cell of a table: what it shows, and the number that it is sorted by if it holds one. */
export type Cell = Content | { shows: Content; value: number };

export interface Column {
  name: string;
  isNumber?: boolean;
}

export const numeric = (name: string): Column => ({ name, isNumber: true });
export const texts = (name: string): Column => ({ name });

export interface Row {
  cells: readonly Cell[];
  id?: string;
}

const isValued = (cell: Cell): cell is { shows: Content; value: number } =>
  typeof cell === 'object' && cell !== null && 'value' in cell;

/**
 * A table. The first cell of each row is its heading. A table that is wider than the page scrolls, by keyboard too.
 *
 * @param caption Names the table for a screen reader.
 */
export const table = (caption: string, columns: readonly Column[], rows: readonly Row[]): Html =>
  html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table><caption class="unseen">${caption}</caption>
<thead><tr>${columns.map(({ name, isNumber }) => html`<th scope="col"${isNumber && html` class="n"`}>${name}</th>`)}</tr></thead>
<tbody>${rows.map(
    ({ cells, id }) =>
      html`<tr${id !== undefined && html` id="${id}"`}>${cells.map((cell, index) => {
        const isNumber = columns[index]?.isNumber && html` class="n"`;
        const value = isValued(cell) && html` data-v="${cell.value}"`;
        const shows = isValued(cell) ? cell.shows : cell;
        return index === 0
          ? html`<th scope="row"${isNumber}${value}>${shows}</th>`
          : html`<td${isNumber}${value}>${shows}</td>`;
      })}</tr>
`,
  )}</tbody></table></div>`;

export const details = (summary: Content, content: Content): Html =>
  html`<details><summary>${summary}</summary>${content}</details>`;

/** A section of the report. Its heading is a sentence with what it found. */
export const section = (id: string, heading: Content, ...content: Content[]): Html =>
  html`<section id="${id}" aria-labelledby="${id}-heading"><h2 id="${id}-heading">${heading}</h2>
${content}</section>
`;

export const note = (...content: Content[]): Html => html`<p class="muted">${content}</p>`;
