import { relative } from 'node:path';
import * as z from 'zod';

/** What the summary reads of a day's manifest. */
const dayManifest = z.object({
  complete: z.boolean(),
  absent: z.array(z.string()),
  unfinished: z.array(z.object({ branch: z.string(), error: z.string(), message: z.string() })),
  expected: z.int(),
  distinct: z.int(),
  leftOut: z.int(),
  kept: z.int(),
  written: z.int(),
  bytes: z.int(),
  requests: z.int(),
  retries: z.int(),
  throttles: z.int(),
  missing: z.record(z.string(), z.array(z.union([z.int(), z.string()]))),
  branches: z.array(z.object({ branch: z.string(), parts: z.int(), warnings: z.array(z.string()) })),
});

export interface Ended {
  dataset: string;
  day: string;
  run: string;
  /** Where a person finds the bucket: a folder, or s3://name. */
  bucket: string;
  /** What the run set out to do. */
  planned: number;
  seconds: number;
  /** The command that goes on with it. */
  mend: string;
}

/** Ids that are shown of a reason; the manifest has all. */
const IDS_SHOWN = 5;

/** What landed where, what is missing and why, and the one command that mends it. */
export const summary = (text: string, { dataset, day, run, bucket, planned, seconds, mend }: Ended): string => {
  const manifest = dayManifest.parse(JSON.parse(text));
  const unfinished = manifest.unfinished.length;
  const parts = manifest.branches.reduce((sum, branch) => sum + branch.parts, 0);
  const base = bucket.startsWith('s3://') || relative('.', bucket).startsWith('..') ? bucket : relative('.', bucket);
  const older = new Set(manifest.branches.map(({ branch }) => branch));
  const lines = [
    '',
    `Run ${run} of ${dataset}, ${day}: ${unfinished === 0 ? 'complete' : `${unfinished} of ${planned} branches unfinished`}, ${seconds.toFixed(1)} s.`,
    `The day so far: ${count(manifest.branches.length, 'branch', 'branches')}, ${manifest.distinct} of ${manifest.expected} listed, ${manifest.kept} kept, ${manifest.leftOut} left out.`,
    `Its files: ${count(manifest.written, 'record')}, ${count(parts, 'part')}, ${size(manifest.bytes)}; what is in them took ${count(manifest.requests, 'request')} to TMDB, ${manifest.retries} of them retries, ${manifest.throttles} throttled.`,
    `They lie below ${base}/, and ${base}/_manifests/${dataset}/${day}/manifest.json accounts for them.`,
  ];
  for (const [reason, ids] of Object.entries(manifest.missing)) {
    if (ids.length)
      lines.push(
        `Without a record, ${reason}: ${ids.length} (${ids.slice(0, IDS_SHOWN).join(', ')}${ids.length > IDS_SHOWN ? ', …' : ''})`,
      );
  }
  for (const { branch, warnings } of manifest.branches)
    for (const warning of warnings) lines.push(`Note on ${branch}: ${warning}`);
  for (const { branch, error, message } of manifest.unfinished)
    lines.push(
      `Unfinished: ${branch} (${error}: ${message})${older.has(branch) ? '; its files are those of an earlier run' : ''}`,
    );
  if (!manifest.complete)
    lines.push(
      `The day is not complete yet, ${count(manifest.absent.length, 'branch has', 'branches have')} no manifest: ${manifest.absent.slice(0, IDS_SHOWN).join(', ')}${manifest.absent.length > IDS_SHOWN ? ', …' : ''}`,
    );
  if (unfinished > 0) lines.push(`To go on with it: ${mend}`);
  return `${lines.join('\n')}\n`;
};

const size = (bytes: number): string =>
  bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;

const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`;
