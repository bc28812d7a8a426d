import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ROOT } from '../local/deployed.ts';
import { type Measured, measuredProcess } from './measured-process.ts';
import type { Workload } from './workloads.ts';

/** The TMDB to ask, where to write, and the requests that it allows in a second. */
export interface Task {
  url: string;
  out: string;
  ceiling: number | false;
  workload: Workload;
}

/** A program that loads the workload. */
export interface Contender {
  name: string;
  /** Without Python it is left out. */
  isPython: boolean;
  /** One request after the other takes minutes, and its time is requests × latency: it runs once. */
  isSlow?: boolean;
  run(task: Task): Promise<Measured>;
  /** Movies in the files that it wrote, each visit counted. */
  written(out: string): Promise<number>;
}

const linesIn = async (folder: string): Promise<number> => {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  let lines = 0;
  for (const name of names.filter((one) => /\.jsonl(\.gz)?$/.test(one))) {
    const bytes = await readFile(join(folder, name));
    const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
    lines += text.split('\n').filter(Boolean).length;
  }
  return lines;
};

const range = ({ genres, years }: Workload) => [genres.join(','), String(years.from), String(years.to)];

/** Requests in a second where TMDB has no ceiling. */
const UNLIMITED = '100000';

const ours: Contender = {
  name: 'tmdb-raw-zone',
  isPython: false,
  run: ({ url, out, ceiling }) =>
    measuredProcess(process.execPath, ['local/start.js', 'local/main.ts', '--out', out, '--day', '2026-11-20'], {
      cwd: ROOT,
      env: {
        ...process.env,
        TMDB_BASE_URL: url,
        TMDB_TOKEN: 'simulator',
        ...(ceiling === false && { TMDB_REQUESTS_PER_SECOND: UNLIMITED }),
      },
    }),
  /** Movies that the rule leaves out are accounted for in the manifest; the peers have no rule. */
  written: async (out) => {
    const manifest = JSON.parse(
      await readFile(join(out, 'bucket/_manifests/crime-war/2026-11-20/manifest.json'), 'utf8').catch(() => '{}'),
    );
    return manifest.complete ? manifest.written + manifest.leftOut : 0;
  },
};

const sequential = (python: string): Contender => ({
  name: 'a sequential script',
  isPython: true,
  isSlow: true,
  run: ({ url, out, workload }) =>
    measuredProcess(python, [join(ROOT, 'bench/peers/sequential.py'), url, out, ...range(workload)]),
  written: async (out) => {
    let movies = 0;
    for (const name of await readdir(out).catch(() => []))
      movies += JSON.parse(await readFile(join(out, name), 'utf8')).length;
    return movies;
  },
});

const dlt = (python: string, workers: number): Contender => ({
  name: `dlt, ${workers} workers`,
  isPython: true,
  run: ({ url, out, workload }) =>
    measuredProcess(python, [join(ROOT, 'bench/peers/dlt_tmdb.py'), url, out, String(workers), ...range(workload)]),
  written: (out) => linesIn(join(out, 'raw/details')),
});

const airbyte = (python: string, workers: number): Contender => ({
  name: `Airbyte CDK, ${workers} workers`,
  isPython: true,
  run: ({ url, out, ceiling, workload }) =>
    measuredProcess(python, [
      join(ROOT, 'bench/peers/airbyte_tmdb.py'),
      url,
      out,
      String(workers),
      String(ceiling || 0),
      ...range(workload),
    ]),
  written: linesIn,
});

/** @param python A Python with the packages of bench/peers/requirements.txt. Without it, only our own program runs. */
export const contenders = (python: string | undefined): Contender[] => [
  ours,
  ...(python
    ? [dlt(python, 5), dlt(python, 20), dlt(python, 50), airbyte(python, 20), airbyte(python, 50), sequential(python)]
    : []),
];
