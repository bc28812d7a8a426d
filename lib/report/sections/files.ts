import { layout } from '../../runs/layout.ts';
import type { DayTables } from '../../runs/tables-of-day.ts';
import type { ReportFacts } from '../facts.ts';
import { counted, grouped, size } from '../figures.ts';
import { type Html, html } from '../html.ts';
import { details, note, numeric, section, table, texts } from '../table.ts';

/** Files that the report lists: it must stay small. The manifests list all. */
const AT_MOST = 1_000;

export const filesSection = ({ day, branches }: ReportFacts): Html => {
  const parts = branches.flatMap(({ parts }) => parts);
  return section(
    'files',
    parts.length === 0 ? 'No file is written' : `${counted(parts.length, 'file')}, ${size(day.bytes)}`,
    note(html`The manifest of the day is <code>${layout.dayManifest(day)}</code>.`),
    day.tables && tablesNote(day.tables),
    parts.length > 0 &&
      details(
        'Files with their size and SHA-256',
        html`${table(
          'Files',
          [texts('Key'), numeric('Records'), numeric('Bytes'), texts('SHA-256')],
          parts.slice(0, AT_MOST).map(({ key, records, bytes, sha256 }) => ({
            cells: [
              html`<code>${key}</code>`,
              { shows: grouped(records), value: records },
              { shows: grouped(bytes), value: bytes },
              html`<code>${sha256}</code>`,
            ],
          })),
        )}${parts.length > AT_MOST && note(html`And ${grouped(parts.length - AT_MOST)} more, in the manifests below <code>${layout.branchManifests(day)}</code>.`)}`,
      ),
  );
};

const tablesNote = ({ files, bytes, drift, main }: DayTables): Html =>
  note(
    html`Tables: ${counted(files, 'file')}, ${size(bytes)}; ${main.map(({ table: name, rows }) => `${counted(rows, 'row')} of ${name}`).join(', ')}. ${drift === 0 ? 'Every value fits its column.' : `${counted(drift, 'value is', 'values are')} in no column; the manifests of the branches say which, in tables.drift.`}`,
  );
