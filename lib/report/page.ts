import { createHash } from 'node:crypto';
import type { ReportFacts } from './facts.ts';
import { longDay } from './figures.ts';
import { Html, html } from './html.ts';
import { SCRIPT } from './script.ts';
import { branchesSection } from './sections/branches.ts';
import { changesSection } from './sections/changes.ts';
import { filesSection } from './sections/files.ts';
import { funnelSection } from './sections/funnel.ts';
import { heatMapSection } from './sections/heat-map.ts';
import { missingSection } from './sections/missing.ts';
import { topTenSection } from './sections/top-ten.ts';
import { trafficSection } from './sections/traffic.ts';
import { verdictOf, verdictSection } from './sections/verdict.ts';
import { STYLE } from './style.ts';

const sha256 = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Allows only the style and the script of the report, and no request to any server. */
const POLICY = `default-src 'none'; style-src ${sha256(STYLE)}; script-src ${sha256(SCRIPT)}; img-src data:; base-uri 'none'; form-action 'none'`;

/** TMDB's terms require this notice where its data is shown. */
const NOTICE =
  'This product uses TMDB and the TMDB APIs but is not endorsed, certified, or otherwise approved by TMDB.';

/** The report of a day as one HTML file. The same facts give the same bytes. */
export const reportPage = (facts: ReportFacts): string => {
  const { day } = facts;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${verdictOf(facts).sentence} · ${day.dataset}, ${longDay(day.day)}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<button id="theme" type="button" hidden>Dark</button>
<main>
${verdictSection(facts)}${changesSection(facts)}${heatMapSection(facts)}${topTenSection(facts)}${funnelSection(facts)}${trafficSection(facts)}${missingSection(facts)}${branchesSection(facts)}${filesSection(facts)}</main>
<footer class="muted"><p>tmdb-raw-zone ${day.codeVersion}. ${NOTICE}</p></footer>
<script>${new Html(SCRIPT)}</script>
</body>
</html>
`.text;
};
