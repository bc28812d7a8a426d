import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPipeline } from '../local/pipeline.ts';
import { defaultCatalogue } from '../local/simulator/catalogue.ts';
import { startSimulator } from '../local/simulator/simulator.ts';

/*
 * How much of TMDB's ceiling a run uses, and whether it ever meets it: crime-war over the simulator, as `npm start`
 * runs it. Takes three quarters of a minute. The ratio is what counts; it depends on the machine only where that is
 * too slow for 36 requests a second.
 */
const CEILING = 40;

const simulator = await startSimulator({ catalogue: defaultCatalogue(), seed: 1, ceiling: CEILING });
const out = await mkdtemp(join(tmpdir(), 'bench-'));
const pipeline = await openPipeline({
  out,
  env: { TMDB_BASE_URL: simulator.url, TMDB_TOKEN: 'simulator' },
});
const { status } = await pipeline.start({ dataset: 'crime-war', day: '2026-11-20' }).ended;
await pipeline.close();
await simulator.close();
await rm(out, { recursive: true });

const { asked } = simulator;
const seconds = ((asked.at(-1)?.at ?? 0) - (asked[0]?.at ?? 0)) / 1000;
const rate = asked.length / seconds;
const throttled = asked.filter(({ status: answer }) => answer === 429).length;
console.log(
  `${status}: ${asked.length} requests in ${seconds.toFixed(1)} s, ${rate.toFixed(1)} a second: ${((rate / CEILING) * 100).toFixed(1)} % of the ceiling; ${throttled} times 429`,
);
