/** The colours of both modes. Each text colour has a contrast of at least 4.5 to what is behind it (WCAG AA). */
const LIGHT = `color-scheme: light;
--text: #17202b; --muted: #56606d; --back: #ffffff; --faint: #eef1f5; --line: #d5dbe3;
--accent: #1d5fa8; --failed: #b42318; --warning: #8a5a00; --quiet: #76818f;
--s0: #f3f5f8; --s1: #dbe9f7; --s2: #b9d5ef; --s3: #8bbbe4; --s4: #5f9fd5; --s5: #27689f; --s6: #123f6d;
--on-low: #17202b; --on-high: #ffffff;`;
const DARK = `color-scheme: dark;
--text: #e4e9f0; --muted: #9ba8b8; --back: #10151c; --faint: #1b222c; --line: #313b48;
--accent: #6fabe8; --failed: #ff8f85; --warning: #e9b949; --quiet: #7f8b9a;
--s0: #1a212b; --s1: #17324f; --s2: #1c446e; --s3: #245a8f; --s4: #5298da; --s5: #86bbf0; --s6: #c1dffb;
--on-low: #eaf2fb; --on-high: #08131f;`;

/** Three sizes of text, one column, no boxes. Sections are divided by space. */
export const STYLE = `
:root { ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
:root[data-theme="light"] { ${LIGHT} }
:root[data-theme="dark"] { ${DARK} }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem 1.5rem; background: var(--back); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
main, footer { max-width: 72rem; margin: 0 auto; }
h1, h2, h3, p, ul, dl, figure, pre { margin: 0; }
h1 { font-size: clamp(1.75rem, 5vw, 2.75rem); line-height: 1.15; font-weight: 650; letter-spacing: -0.015em; text-wrap: balance; margin: 0.25rem 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.375rem; line-height: 1.3; font-weight: 600; text-wrap: balance; margin-bottom: 0.25rem; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 1.5rem 0 0.25rem; }
section { margin-top: 4rem; }
footer { margin-top: 4rem; }
.muted, footer { color: var(--muted); }
.complete h1 { color: var(--text); }
.failed h1 { color: var(--failed); }
.warning h1, p.warning { color: var(--warning); }
header p, section > p { max-width: 44rem; }
header > * + p, header > ul, .warnings { margin-top: 1rem; }
.warnings strong { color: var(--text); }
.warnings > p strong { color: var(--warning); }
a { color: var(--accent); }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: 0.9375em; overflow-wrap: anywhere; }
pre { margin: 0.5rem 0 0; padding: 0.75rem 1rem; background: var(--faint); border-radius: 0.375rem; white-space: pre-wrap; }
.plain { list-style: none; padding: 0; }
.plain li { margin-top: 0.5rem; overflow-wrap: anywhere; }
.line { display: flex; flex-wrap: wrap; gap: 0.75rem 2rem; margin-top: 1.5rem; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
#theme { position: absolute; top: 1rem; right: 1.5rem; padding: 0.25rem 0.75rem; font: inherit; color: var(--muted); background: none; border: 1px solid var(--line); border-radius: 1rem; cursor: pointer; }
#theme[hidden] { display: none; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.scroll { overflow-x: auto; margin-top: 0.75rem; position: relative; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: 0.375rem 1.25rem 0.375rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--muted); font-weight: 400; vertical-align: bottom; white-space: nowrap; }
tbody th { font-weight: 500; }
tbody tr:target > * { background: var(--faint); }
.n { text-align: right; white-space: nowrap; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-decoration: underline dotted var(--line); text-underline-offset: 0.25em; }
th[aria-sort] { color: var(--text); }
th[aria-sort="ascending"] button::after { content: " ↑"; }
th[aria-sort="descending"] button::after { content: " ↓"; }
details { margin-top: 1rem; }
summary { cursor: pointer; color: var(--accent); width: fit-content; }

.heat { border-collapse: separate; border-spacing: 3px; table-layout: fixed; }
.heat th, .heat td { padding: 0; border: 0; text-align: center; vertical-align: middle; }
.heat tbody th { text-align: left; width: 5rem; font-weight: 400; color: var(--muted); }
.heat thead td { width: 7rem; }
.heat thead th { padding-bottom: 0.25rem; }
.cell { display: block; padding: 0.75rem 0.25rem; border-radius: 0.25rem; color: var(--on-low); text-decoration: none; }
.none { color: var(--failed); outline: 1px dashed var(--failed); outline-offset: -1px; }
.s0 { background: var(--s0); color: var(--muted); } .s1 { background: var(--s1); } .s2 { background: var(--s2); } .s3 { background: var(--s3); }
.s4 { background: var(--s4); color: var(--on-mid, #08131f); } .s5 { background: var(--s5); color: var(--on-high); } .s6 { background: var(--s6); color: var(--on-high); }
.cell:hover, .cell:focus-visible { box-shadow: 0 0 0 2px var(--back), 0 0 0 4px var(--accent); outline: 0; }
.heat-box { position: relative; padding-bottom: 2rem; }
.heat-box .scroll { position: static; }
.tip { display: none; position: absolute; left: 0; right: 0; bottom: 0; text-align: left; color: var(--text); }
.cell:hover > .tip, .cell:focus-visible > .tip { display: block; }
table.down { display: none; }
.tall table.across { display: none; }
.tall table.down { display: table; }

section > .bars + p, section > details + p, .bars + details { margin-top: 1rem; }
.ranked table { width: auto; min-width: min(100%, 44rem); }
.ranked td.n { min-width: 12rem; }
.bars { list-style: none; padding: 0; margin-top: 1rem; }
.bars li { display: grid; grid-template-columns: 9rem minmax(4rem, 1fr) 5rem; gap: 0 1rem; align-items: center; padding: 0.1875rem 0; }
.described li { grid-template-columns: 9rem minmax(4rem, 1fr) 5rem minmax(0, 18rem); }
.bars .label { overflow-wrap: anywhere; }
.bars .value { text-align: right; }
.bar { display: block; width: 100%; height: 1rem; overflow: visible; }
.under { height: 3px; margin-top: 2px; transform: scaleX(-1); }
svg.accent, rect.accent { fill: var(--accent); } svg.warning, rect.warning { fill: var(--warning); } svg.failed, circle.failed { fill: var(--failed); } svg.quiet { fill: var(--quiet); }
figure { margin-top: 1rem; }
.plot { display: block; width: 100%; height: 13rem; overflow: visible; }
.plot .rule { stroke: var(--muted); } .plot .dashed { stroke-dasharray: 4 4; }
.plot .base { stroke: var(--line); }
.on-line { fill: var(--text); paint-order: stroke; stroke: var(--back); stroke-width: 4px; stroke-linejoin: round; }
.axis { display: flex; justify-content: space-between; gap: 1rem; margin-top: 0.375rem; }
.keys { margin-top: 0.25rem; }
.key { margin-right: 1.25rem; } .key::before { content: ""; display: inline-block; width: 0.75rem; height: 0.75rem; margin-right: 0.5rem; border-radius: 2px; background: currentColor; }
.key.warning { color: var(--warning); } .key.failed { color: var(--failed); } .key.dot::before { border-radius: 50%; }

@media (max-width: 44rem) {
  body { padding: 1.25rem 1rem; }
  section, footer { margin-top: 3rem; }
  .line { gap: 0.75rem 1.5rem; }
  table.across { display: none; }
  table.down { display: table; }
  .bars li, .described li { grid-template-columns: 1fr auto; padding: 0.375rem 0; }
  .bars .label { grid-area: 1 / 1; } .bars .value { grid-area: 1 / 2; } .bars .bar { grid-area: 2 / 1 / 3 / 3; height: 0.625rem; } .bars .about { grid-area: 3 / 1 / 4 / 3; }
  .cell { padding: 0.5rem 0.25rem; }
  .heat-box { padding-bottom: 3.5rem; }
  .ranked thead { position: absolute; clip-path: inset(50%); }
  .ranked tbody, .ranked table { display: block; min-width: 0; }
  .ranked tr { display: flex; flex-wrap: wrap; gap: 0 0.75rem; padding: 0.5rem 0; border-bottom: 1px solid var(--line); }
  .ranked th, .ranked td { border: 0; padding: 0; color: var(--muted); }
  .ranked th { flex: 1 1 100%; color: var(--text); }
  .ranked td.n { order: 1; flex: 1 1 100%; text-align: left; color: var(--text); }
  .ranked .under { transform: none; }
}
@media print {
  :root, :root[data-theme] { ${LIGHT} --text: #000; --muted: #333; }
  body { padding: 0; }
  #theme, summary { display: none !important; }
  details::details-content { content-visibility: visible; block-size: auto; }
  section { margin-top: 2rem; } h2 { break-after: avoid; } tr, .bars li, figure { break-inside: avoid; }
  .scroll { overflow: visible; position: static; }
  table { font-size: 0.875rem; } code { font-size: 0.6875rem; } tbody th:not(:has(code)) { white-space: nowrap; }
  /* Chromium doesn't paint a button in the head of a table that it repeats on the next page. */
  th button { display: contents; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
`;
