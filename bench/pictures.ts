import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { ROOT, readMachines } from '../local/deployed.ts';
import { openPipeline } from '../local/pipeline.ts';
import { writeReport } from '../local/report-file.ts';
import { type Catalogue, catalogueOf, defaultCatalogue } from '../local/simulator/catalogue.ts';
import { startSimulator } from '../local/simulator/simulator.ts';

/*
 * `npm run pictures`: makes the pictures of the README. The state machines are drawn from their definitions, and the
 * report is that of the second of two runs with the simulator. It needs Chromium (Debian's package chromium) and two
 * minutes.
 */

const PICTURES = join(ROOT, 'docs', 'pictures');

interface Machine {
  StartAt: string;
  States: Record<string, { Type: string; Next?: string; Default?: string; Choices?: { Next: string }[] }>;
}

const [BOX, GAP, HIGH] = [132, 36, 44];

/** One machine as a row of its states: the way of a run without errors, and below it the ways back. */
const row = ({ StartAt, States }: Machine, top: number, left = 8) => {
  const names: string[] = [];
  for (let name: string | undefined = StartAt; name && !names.includes(name); ) {
    names.push(name);
    name = States[name]?.Next ?? States[name]?.Choices?.[0]?.Next;
  }
  const x = (name: string) => left + names.indexOf(name) * (BOX + GAP);
  const middle = top + HIGH / 2;
  const boxes = names.map((name, index) => {
    const isChoice = States[name]?.Type === 'Choice';
    const arrow = index > 0 ? `<path class="arrow" d="M${x(name) - GAP} ${middle}H${x(name) - 3}"/>` : '';
    return `${arrow}<rect class="${isChoice ? 'choice' : 'state'}" x="${x(name)}" y="${top}" width="${BOX}" height="${HIGH}" rx="${isChoice ? 22 : 6}"/><text x="${x(name) + BOX / 2}" y="${middle + 5}">${name}</text>`;
  });
  const back = names.flatMap((name) => {
    const to = States[name]?.Default;
    if (to === undefined || !names.includes(to)) return [];
    const [from, until, below] = [x(name) + BOX / 2, x(to) + BOX / 2, top + HIGH + 26];
    return `<path class="arrow" d="M${from} ${top + HIGH}V${below}H${until}V${top + HIGH + 3}"/><text class="no" x="${(from + until) / 2}" y="${below - 6}">no</text>`;
  });
  return { svg: [...boxes, ...back].join('\n'), x, width: names.length * (BOX + GAP) - GAP };
};

const stateMachines = async (): Promise<string> => {
  const { ingest, branch } = (await readMachines()) as unknown as Record<'ingest' | 'branch', Machine>;
  const top = row(ingest, 44);
  const start = top.x('WalkBranches');
  const below = row(branch, 196, start);
  const width = Math.max(top.width, start + below.width) + 16;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} 290" font-family="system-ui, sans-serif" font-size="15" role="img" aria-labelledby="t d">
<title id="t">The two state machines</title>
<desc id="d">The run: ${Object.keys(ingest.States).join(', ')}. Each branch is an execution of its own: ${Object.keys(branch.States).join(', ')}.</desc>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0L8 4L0 8Z" fill="#5b6775"/></marker></defs>
<style>text{fill:#17202b;text-anchor:middle}.head{fill:#5b6775;text-anchor:start}.no{fill:#5b6775}.state{fill:#dbe9f7;stroke:#1d5fa8}.choice{fill:#fff;stroke:#1d5fa8}.arrow{fill:none;stroke:#5b6775;stroke-width:1.5;marker-end:url(#tip)}.nested{stroke-dasharray:4 4}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text class="head" x="8" y="26">ingest: one run</text>
${top.svg}
<text class="head" x="${start + 90}" y="182">branch: one execution for each branch</text>
<path class="arrow nested" d="M${start + 30} 88V193"/>
${below.svg}
</svg>
`;
};

/** Fewer votes, and not less than a list of crime-war asks for. */
const fewer = (votes = 0): number => (votes < 20 ? votes : votes - 9);

/** The same movies a week earlier: some were not listed yet, and some had other budgets and fewer votes. */
const weekBefore = ({ movies, series, creditsOf }: Catalogue): Catalogue =>
  catalogueOf(
    movies.flatMap((movie) => {
      if (movie.id % 97 === 0) return [];
      if (movie.id % 41 !== 0) return [movie];
      return [
        {
          ...movie,
          budget: Math.round((movie.budget ?? 0) * 0.8),
          vote_count: fewer(movie.vote_count),
        },
      ];
    }),
    series,
    creditsOf,
  );

const report = async (out: string): Promise<string> => {
  const catalogue = defaultCatalogue();
  const weeks = [
    { day: '2026-11-13', served: weekBefore(catalogue) },
    { day: '2026-11-20', served: catalogue },
  ] as const;
  const file = join(out, 'report.html');
  for (const { day, served } of weeks) {
    const simulator = await startSimulator({
      catalogue: served,
      faults: [],
      ceiling: 40,
      latencyMs: { from: 40, to: 120 },
      seed: 1,
    });
    const env = { TMDB_BASE_URL: simulator.url, TMDB_TOKEN: 'simulator', TMDB_NAME: 'simulator:invented-movies' };
    const pipeline = await openPipeline({ out, env });
    await pipeline.start({ dataset: 'crime-war', day }, `week-of-${day}`).ended;
    await writeReport(pipeline.store, { dataset: 'crime-war', day }, file);
    await pipeline.close();
    await simulator.close();
  }
  return file;
};

const out = await mkdtemp(join(tmpdir(), 'pictures-'));
await writeFile(join(PICTURES, 'state-machines.svg'), await stateMachines());
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const page = await browser.newPage({ viewport: { width: 1100, height: 1300 } });
await page.goto(pathToFileURL(await report(out)).href);
await page.screenshot({ path: join(PICTURES, 'report.png') });
await browser.close();
await rm(out, { recursive: true, force: true });
process.exit(0);
