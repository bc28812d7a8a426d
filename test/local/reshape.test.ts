import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { crimeWarOf, quickPipeline, quickSimulator, rawZone, readJson, temporaryFolder } from './running.ts';
import { startInProcess } from './start-in-process.ts';

const input = { dataset: 'crime-war', day: '2026-11-20' };

it('npm start -- --reshape writes what a fresh run of the changed dataset writes, without a TMDB', async () => {
  const DATASETS = await crimeWarOf(2017, 2018);
  const simulator = await quickSimulator();
  const pipeline = await quickPipeline(simulator, { env: { DATASETS } });
  await pipeline.start(input, 'first').ended;
  await pipeline.close();
  const before = await rawZone(pipeline.bucket);
  const asked = simulator.asked.length;

  const file = join(DATASETS, 'crime-war.json');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('"first":5', '"first":10').replace('"above":0', '"above":1000000'));
  const { code, out, err } = await startInProcess(['--reshape', 'first', '--out', pipeline.out], { DATASETS });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('Writing the kept answers of first again; TMDB is not asked.');
  expect(out).toMatch(/Run local-\w+ of crime-war, 2026-11-20: complete/);
  expect(out).toMatch(/\d+ requests to TMDB by earlier runs/);
  expect(simulator.asked).toHaveLength(asked);

  const fresh = await quickPipeline(simulator, { env: { DATASETS }, out: await temporaryFolder() });
  await fresh.start(input).ended;
  const after = await rawZone(pipeline.bucket);
  expect(after).toEqual(await rawZone(fresh.bucket));
  expect(after).not.toEqual(before);
  expect(await readJson(pipeline.bucket, '_manifests/crime-war/2026-11-20/manifest.json')).toMatchObject({
    complete: true,
  });
});
