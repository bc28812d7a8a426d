import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../local/deployed.ts';
import { quickSimulator, readJson, temporaryFolder } from './running.ts';
import { startInProcess } from './start-in-process.ts';

/** The commands of the document, in its order, as arguments of `npm start`. */
const commands = readFileSync(join(ROOT, 'docs/first-ten-minutes.md'), 'utf8')
  .split('\n')
  .flatMap((line) => /^ {4}npm start(?: -- (.*))?$/.exec(line)?.slice(1) ?? [])
  .map((options) => options?.split(' ') ?? []);

it('the commands of docs/first-ten-minutes.md do what it says, one after the other in one folder', async () => {
  const simulator = await quickSimulator();
  const out = await temporaryFolder();
  const asking = { TMDB_BASE_URL: simulator.url, TMDB_TOKEN: 'simulator', TMDB_REQUESTS_PER_SECOND: '100000' };
  const [all = [], dryRun = [], two = [], popular = [], fails = [], resume = [], real = []] = commands;
  expect([commands.length, resume, fails.at(-1)]).toEqual([7, ['--resume', 'RUN'], 'outage-crime-2017']);

  // The fault is the simulator's; here, it is asked over its address.
  const options = fails.slice(0, fails.indexOf('--faults'));
  simulator.use([{ kind: 'outage', genre: 80, year: 2017, forGood: true }]);
  const failed = await startInProcess([...options, '--out', out], asking);
  expect(failed).toMatchObject({ code: 1 });
  const [, run = ''] = /npm start -- --resume (\S+)/.exec(failed.out + failed.err) ?? [];
  simulator.use([]);
  for (const [args, says] of [
    [resume.map((word) => (word === 'RUN' ? run : word)), 'complete'],
    [dryRun, 'Nothing was written.'],
    [two, 'complete'],
    [popular, 'complete'],
    [real, 'complete'],
    [all, 'complete'],
  ] as const) {
    const ended = await startInProcess([...args, '--out', out], asking);
    expect([args, ended.code, ended.out]).toEqual([args, 0, expect.stringContaining(says)]);
  }

  const { manifest } = await readJson(out, 'bucket/_manifests/crime-war/latest.json');
  expect(await readJson(out, 'bucket', manifest)).toMatchObject({ complete: true, distinct: 1531 });
  expect(await readFile(join(out, 'bucket', manifest), 'utf8')).toContain('"missing"');
});
