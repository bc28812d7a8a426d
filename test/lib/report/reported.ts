import { createHash } from 'node:crypto';
import type { Day } from '../../../lib/day.ts';
import { gatherFacts } from '../../../lib/report/facts.ts';
import { reportPage } from '../../../lib/report/page.ts';
import { type DayManifest, saveDayManifest } from '../../../lib/runs/day-manifest.ts';
import { type BranchManifest, saveManifest, totals } from '../../../lib/runs/manifest.ts';
import { type PlannedRun, savePlan } from '../../../lib/runs/plan.ts';
import { memoryStore } from '../../doubles/memory-store.ts';
import { dayManifested, manifested } from '../runs/manifested.ts';

/** A branch with these records in one part, and with these changes to its manifest. */
export interface Branch {
  records?: object[];
  missing?: BranchManifest['missing'];
  changes?: Partial<BranchManifest>;
}

/** A day in a bucket in memory: its parts and manifests, and the plan of its run. */
export const dayOf = async (
  branches: Record<string, Branch>,
  {
    store = memoryStore(),
    day = '2026-11-20',
    dataset = 'crime-war',
    changes = {},
    plan = {},
  }: {
    store?: ReturnType<typeof memoryStore>;
    day?: Day;
    dataset?: string;
    changes?: Partial<DayManifest>;
    plan?: Partial<PlannedRun>;
  } = {},
) => {
  const ref = { dataset, day, run: 'friday' };
  const saved: BranchManifest[] = [];
  for (const [branch, { records = [], missing = {}, changes: own = {} }] of Object.entries(branches)) {
    const body = JSON.stringify(records);
    const key = `Raw/TMDB/JSON/Movies/${day}/${branch}.json`;
    if (records.length) await store.put(key, body);
    const parts = records.length
      ? [{ key, records: records.length, bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') }]
      : [];
    const kept = records.length;
    const { leftOut = 0 } = own;
    const distinct = kept + leftOut + Object.values(missing).flat().length;
    const manifest = manifested({
      ...ref,
      branch,
      expected: distinct,
      listed: distinct,
      distinct,
      leftOut,
      kept,
      written: kept,
      missing,
      parts,
      bytes: body.length,
      ...(dataset === 'crime-war' && { output: { key: 'Raw/TMDB/JSON/Movies/{part}', format: 'json', gzip: false } }),
      ...own,
    });
    await saveManifest(store, manifest);
    saved.push(manifest);
  }
  const run = {
    ...ref,
    execution: 'arn:aws:states:us-east-1:123456789012:execution:ingest:friday',
    plannedAt: '2026-11-20T12:00:00.000Z',
    tmdb: 'api.themoviedb.org',
    branches: Object.keys(branches).map((name) => ({ name, expected: null })),
    wholeDay: Object.keys(branches),
    ...plan,
  };
  await savePlan(store, run, [], (work) => work());
  await saveDayManifest(
    store,
    dayManifested({
      ...ref,
      ...totals(saved),
      complete: true,
      branches: saved.map(({ branch, run, distinct, kept, written, parts, warnings }) => ({
        branch,
        run,
        distinct,
        kept,
        written,
        parts: parts.length,
        warnings,
        manifest: branch,
      })),
      ...changes,
    }),
  );
  return {
    store,
    page: async (): Promise<string> => {
      const facts = await gatherFacts(store, ref);
      if (!facts) throw new Error('there is no manifest');
      return reportPage(facts);
    },
  };
};

/** The text of a page, without tags, scripts and styles. */
export const textOf = (page: string): string =>
  page
    .replaceAll(/<(script|style)>[\s\S]*?<\/\1>/g, '')
    .replaceAll(/<[^>]+>/g, ' ')
    // Narrow and fixed spaces too.
    .replaceAll(/\s+/g, ' ');

/** The texts of all headings. */
export const headings = (page: string): string[] =>
  [...page.matchAll(/<h[12][^>]*>([\s\S]*?)<\/h[12]>/g)].map(([, text = '']) => textOf(text).trim());

export const movie = (id: number, changes: Record<string, unknown> = {}) => ({
  id,
  title: `Movie ${id}`,
  release_date: '2017-03-13',
  vote_count: 100,
  budget: id * 1_000_000,
  actors: [{ name: `Lead ${id}` }],
  directors: [{ name: `Director ${id}` }],
  ...changes,
});
