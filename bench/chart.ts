import { Html, html } from '../lib/report/html.ts';

/** The bars below one title. The greatest value of the group fills the width. */
export interface BarGroup {
  title: string;
  bars: readonly { name: string; value: number; isOurs: boolean }[];
}

const WIDTH = 760;
const NAMES = 190;
const VALUES = 70;
const BAR = 20;
const GAP = 8;
const TITLE = 44;

/** Colours with a contrast of at least 4.5 for texts and 3 for bars, on GitHub's light and dark background. */
const STYLE = `text { font: 14px system-ui, sans-serif; fill: #1f2328; } .title { font-weight: 600; } .other { fill: #76818f; } .ours { fill: #1d5fa8; }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .other { fill: #7f8b9a; } .ours { fill: #6fabe8; } }`;

/**
 * Bar charts below one another, as the text of an SVG file. The same groups give the same text.
 *
 * @param label Says for a screen reader what the chart shows.
 */
export const chart = (label: string, groups: readonly BarGroup[]): string => {
  let y = 0;
  const drawn = groups.map(({ title, bars }) => {
    const most = Math.max(...bars.map(({ value }) => value));
    y += TITLE;
    const heading = html`<text class="title" x="0" y="${y - 14}">${title}</text>
`;
    const rows = bars.map(({ name, value, isOurs }) => {
      const width = Math.round(((WIDTH - NAMES - VALUES) * value) / most);
      const middle = y + BAR / 2 + 5;
      const row = html`<text x="0" y="${middle}">${name}</text><rect class="${isOurs ? 'ours' : 'other'}" x="${NAMES}" y="${y}" width="${width}" height="${BAR}" rx="2"/><text x="${NAMES + width + 8}" y="${middle}">${value.toFixed(1)}</text>
`;
      y += BAR + GAP;
      return row;
    });
    return [heading, rows];
  });
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" role="img" aria-label="${label}">
<style>${new Html(STYLE)}</style>
${drawn}</svg>
`.text;
};
