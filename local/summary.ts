import { relative } from 'node:path';
import type { DayManifest } from '../lib/runs/day-manifest.ts';
import { layout } from '../lib/runs/layout.ts';
import { isRetried, REASONS } from '../lib/runs/work.ts';

export interface Ended {
  dataset: string;
  day: string;
  run: string;
  /** Location of the bucket: a folder, or s3://name. */
  bucket: string;
  /** Number of branches in the run. */
  planned: number;
  seconds: number;
  /** The command that continues the run. */
  resume: string;
  /** The day or run whose answers this run has written again, without a request. */
  reshapes?: string | undefined;
}

/** Number of ids to show for each reason. The manifest has all of them. */
const IDS_SHOWN = 5;

/** Reasons after which a resumed run requests an id again. */
const LOST = REASONS.filter(isRetried);

/** The text at the end of a run: what was written and where, what is missing and why, and the command that continues the run. */
export const summary = (
  manifest: DayManifest,
  { dataset, day, run, bucket, planned, seconds, resume, reshapes }: Ended,
): string => {
  const unfinished = manifest.unfinished.length;
  const parts = manifest.branches.reduce((sum, branch) => sum + branch.parts, 0);
  const base = bucket.startsWith('s3://') || relative('.', bucket).startsWith('..') ? bucket : relative('.', bucket);
  const written = new Set(manifest.branches.map(({ branch }) => branch));
  const lines = [
    '',
    `Run ${run} of ${dataset}, ${day}: ${unfinished === 0 ? 'complete' : `${unfinished} of ${planned} branches unfinished`}, ${seconds.toFixed(1)} s.`,
    `The day so far: ${count(manifest.branches.length, 'branch', 'branches')}, ${manifest.distinct} of ${manifest.expected} listed, ${manifest.kept} kept, ${manifest.leftOut} left out.`,
    `Files of the day: ${count(manifest.written, 'record')}, ${count(parts, 'part')}, ${size(manifest.bytes)}; ${count(manifest.requests, 'request')} to TMDB${reshapes === undefined ? '' : ' by earlier runs'} (${count(manifest.retries, 'retry', 'retries')}, ${manifest.throttles} throttled).`,
    `Folder: ${base}/. Manifest: ${base}/${layout.dayManifest({ dataset, day: manifest.day })}.`,
  ];
  const { csv } = manifest;
  if (csv && (csv.badRows || csv.unreadableYears))
    lines.push(
      `Upload ${csv.key}: ${count(csv.badRows, 'bad row')} of ${csv.rows}${csv.badLines.length ? ` (lines ${firstOf(csv.badLines)})` : ''}, ${count(csv.unreadableYears ?? 0, 'unreadable year')}.`,
    );
  for (const [reason, ids] of Object.entries(manifest.missing)) {
    if (ids.length) lines.push(`${count(ids.length, 'id')} without a record (${reason}): ${firstOf(ids)}`);
  }
  for (const { branch, warnings } of manifest.branches)
    for (const warning of warnings) lines.push(`Warning for ${branch}: ${warning}`);
  for (const { branch, error, message } of manifest.unfinished)
    lines.push(
      `Unfinished: ${branch} (${error}: ${message})${written.has(branch) ? '; its files are from an earlier run' : ''}`,
    );
  for (const warning of manifest.warnings) lines.push(`Warning: ${warning}`);
  if (manifest.absent.length)
    lines.push(
      `The day is not complete: ${count(manifest.absent.length, 'branch has', 'branches have')} no manifest: ${firstOf(manifest.absent)}`,
    );
  if (manifest.outdated.length)
    lines.push(
      `The day is not complete: ${count(manifest.outdated.length, 'branch does', 'branches do')} not fit the dataset as it is now: ${firstOf(manifest.outdated)}. Run all branches of the day again, and years that were back-filled.`,
    );
  if (manifest.rewriting.length && unfinished === 0)
    lines.push(
      `The day is not complete: ${manifest.rewriting.join(', ')} began to write it again and did not finish. Resume that run, or run all branches of the day again.`,
    );
  if (unfinished > 0) lines.push(`To continue this run: ${resume}`);
  else if (reshapes === undefined && LOST.some((reason) => manifest.missing[reason]?.length))
    lines.push(`To request the ${LOST.join(' and ')} ids again: ${resume}`);
  return `${lines.join('\n')}\n`;
};

const firstOf = (names: readonly (string | number)[]): string =>
  `${names.slice(0, IDS_SHOWN).join(', ')}${names.length > IDS_SHOWN ? ', …' : ''}`;

const size = (bytes: number): string =>
  bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;

const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`;
