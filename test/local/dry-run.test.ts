import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../local/deployed.ts';
import { dryRun, dryRunText } from '../../local/dry-run.ts';
import { startCommand } from './command-line.ts';
import { crimeWarOf, filesIn, quickPipeline, quickSimulator, temporaryFolder } from './running.ts';

const DAY = '2026-11-20';

/** A dry run of a dataset, then the run itself. */
const bothOf = async (dataset: string, datasets: string) => {
  const simulator = await quickSimulator();
  const out = await temporaryFolder();
  const env = {
    TMDB_BASE_URL: simulator.url,
    TMDB_TOKEN: 'simulator',
    TMDB_REQUESTS_PER_SECOND: '36',
    DATASETS: datasets,
  };
  const input = { dataset, day: DAY };
  const missing = join(out, 'nothing');
  const planned = await dryRun({ input, bucket: undefined }, missing, env);
  expect(existsSync(missing)).toBe(false);
  const asked = simulator.asked.length;
  const pipeline = await quickPipeline(simulator, { out, env: { DATASETS: datasets } });
  expect(await pipeline.start(input).ended).toMatchObject({ status: 'SUCCEEDED' });
  const requests = simulator.asked.length - asked;
  await pipeline.close();
  const again = () => dryRun({ input, bucket: undefined }, out, env);
  return { planned, requests, out, again, env };
};

describe('a dry run of crime-war', () => {
  let both: Awaited<ReturnType<typeof bothOf>>;
  beforeAll(async () => {
    both = await bothOf('crime-war', await crimeWarOf(2016, 2018));
  });

  it('names the requests of the run within 2 %, and its objects within 10 %', async () => {
    const { planned, requests, out } = both;
    expect(Math.abs((planned.forecast?.requests ?? 0) - requests) / requests).toBeLessThan(0.02);
    const objects = (await filesIn(join(out, 'bucket'))).size;
    // Six tables; each branch lists their folders, and the files of each.
    const lists = 3 + (3 + 1 + 6) * planned.unfinished.length;
    const puts = (planned.forecast?.usage.puts ?? 0) - lists;
    expect(Math.abs(puts - objects) / objects).toBeLessThan(0.1);
  });

  it('changes no file of the folder, and warns that the day is there', async () => {
    const { out, again } = both;
    const before = await filesIn(out);
    const planned = await again();
    expect(planned.warnings).toEqual([expect.stringMatching(/^2026-11-20 is complete already: run local-/)]);
    expect(await filesIn(out)).toEqual(before);
  });

  it('is a table that fits into 80 columns', () => {
    const text = dryRunText(both.planned);
    expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(text).toMatch(/^crime-2016 +\d+ +\d+ +\d+ +\d+$/m);
    expect(text).toMatch(/^all 6 +412 /m);
    expect(text).toMatch(/^Cost in AWS: \$0\.00\d\d \(us-east-1, prices of \d{4}-\d\d-\d\d, /m);
    expect(text).toContain('History: 82 of 25000 events');
  });

  it('is JSON with --json, and its process makes no file', async () => {
    const { env } = both;
    const parent = await temporaryFolder();
    await mkdir(join(parent, 'there', 'bucket'), { recursive: true });
    const { code, out } = await startCommand(['--dry-run', '--json', '--day', DAY, '--out', join(parent, 'there')], env)
      .ended;
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ outcome: 'dryRun', forecast: both.planned.forecast });
    expect((await filesIn(parent)).size).toBe(0);
  });
});

it('a dry run of popular names the requests of the run within 2 %', async () => {
  const { planned, requests } = await bothOf('popular', join(ROOT, 'datasets'));
  expect(Math.abs((planned.forecast?.requests ?? 0) - requests) / requests).toBeLessThan(0.02);
});
