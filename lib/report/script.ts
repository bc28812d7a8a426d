/**
 * The script of the report. Everything can be read without it. It adds sorting, arrow keys in the heat map, the choice of
 * light or dark, and opens all details for a printer. Plain JavaScript, because no compiler reads it.
 */
export const SCRIPT = `
'use strict';
const root = document.documentElement;
const theme = document.getElementById('theme');
const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches);
const name = () => { theme.textContent = isDark() ? 'Light' : 'Dark'; };
theme.hidden = false;
theme.addEventListener('click', () => { root.dataset.theme = isDark() ? 'light' : 'dark'; name(); });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', name);
name();

for (const table of document.querySelectorAll('details table')) {
  const body = table.tBodies[0];
  if (body.rows.length < 2) continue;
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener('click', () => {
      const up = head.getAttribute('aria-sort') === (head.classList.contains('n') ? 'descending' : 'ascending') ? head.classList.contains('n') : !head.classList.contains('n');
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
      const key = (row) => { const cell = row.cells[column]; return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v); };
      const order = (a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : typeof a === 'number' ? 1 : typeof b === 'number' ? -1 : a < b ? -1 : a > b ? 1 : 0);
      const rows = [...body.rows].map((row) => [key(row), row]);
      rows.sort(([a], [b]) => (up ? order(a, b) : order(b, a)));
      body.append(...rows.map(([, row]) => row));
    });
  });
}

for (const table of document.querySelectorAll('.heat')) {
  const cells = [...table.querySelectorAll('.cell')];
  for (const [index, cell] of cells.entries()) cell.tabIndex = index === 0 ? 0 : -1;
  table.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const td = event.target.closest('td');
    if (!step || !td) return;
    event.preventDefault();
    const row = table.rows[td.parentNode.rowIndex + step[0]];
    const next = row && row.cells[td.cellIndex + step[1]] && row.cells[td.cellIndex + step[1]].querySelector('.cell');
    if (!next) return;
    for (const cell of cells) cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}

const show = () => {
  const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const closed = row && row.closest('details');
  if (closed) { closed.open = true; row.scrollIntoView({ block: 'center' }); }
};
addEventListener('hashchange', show);
show();
let opened = [];
addEventListener('beforeprint', () => { opened = [...document.querySelectorAll('details:not([open])')]; for (const one of opened) one.open = true; });
addEventListener('afterprint', () => { for (const one of opened) one.open = false; });
`;
