import { createHash } from 'node:crypto';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { type Catalogue, catalogueOf, defaultCatalogue } from '../../local/simulator/catalogue.ts';
import { startSimulator } from '../../local/simulator/simulator.ts';
import { startCommand } from './command-line.ts';

/*
 * Kill experiments: a run is killed at a change in its folder, then the bucket is checked, then the run is continued as
 * the output says, and the files are compared with those of an undisturbed run.
 *
 * `node test/local/kills.ts` does this at every change, which takes half an hour. kills.test.ts does it at some of them.
 */

export const SCENARIOS = ['a first run', 'a run of a complete day with changed data', 'a resumed run'] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface Outcome {
  moment: number;
  killed: boolean;
  /** What is wrong, in sentences. */
  wrong: string[];
}

const DAY = '2026-11-20';
const ROOT = join(import.meta.dirname, '../..');
const readJson = (file: string) => JSON.parse(readFileSync(file, 'utf8'));

/** Everything that the experiments share: two simulators, and the undisturbed runs. */
export const experiments = async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'kills-'));
  const options = { seed: 1, ceiling: false, latencyMs: { from: 0, to: 0 }, connections: 1000 } as const;
  const catalogue = defaultCatalogue();
  const simulators = {
    before: await startSimulator({ ...options, catalogue }),
    after: await startSimulator({ ...options, catalogue: changed(catalogue) }),
  };
  const datasets = join(temporary, 'datasets');
  mkdirSync(datasets);
  const crimeWar = readJson(join(ROOT, 'datasets/crime-war.json'));
  await writeFile(
    join(datasets, 'crime-war.json'),
    JSON.stringify({
      ...crimeWar,
      source: { ...crimeWar.source, years: { from: 2014, to: 2014 } },
      // Several parts for each branch. With the changed data, there are fewer.
      output: { ...crimeWar.output, recordsPerFile: 10 },
    }),
  );

  const start = (out: string, data: keyof typeof simulators, kill: Record<string, string> = {}, run?: string) =>
    startCommand([...(run ? ['--resume', run] : ['--day', DAY]), '--out', out], {
      TMDB_TOKEN: 'simulator',
      TMDB_BASE_URL: simulators[data].url,
      TMDB_REQUESTS_PER_SECOND: '100000',
      DATASETS: datasets,
      ...(kill.KILL_BELOW && { NODE_OPTIONS: `--import=${join(import.meta.dirname, 'kill-at.ts')}` }),
      ...kill,
    }).ended;

  /** A whole run. Returns the number of its moments. */
  const count = async (out: string, data: keyof typeof simulators, run?: string): Promise<number> => {
    const { code, err } = await start(out, data, { KILL_BELOW: out, KILL_COUNT: `${out}.moments` }, run);
    if (code !== 0) throw new Error(err);
    return Number(readFileSync(`${out}.moments`, 'utf8'));
  };
  const undisturbed = async (data: keyof typeof simulators) => {
    const out = join(temporary, `undisturbed-${data}`);
    return { out, moments: await count(out, data), files: rawFiles(out) };
  };
  const before = await undisturbed('before');
  const after = await undisturbed('after');
  const known = new Set([...before.files, ...after.files].map((file) => JSON.stringify(file)));

  /** A run that was killed halfway, to be resumed. */
  const half = join(temporary, 'half');
  await start(half, 'before', { KILL_BELOW: half, KILL_AT: String(Math.floor(before.moments / 2)) });

  /** The folder in which a scenario begins, and its command. */
  const prepare = (scenario: Scenario, out: string): { data: keyof typeof simulators; run?: string | undefined } => {
    if (scenario === 'a first run') return { data: 'before' };
    cpSync(scenario === 'a resumed run' ? half : before.out, out, { recursive: true, preserveTimestamps: true });
    return scenario === 'a resumed run' ? { data: 'before', run: newestRun(out) } : { data: 'after' };
  };

  const tried = async (scenario: Scenario, moment: number): Promise<Outcome> => {
    const out = mkdtempSync(join(temporary, 'out-'));
    try {
      const { data, run } = prepare(scenario, out);
      const runsBefore = new Set(runsIn(out));
      const killed = await start(out, data, { KILL_BELOW: out, KILL_AT: String(moment) }, run);
      const wrong = [
        ...promisesBroken(out),
        ...rawFiles(out)
          .filter((file) => !known.has(JSON.stringify(file)))
          .map(([path]) => `${path} is of neither run`),
      ];
      const mine = run ?? runsIn(out).find((one) => !runsBefore.has(one));
      const next = await start(out, data, {}, mine);
      if (next.code !== 0) wrong.push(`exit ${next.code}: ${next.err || next.out}`);
      if (JSON.stringify(rawFiles(out)) !== JSON.stringify(data === 'before' ? before.files : after.files))
        wrong.push('other files than those of an undisturbed run');
      const day = join(out, `bucket/_manifests/crime-war/${DAY}/manifest.json`);
      if (!existsSync(day) || !readJson(day).complete) wrong.push('the day is not complete');
      wrong.push(...promisesBroken(out));
      if (existsSync(join(out, 'bucket/.writing')) && readdirSync(join(out, 'bucket/.writing')).length)
        wrong.push('.writing is not empty');
      return { moment, killed: killed.signal === 'SIGKILL', wrong };
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  };

  return {
    /** The number of moments at which a run of this scenario can be killed. */
    moments: async (scenario: Scenario): Promise<number> => {
      if (scenario === 'a first run') return before.moments;
      const out = join(temporary, `counted ${scenario}`);
      const { data, run } = prepare(scenario, out);
      return count(out, data, run);
    },
    tried,
    close: async () => {
      await Promise.all([simulators.before.close(), simulators.after.close()]);
      rmSync(temporary, { recursive: true, force: true });
    },
  };
};

/** The same movies a week later: other budgets, and half of them unknown, so there are fewer parts. */
const changed = ({ movies, series, creditsOf }: Catalogue): Catalogue =>
  catalogueOf(
    movies.map((movie) => ({ ...movie, budget: movie.id % 2 || !movie.budget ? 0 : movie.budget + 1 })),
    series,
    creditsOf,
  );

/** The runs that were planned, oldest first. */
const runsIn = (out: string): string[] =>
  globSync(`bucket/_runs/crime-war/${DAY}/*/run.json`, { cwd: out })
    .map((path) => path.split('/').at(-2) ?? '')
    .toSorted();
const newestRun = (out: string) => runsIn(out).at(-1);

const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** Path and sha256 of each file in the raw zone. */
const rawFiles = (out: string): (readonly [string, string])[] =>
  globSync('bucket/Raw/**/*.*', { cwd: out })
    .toSorted()
    .map((path) => [path, sha256(join(out, path))] as const);

/**
 * What the manifests in a bucket say and what isn't so. While a day is written again, its parts may be newer than its
 * branch manifests: docs/decisions/0011-a-day-being-rewritten.md. Then the manifest of the day says so.
 */
const promisesBroken = (out: string): string[] => {
  const bucket = join(out, 'bucket');
  const folder = `_manifests/crime-war/${DAY}`;
  const day = existsSync(join(bucket, folder, 'manifest.json')) && readJson(join(bucket, folder, 'manifest.json'));
  const wrong: string[] = [];
  if (day?.complete) {
    for (const { manifest } of day.branches)
      if (!existsSync(join(bucket, manifest))) wrong.push(`the complete day names ${manifest}, which is absent`);
  }
  for (const path of globSync(`${folder}/branches/*.json`, { cwd: bucket })) {
    for (const { key, sha256: expected } of readJson(join(bucket, path)).parts) {
      if (day?.rewriting && !day.complete) continue;
      if (!existsSync(join(bucket, key))) wrong.push(`${path} names ${key}, which is absent`);
      else if (sha256(join(bucket, key)) !== expected) wrong.push(`${path} names ${key}, which has other bytes`);
    }
  }
  return wrong;
};

if (import.meta.main) {
  const { moments, tried, close } = await experiments();
  const atOnce = pLimit(Number(process.env.AT_ONCE ?? 2));
  for (const scenario of SCENARIOS) {
    const all = await moments(scenario);
    const outcomes = await Promise.all(
      Array.from({ length: all }, (_, index) =>
        atOnce(async () => {
          const outcome = await tried(scenario, index + 1);
          process.stderr.write(outcome.wrong.length ? `\nat ${outcome.moment}: ${outcome.wrong.join('; ')}\n` : '.');
          return outcome;
        }),
      ),
    );
    const bad = outcomes.filter(({ wrong }) => wrong.length > 0);
    const killed = outcomes.filter((outcome) => outcome.killed).length;
    process.stdout.write(`\n${scenario}: ${all} moments, ${killed} runs killed, ${bad.length} with errors\n`);
    if (bad.length) process.exitCode = 1;
  }
  await close();
}
