import { parseArgs } from 'node:util';
import pLimit from 'p-limit';
import { BadInputError } from '../../lib/parse.ts';
import { exitWith } from '../../local/exit-code.ts';
import { refuseKeptByNpm } from '../../local/npm-options.ts';
import { CASES } from './cases.ts';
import { save } from './document.ts';
import { everyFileChange } from './every-file-change.ts';
import { everyStep } from './every-step.ts';
import { type Observed, problemsOf, quietRun, tried } from './experiment.ts';
import { smallCatalogue } from './small-tmdb.ts';
import { add, emptyRow, type Row, rowAsLine, rowsAsTable } from './table.ts';

const USAGE = `npm run lab [-- options]

Runs the pipeline under faults of TMDB, of S3 and of its own process, and compares what it wrote with a run without
faults. Without options, it runs everything and writes docs/reliability.md, in about 25 minutes. --case every-file-change
alone writes its table there, too.

  --case NAME   only this case; may be repeated. Cases: ${Object.keys(CASES).map(slug).join(', ')}, every-step, every-file-change
  --seed N      the first seed (1). One seed gives one schedule of faults; of the last two cases, it is the number of the kill
  --runs N      seeds of each case; with --seed the default is 1
  --each N      of the last two cases, only each Nth kill
  --help        prints this text
`;

function slug(name: string): string {
  return name
    .replaceAll(/[^\w]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .toLowerCase();
}

/** Experiments at once. Some wait for a timeout, and others use the processor meanwhile. */
const AT_ONCE = 4;
/** Memory of the whole process of the lab, with TMDB and S3 in it. */
const MOST_BYTES = 1_000_000_000;
const SAMPLE_MS = 50;

const OPTIONS = {
  case: { type: 'string', multiple: true },
  seed: { type: 'string' },
  runs: { type: 'string' },
  each: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** One experiment, and how to repeat it. */
interface Experiment {
  again: string;
  run(): Promise<Observed>;
}

/** Runs all experiments of a row; prints what is wrong, and the row. */
const rowOf = async (name: string, experiments: readonly Experiment[]): Promise<Row> => {
  const row = emptyRow(name);
  const sample = () => {
    row.peakBytes = Math.max(row.peakBytes, process.memoryUsage.rss());
  };
  const timer = setInterval(sample, SAMPLE_MS);
  const atOnce = pLimit(AT_ONCE);
  await Promise.all(
    experiments.map(({ again, run }) =>
      atOnce(async () => {
        const one = await tried(run);
        sample();
        const problems = problemsOf(one);
        add(row, one, problems.length > 0);
        if (problems.length > 0) process.stdout.write(`${again}\n${problems.map((each) => `  ${each}\n`).join('')}`);
      }),
    ),
  );
  clearInterval(timer);
  if (row.peakBytes > MOST_BYTES) {
    row.failed += 1;
    process.stdout.write(`${name}: the process has used ${row.peakBytes} bytes of memory; ${MOST_BYTES} are allowed\n`);
  }
  process.stdout.write(`${rowAsLine(row)}\n`);
  return row;
};

const number = (option: string, text: string): number => {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1)
    throw new BadInputError(`--${option}: use a whole number from 1; got ${JSON.stringify(text)}.`);
  return Number(text);
};

const EVERY_STEP = 'every-step';
const EVERY_FILE_CHANGE = 'every-file-change';

const main = async (argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> => {
  refuseKeptByNpm('npm run lab', OPTIONS, argv, env);
  const { values } = parseArgs({ args: [...argv], options: OPTIONS });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const seed = number('seed', values.seed ?? '1');
  const runs = values.runs === undefined ? undefined : number('runs', values.runs);
  const each = number('each', values.each ?? '1');
  const wanted = values.case ?? [];
  const names = [...Object.keys(CASES).map(slug), EVERY_STEP, EVERY_FILE_CHANGE];
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new BadInputError(`--case: use one of ${names.join(', ')}; got ${JSON.stringify(unknown)}.`);
  const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name);

  const startedAt = performance.now();
  const quiet = await quietRun(smallCatalogue());
  const rows: Row[] = [];
  for (const [name, { seeds, run }] of Object.entries(CASES)) {
    if (!isWanted(slug(name))) continue;
    const count = runs ?? (values.seed === undefined ? seeds : 1);
    const experiments = Array.from({ length: count }, (_, index) => ({
      again: `npm run lab -- --seed ${seed + index} --case ${slug(name)}`,
      run: () => run(seed + index, quiet),
    }));
    rows.push(await rowOf(name, experiments));
  }
  /** A case in which each number of a kill is one experiment: those that the options name, a row for each situation. */
  const atEachPoint = async <Point extends { situation: string }>(
    name: string,
    what: string,
    { points, killed }: { points: readonly Point[]; killed(point: Point): Promise<Observed> },
  ): Promise<Row[]> => {
    const chosen = points
      .map((point, index) => ({
        situation: point.situation,
        again: `npm run lab -- --seed ${index + 1} --case ${name}`,
        run: () => killed(point),
      }))
      .slice(seed - 1, values.seed === undefined ? undefined : seed - 1 + (runs ?? 1))
      .filter((_, index) => index % each === 0);
    const made: Row[] = [];
    for (const [situation, experiments] of Map.groupBy(chosen, (one) => one.situation)) {
      const all = points.filter((point) => point.situation === situation).length;
      const some = experiments.length === all ? `each of ${all}` : `${experiments.length} of ${all}`;
      made.push(await rowOf(`a kill at ${some} ${what}: ${situation}`, experiments));
    }
    return made;
  };
  if (isWanted(EVERY_STEP)) rows.push(...(await atEachPoint(EVERY_STEP, 'points', await everyStep())));
  const fileRows: Row[] = [];
  const filesStartedAt = performance.now();
  if (isWanted(EVERY_FILE_CHANGE)) {
    const changes = await everyFileChange();
    fileRows.push(...(await atEachPoint(EVERY_FILE_CHANGE, 'points of a folder', changes)));
    await changes.close();
  }
  const minutesSince = (from: number, to = performance.now()) => (to - from) / 60_000;
  if (values.seed === undefined && runs === undefined && each === 1) {
    const table = (some: readonly Row[], minutes: number) =>
      `First seed 1; ${minutes.toFixed(0)} minutes on this machine.\n\n${rowsAsTable(some)}`;
    if (wanted.length === 0) await save('table', table(rows, minutesSince(startedAt, filesStartedAt)));
    if (fileRows.length > 0) await save('table of files', table(fileRows, minutesSince(filesStartedAt)));
  }
  rows.push(...fileRows);
  const failed = rows.reduce((total, row) => total + row.failed, 0);
  const sum = rows.reduce((total, row) => total + row.runs, 0);
  process.stdout.write(
    `${sum} runs in ${minutesSince(startedAt).toFixed(1)} minutes, ${failed} with something wrong.\n`,
  );
  return failed > 0 ? 1 : 0;
};

await exitWith(main);
