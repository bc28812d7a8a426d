import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundled, DEPLOYED, FUNCTIONS } from './bundled.ts';
import { megabytes, program } from './called.ts';

/*
 * Measures each function's bundle: its size, and the CPU time and memory that a bare Node needs to load it. Medians of
 * --times loads (default 15), each in a process of its own. CPU time, because other programs make a start take longer.
 *
 *   npx node bench/bundles.ts              bundles as they are deployed, and as they would be without settings
 *   npx node bench/bundles.ts --contents   also the largest packages in each bundle
 */
const { values } = parseArgs({
  options: { times: { type: 'string', default: '15' }, contents: { type: 'boolean', default: false } },
});

const LOAD = `
  const before = process.memoryUsage.rss();
  const cpu = process.cpuUsage();
  require(process.argv[1]);
  const { user, system } = process.cpuUsage(cpu);
  console.log(JSON.stringify([(user + system) / 1000, process.memoryUsage.rss(), process.memoryUsage.rss() - before]));
`;

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

const loads = async (file: string) => {
  const all: [ms: number, rss: number, more: number][] = [];
  for (let time = 0; time < Number(values.times); time += 1)
    all.push(JSON.parse(await program(['--eval', LOAD, file])));
  return {
    ms: median(all.map(([ms]) => ms)),
    rss: median(all.map(([, rss]) => rss)),
    more: median(all.map(([, , more]) => more)),
  };
};

const kilobytes = (bytes: number) => `${Math.round(bytes / 1e3)} kB`;
const packageOf = (path: string) => /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? 'this project';

const folder = await mkdtemp(join(tmpdir(), 'bench-bundles-'));
console.log('| function | bundle | size | CPU time to load | memory when loaded | of that, the bundle |');
console.log('| --- | --- | --- | --- | --- | --- |');
for (const name of FUNCTIONS)
  for (const [what, options] of [
    ['not minified, with form-data', { ...DEPLOYED, minify: false, alias: {} }],
    ['as deployed', DEPLOYED],
  ] as const) {
    const { file, bytes, parts } = await bundled(name, folder, options);
    const { ms, rss, more } = await loads(file);
    const cells = [name, what, kilobytes(bytes), `${Math.round(ms)} ms`];
    console.log(`| ${[...cells, megabytes(rss), megabytes(more)].join(' | ')} |`);
    if (!values.contents || options !== DEPLOYED) continue;
    const packages = Map.groupBy(parts, ({ path }) => packageOf(path));
    const sizes = [...packages].map(([one, of]) => [one, of.reduce((sum, { bytes: more }) => sum + more, 0)] as const);
    for (const [one, size] of sizes.toSorted(([, a], [, b]) => b - a).slice(0, 25))
      console.log(`  ${kilobytes(size)} ${one}`);
  }
await rm(folder, { recursive: true });
