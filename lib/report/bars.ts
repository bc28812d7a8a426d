import { type Content, type Html, html } from './html.ts';

/**
 * A bar chart. The labels and values are text of the page, so they keep their size on a phone; only the bars are SVG.
 *
 * @param title Names the chart for a screen reader. The rows are a list, so it reads label and value of each.
 */
export const bars = (
  title: string,
  rows: readonly { label: Content; value: number; from?: number; shows: Content; about?: Content; tone?: Tone }[],
): Html => {
  const most = Math.max(1e-9, ...rows.map(({ value, from = 0 }) => from + value));
  return html`<ul class="bars${rows.some(({ about }) => about !== undefined) && ' described'}" aria-label="${title}">${rows.map(
    ({ label, value, from = 0, shows, about, tone = 'accent' }) => html`<li><span class="label">${label}</span>
<svg class="bar ${tone}" aria-hidden="true" focusable="false"><rect x="${share(from, most)}" width="${share(value, most)}" height="100%" rx="2"/></svg>
<span class="value">${shows}</span>${about !== undefined && html`<span class="about muted">${about}</span>`}</li>
`,
  )}</ul>`;
};

export type Tone = 'accent' | 'warning' | 'failed' | 'quiet';

/** In percent of the chart's width or height, rounded so that the text of the report stays short. */
export const share = (value: number, of: number): string => `${Math.round((value / of) * 10_000) / 100}%`;
