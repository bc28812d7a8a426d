import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../local/deployed.ts';
import { pythonWithPackages } from '../local/python.ts';
import { type BarGroup, chart } from './chart.ts';
import { type Contender, contenders } from './contenders.ts';
import { startTmdb, type TmdbOptions, workloadOf } from './simulated-tmdb.ts';

/*
 * Compares this project with dlt, Airbyte's CDK and a sequential script: each loads the same 2,447 movies from the same
 * simulator, one after the other. All of it takes about 40 minutes, because each program runs three times; `--rounds 1`
 * is enough for a first look, and `--only tmdb` runs only this project.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    situation: { type: 'string' },
    /** Writes the table to bench/README.md, and the chart beside it. */
    save: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);

interface Situation extends Omit<TmdbOptions, 'workload'> {
  name: 'ceiling' | 'no-ceiling';
  title: string;
}

const SITUATIONS: readonly Situation[] = [
  { name: 'ceiling', title: 'TMDB allows 40 requests a second and answers after 60 ms', ceiling: 40, latencyMs: 60 },
  { name: 'no-ceiling', title: 'TMDB has no limit and answers after 50 ms', ceiling: false, latencyMs: 50 },
];

interface Round {
  wallSeconds: number;
  trafficSeconds: number;
  requests: number;
  throttled: number;
  lost: number;
  cpuSeconds: number | undefined;
  peakMegabytes: number | undefined;
}

const workload = workloadOf('crime-war');

const oneRound = async (contender: Contender, { ceiling, latencyMs }: Situation): Promise<Round> => {
  const tmdb = await startTmdb({ workload: 'crime-war', ceiling, latencyMs });
  const out = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    const { code, stderr, ...measured } = await contender.run({ url: tmdb.url, out, ceiling, workload });
    const { requests, throttled, seconds } = await tmdb.traffic();
    const written = await contender.written(out);
    if (code !== 0) process.stderr.write(`${contender.name} ended with exit code ${code}:\n${stderr.slice(-2_000)}\n`);
    return { ...measured, trafficSeconds: seconds, requests, throttled, lost: workload.listed - written };
  } finally {
    await rm(out, { recursive: true });
    await tmdb.close();
  }
};

/** The round whose wall time is in the middle. Its other figures belong to it, so they fit together. */
const median = (all: readonly Round[]): Round => {
  const sorted = all.toSorted((a, b) => a.wallSeconds - b.wallSeconds);
  return sorted[Math.floor((sorted.length - 1) / 2)] as Round;
};

const COLUMNS = [
  'program',
  'wall time',
  'seconds of traffic',
  'requests',
  'answers 429',
  'movies a second',
  'peak memory',
  'CPU time',
  'movies lost',
] as const;

const number = (value: number, digits = 0) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const optional = (value: number | undefined, unit: string, digits = 0) =>
  value === undefined ? 'not measured' : `${number(value, digits)} ${unit}`;

const moviesASecond = ({ lost, wallSeconds }: Round) => (workload.listed - lost) / wallSeconds;

const row = (name: string, round: Round) => [
  name,
  `${number(round.wallSeconds, 1)} s`,
  `${number(round.trafficSeconds, 1)} s`,
  number(round.requests),
  number(round.throttled),
  number(moviesASecond(round), 1),
  optional(round.peakMegabytes, 'MB'),
  optional(round.cpuSeconds, 's', 1),
  number(round.lost),
];

const table = (rows: readonly (readonly string[])[]) =>
  [COLUMNS, COLUMNS.map((_, index) => (index === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

const python = await pythonWithPackages({
  venv: join(ROOT, '.local/bench-venv'),
  requirements: join(ROOT, 'bench/peers/requirements.txt'),
  onInstall: () => process.stderr.write('Installing dlt and the Airbyte CDK into .local/bench-venv.\n'),
}).catch((error: Error) => {
  process.stderr.write(`The peers are left out: ${error.message}\n`);
  return undefined;
});

const all = contenders(python).filter(({ name }) => !values.only || name.includes(values.only));
const texts: string[] = [];
const groups: BarGroup[] = [];
for (const situation of SITUATIONS.filter(({ name }) => !values.situation || name === values.situation)) {
  const results = new Map(all.map((contender) => [contender, [] as Round[]]));
  // One round of all programs after the other, so that a busy minute of the machine doesn't meet only one of them.
  for (let round = 0; round < rounds; round++) {
    for (const [contender, soFar] of results) {
      if (contender.isSlow && round > 0) continue;
      soFar.push(await oneRound(contender, situation));
      process.stderr.write(
        `${situation.name}, round ${round + 1}: ${row(contender.name, soFar.at(-1) as Round).join(', ')}\n`,
      );
    }
  }
  const medians = [...results].map(([contender, of]) => ({ ...contender, round: median(of) }));
  const rows = medians.map(({ name, isSlow, round }) => row(isSlow ? `${name} (one round)` : name, round));
  groups.push({
    title: `${situation.title}: movies a second`,
    bars: medians.map(({ name, isPython, round }) => ({ name, value: moviesASecond(round), isOurs: !isPython })),
  });
  texts.push(`### ${situation.title}\n\n${table(rows)}`);
}

const machine = `Measured on ${new Date().toISOString().slice(0, 10)}: ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.versions.node}, ${rounds} ${rounds === 1 ? 'round' : 'rounds; the middle one of each program'}.`;
const text = `${machine}\n\n${texts.join('\n\n')}`;
process.stdout.write(`${text}\n`);

if (values.save) {
  await writeFile(join(ROOT, 'bench/comparison.svg'), chart('Movies a second of each program', groups));
  const readme = join(ROOT, 'bench/README.md');
  const [before, , after] = (await readFile(readme, 'utf8')).split(/(<!-- table -->[\s\S]*<!-- end of table -->)/);
  await writeFile(
    readme,
    `${before}<!-- table -->\n\n![Movies a second of each program](comparison.svg)\n\n${text}\n\n<!-- end of table -->${after}`,
  );
}
