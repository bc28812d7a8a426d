import { PRICES } from '../lib/runs/prices.ts';
import { BETWEEN_SECONDS_IN_AWS, MEMORY_GB } from '../lib/stages/plan-forecast.ts';
import { workloadOf } from './simulated-tmdb.ts';
import { listsOf, PAGE, type Workload } from './workloads.ts';

/*
 * Calculates how long a run in AWS takes where each page-walker has a fixed share of the request rate, and where the
 * remaining walkers take the shares of those that have no branch any more. It is a model, not a measurement:
 *
 *   npx node bench/shares.ts
 *
 * All walkers ask at their share without a pause. Branches begin largest first, as in a plan.
 */

/** Requests a second of all walkers together: the highest rate of 4 × 9. */
const RATE = 40;

/** Requests of each branch: its pages, page 1 again, and its movies. Branches that list a movie share its request evenly. */
const requestsOf = (workload: Workload): number[] => {
  const lists = listsOf(workload);
  const listedBy = new Map<number, number>();
  for (const { id } of lists.flat()) listedBy.set(id, (listedBy.get(id) ?? 0) + 1);
  return lists.map(
    (movies) => pageRequests(movies.length) + movies.reduce((sum, { id }) => sum + 1 / (listedBy.get(id) ?? 1), 0),
  );
};

/** Page 1 of several is read again. */
const pageRequests = (movies: number) => (movies > PAGE ? Math.ceil(movies / PAGE) + 1 : 1);

/** @returns Seconds of the run, and seconds in which a page-walker is asking, added up. */
const timeOf = (branches: readonly number[], walkers: number, takeOver: boolean) => {
  const waiting = branches.toSorted((a, b) => b - a);
  const running: { left: number; beginsAt: number }[] = [];
  let now = 0;
  let walked = 0;
  const begin = () => {
    const left = waiting.shift();
    if (left !== undefined) running.push({ left, beginsAt: now + BETWEEN_SECONDS_IN_AWS });
  };
  for (let walker = 0; walker < walkers; walker++) begin();
  while (running.length > 0) {
    const share = RATE / (takeOver ? Math.min(walkers, running.length) : walkers);
    const step = Math.min(...running.map(({ left, beginsAt }) => (beginsAt > now ? beginsAt - now : left / share)));
    for (const branch of running) {
      if (branch.beginsAt > now) continue;
      branch.left -= share * step;
      walked += step;
    }
    now += step;
    for (const done of running.filter(({ left }) => left < 1e-6)) {
      running.splice(running.indexOf(done), 1);
      begin();
    }
  }
  return { seconds: now, walked };
};

const row = (...cells: readonly string[]) => console.log(`| ${cells.join(' | ')} |`);

row('lists', 'page-walkers', 'all requests / 40', 'fixed shares', 'taken over', 'Lambda of the page-walkers');
row('---', '---', '---:', '---:', '---:', '---:');
for (const [name, workload] of [
  ['crime and war, 22 lists', workloadOf('crime-war')],
  ['19 genres × 5 years, 10,000 movies', workloadOf(10_000)],
  ['19 genres × 5 years, 100,000 movies', workloadOf(100_000)],
] as const) {
  const branches = requestsOf(workload);
  const ideal = branches.reduce((sum, requests) => sum + requests, 0) / RATE;
  for (const walkers of [4, 6, 8]) {
    const fixed = timeOf(branches, walkers, false);
    row(
      name,
      `${walkers} × ${(RATE / walkers).toFixed(1)}`,
      `${ideal.toFixed(0)} s`,
      `${fixed.seconds.toFixed(0)} s`,
      `${timeOf(branches, walkers, true).seconds.toFixed(0)} s`,
      `$${(fixed.walked * MEMORY_GB.pageWalker * PRICES.gbSecond).toFixed(4)}`,
    );
  }
}
