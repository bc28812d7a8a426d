/*
 * Calls the handler of a bundle in this process until it is finished, and prints time and memory as one line of JSON:
 * `node bench/one-call.js <bundle> '{…}'`. JavaScript, because Node's compiler for TypeScript takes memory, too.
 */
const [, , bundle = '', event = '{}'] = process.argv;
const loadedAt = performance.now();
const { default: functions } = await import(bundle);
const loadMs = performance.now() - loadedAt;
const loadedBytes = process.memoryUsage.rss();
const startedAt = performance.now();
const context = { functionName: 'bench', getRemainingTimeInMillis: () => 900_000 };
let calls = 0;
let result;
do {
  result = await functions.handler(JSON.parse(event), context);
  calls += 1;
} while (result.finished === false);
const seconds = (performance.now() - startedAt) / 1000;
const cpu = process.cpuUsage();
console.log(
  JSON.stringify({
    calls,
    seconds,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    loadMs,
    loadedBytes,
    // Node gives kilobytes here.
    peakBytes: process.resourceUsage().maxRSS * 1024,
  }),
);
