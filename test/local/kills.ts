import { createHash } from 'node:crypto';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../lib/clock.ts';
import { tmdbClient } from '../../lib/tmdb/client.ts';
import { pace } from '../../lib/tmdb/pace.ts';
import { openPipeline } from '../../local/pipeline.ts';
import { type Catalogue, catalogueOf, defaultCatalogue } from '../../local/simulator/catalogue.ts';
import { startSimulator } from '../../local/simulator/simulator.ts';
import { type Comparison, compare, type Lake, lakeIn, wrongInDay } from '../lab/oracle.ts';
import { startCommand } from './command-line.ts';

/*
 * Kill experiments: a run is killed at a change in its folder, the bucket is checked, the run is continued as the output
 * says, and the files are compared with those of an undisturbed run.
 *
 * A run leaves a copy of its folder at each change: that is what a kill would leave there, and each copy is continued. At
 * some changes, a run is really killed. `npm run lab -- --case every-file-change` does this for all copies, kills.test.ts for
 * some.
 */

export const SCENARIOS = ['a first run', 'a run of a complete day with changed data', 'a resumed run'] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** What one experiment showed. */
export interface Continued extends Comparison {
  /** What is wrong, in sentences. */
  wrong: string[];
}

/** What is wrong where a run ended before the moment of its kill. */
export const NOT_KILLED = 'it was not killed';

const DAY = '2026-11-20';
const ROOT = join(import.meta.dirname, '../..');
const readJson = (file: string) => JSON.parse(readFileSync(file, 'utf8'));

/**
 * Everything that the experiments share: two simulators, and the undisturbed runs.
 *
 * @param each A run is copied at one of so many moments. It must divide HALF.
 */
export const experiments = async (each = 1) => {
  const temporary = mkdtempSync(join(tmpdir(), 'kills-'));
  const options = { seed: 1, ceiling: false, latencyMs: { from: 0, to: 0 }, connections: 1000 } as const;
  const catalogue = defaultCatalogue();
  const simulators = {
    before: await startSimulator({ ...options, catalogue }),
    after: await startSimulator({ ...options, catalogue: changed(catalogue) }),
  };
  type Data = keyof typeof simulators;
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
  const environment = (data: Data) => ({
    TMDB_TOKEN: 'simulator',
    TMDB_BASE_URL: simulators[data].url,
    TMDB_REQUESTS_PER_SECOND: '100000',
    DATASETS: datasets,
  });

  // One client for all runs in this process, because each client keeps its connections.
  const client = (data: Data) =>
    tmdbClient({
      baseUrl: simulators[data].url,
      token: () => 'simulator',
      gate: pace(100_000, systemClock),
      clock: systemClock,
    });
  const clients = { before: client('before'), after: client('after') };

  /** `npm start`, as a process of its own that is watched or killed. */
  const start = (out: string, data: Data, run: string | undefined, watched: Record<string, string>) =>
    startCommand([...(run ? ['--resume', run] : ['--day', DAY]), '--out', out], {
      ...environment(data),
      NODE_OPTIONS: `--import=${join(import.meta.dirname, 'kill-at.ts')}`,
      KILL_BELOW: out,
      ...watched,
    }).ended;

  /** The same in this process. Returns what is wrong, in sentences, and what the bucket has then. */
  const proceed = async (
    out: string,
    data: Data,
    run: string | undefined,
    expected?: Lake,
  ): Promise<{ wrong: string[]; lake: Lake }> => {
    const pipeline = await openPipeline({ out, env: environment(data), tmdb: clients[data], retryMs: 1 });
    try {
      const input = { dataset: 'crime-war', ...(run ? { resume: run } : { day: DAY }) };
      const { status, error, cause } = await pipeline.start(input, `continued-${Date.now()}`).ended;
      const lake = await lakeIn(pipeline.store);
      return {
        wrong: [
          ...(status === 'SUCCEEDED' ? [] : [`${status}: ${error}: ${cause}`]),
          ...(expected ? await wrongInDay(pipeline.store, lake, expected) : []),
        ],
        lake,
      };
    } finally {
      await pipeline.close();
    }
  };

  const undisturbed = async (data: Data) => {
    const out = join(temporary, `undisturbed-${data}`);
    const { wrong, lake } = await proceed(out, data, undefined);
    if (wrong.length) throw new Error(wrong.join());
    return { out, files: rawFiles(out), lake };
  };
  const runs = { before: await undisturbed('before'), after: await undisturbed('after') };
  const known = new Set([...runs.before.files, ...runs.after.files].map((file) => JSON.stringify(file)));

  /** A folder as it is before the run of a scenario, which data TMDB has, and the run to resume. */
  const prepare = (scenario: Scenario, out: string): { data: Data; run?: string | undefined } => {
    if (scenario === 'a first run') return { data: 'before' };
    const half = snapshots.get('a first run')?.at(HALF / each) ?? '';
    copy(scenario === 'a resumed run' ? half : runs.before.out, out);
    return scenario === 'a resumed run' ? { data: 'before', run: runsIn(out).at(-1) } : { data: 'after' };
  };
  const snapshots = new Map<Scenario, string[]>();
  for (const scenario of SCENARIOS) {
    const out = join(temporary, scenario.replaceAll(' ', '-'));
    const { data, run } = prepare(scenario, out);
    const { code, err } = await start(out, data, run, {
      SNAPSHOTS: `${out}-snapshots`,
      SNAPSHOT_EACH: String(each),
    });
    if (code !== 0) throw new Error(err);
    const names = readdirSync(`${out}-snapshots`).toSorted();
    snapshots.set(
      scenario,
      names.map((name) => join(`${out}-snapshots`, name)),
    );
  }

  /** What is wrong in a folder after a kill, and after the run was continued. */
  const continued = async (scenario: Scenario, out: string): Promise<Continued> => {
    const data = scenario === 'a run of a complete day with changed data' ? 'after' : 'before';
    const before = data === 'after' ? new Set(runsIn(runs.before.out)) : new Set();
    const wrong = [
      ...promisesBroken(out),
      ...rawFiles(out)
        .filter((file) => !known.has(JSON.stringify(file)))
        .map(([path]) => `${path} is of neither run`),
    ];
    // A run that has not been planned is started again.
    const planned = runsIn(out).find((one) => !before.has(one));
    const { wrong: wrongThen, lake } = await proceed(out, data, planned, runs[data].lake);
    wrong.push(...wrongThen, ...promisesBroken(out));
    if (readdirSync(join(out, 'bucket/.writing')).length) wrong.push('.writing is not empty');
    return { wrong, ...compare(lake, runs[data].lake) };
  };

  return {
    /** The moments, from 0, at which a run of this scenario was copied. */
    moments: (scenario: Scenario): number[] => (snapshots.get(scenario) ?? []).map((_, index) => index * each),
    /** Continues what a kill at a moment would leave. */
    left: async (scenario: Scenario, moment: number): Promise<Continued> => {
      const out = mkdtempSync(join(temporary, 'out-'));
      try {
        copy(snapshots.get(scenario)?.[moment / each] ?? '', out);
        return await continued(scenario, out);
      } finally {
        rmSync(out, { recursive: true, force: true });
      }
    },
    /** Kills a run, then continues it. */
    killed: async (scenario: Scenario, moment: number): Promise<Continued> => {
      const out = mkdtempSync(join(temporary, 'out-'));
      try {
        const { data, run } = prepare(scenario, out);
        const { signal } = await start(out, data, run, { KILL_AT: String(moment + 1) });
        const { wrong, ...compared } = await continued(scenario, out);
        return { wrong: [...(signal === 'SIGKILL' ? [] : [NOT_KILLED]), ...wrong], ...compared };
      } finally {
        rmSync(out, { recursive: true, force: true });
      }
    },
    close: async () => {
      await Promise.all([simulators.before.close(), simulators.after.close()]);
      rmSync(temporary, { recursive: true, force: true });
    },
  };
};

/** Number of the moment of the first run after which the resumed run goes on: about half of the work is done. */
const HALF = 100;

const copy = (from: string, to: string) => cpSync(from, to, { recursive: true, preserveTimestamps: true });

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
