import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPipeline } from '../local/pipeline.ts';
import { defaultCatalogue } from '../local/simulator/catalogue.ts';
import { startSimulator } from '../local/simulator/simulator.ts';

/*
 * Measures how much of TMDB's rate limit a run uses, and whether it exceeds the limit. Runs crime-war with the simulator,
 * as `npm start` does. Takes about 45 s. The result depends on the machine only if it is too slow for 36 requests per
 * second.
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
  `${status}: ${asked.length} requests in ${seconds.toFixed(1)} s, ${rate.toFixed(1)} per second: ${((rate / CEILING) * 100).toFixed(1)} % of the rate limit; ${throttled} throttled (429)`,
);
