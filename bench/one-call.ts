import * as pageWalker from '../functions/page-walker.ts';
import * as planner from '../functions/planner.ts';
import * as writer from '../functions/writer.ts';

/* Calls one function in this process, and prints its time and memory: `node bench/one-call.ts planner '{…}'`. */
const [, , name, event = '{}'] = process.argv;
const metrics = { publish: () => undefined };
const calls = {
  planner: () => planner.planner(planner.services(process.env)),
  'page-walker': () => pageWalker.pageWalker(pageWalker.services(process.env)),
  writer: () => writer.writer({ ...writer.services(process.env), ...metrics }),
};
const handler = calls[name as keyof typeof calls]();
const idle = process.memoryUsage().rss;
const startedAt = performance.now();
await handler(JSON.parse(event), { getRemainingTimeInMillis: () => 900_000 });
const megabytes = (bytes: number) => Math.round(bytes / 1e6);
console.log(
  `${((performance.now() - startedAt) / 1000).toFixed(1)} s, peak memory ${megabytes(process.resourceUsage().maxRSS * 1024)} MB (${megabytes(idle)} before the call)`,
);
