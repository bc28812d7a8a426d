import { tmpdir } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { branchWork, type Outcome } from '../../../lib/runs/work.ts';
import { write } from '../../../lib/stages/write.ts';
import { fastClock } from '../../doubles/fast-clock.ts';
import { memoryStore } from '../../doubles/memory-store.ts';
import { crime2017, crimeWar, detailed } from '../crime-2017.ts';

/* Writes 60 MB of records in a worker, whose heap the test limits. The bucket and the parts are not in this heap. */
const MOVIES = 1_000;
const AT_ONCE = 10;
const RECORD_BYTES = 60_000;

const settings = crimeWar({ record: { from: 'details', without: [], with: {}, peopleWithout: [] } });
const branch = crime2017({ settings });
const store = memoryStore();
const work = branchWork(store, branch);
const spent = { tally: { requests: 0, retries: 0, throttles: 0 }, from: branch.plannedAt, to: branch.plannedAt };
const ids = Array.from({ length: MOVIES }, (_, index) => index + 1);
const fetched = (id: number): Outcome => ({
  id,
  outcome: 'fetched',
  tmdbId: id,
  json: Buffer.from(JSON.stringify(detailed(id, { overview: 'x'.repeat(RECORD_BYTES) }))),
});

const items = ids.map((id) => ({ id }));
await work.keepListing({
  ...spent,
  value: { items, expected: MOVIES, listed: MOVIES, doubled: 0, passes: 1, warnings: [] },
});
for (let from = 0; from < MOVIES; from += AT_ONCE)
  await work.keepChunk({ ...spent, value: ids.slice(from, from + AT_ONCE).map(fetched) });
const { kept, bytes } = await write(branch, {
  store,
  work,
  clock: fastClock(),
  codeVersion: '1.2.3',
  scratch: tmpdir(),
  emit: () => undefined,
});
parentPort?.postMessage({ kept, bytes });
