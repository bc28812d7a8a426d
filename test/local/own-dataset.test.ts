import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../local/deployed.ts';
import { filesIn, quickPipeline, quickSimulator, readJson, temporaryFolder } from './running.ts';

it('a run of the example dataset in docs/datasets.md succeeds', async () => {
  const docs = await readFile(join(ROOT, 'docs/datasets.md'), 'utf8');
  const text = /```json\n([\s\S]*?)```/.exec(docs)?.[1] ?? '';
  const datasets = await temporaryFolder();
  await writeFile(join(datasets, 'horror.json'), text);

  const pipeline = await quickPipeline(await quickSimulator(), { env: { DATASETS: datasets } });
  expect(await pipeline.start({ dataset: 'horror', day: '2026-11-20' }).ended).toMatchObject({ status: 'SUCCEEDED' });
  const files = await filesIn(join(pipeline.bucket, 'Raw/TMDB/JSON/HorrorMovies/2026/11/20'));
  const records = [...files].flatMap(([name, body]) =>
    body
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => ({ name, ...JSON.parse(line) })),
  );
  const { written, complete } = await readJson(pipeline.bucket, '_manifests/horror/2026-11-20/manifest.json');
  expect(complete).toBe(true);
  expect(records.length).toBe(written);
  expect(records.length).toBeGreaterThanOrEqual(60);
  for (const { name, original_language, release_date, directors, ...record } of records) {
    expect(['pt', 'es']).toContain(original_language);
    expect(name).toBe(`movie_horror_${release_date.slice(0, 4)}_part_1_20261120.jsonl`);
    expect(directors).toEqual(expect.any(Array));
    expect(record).not.toHaveProperty('tagline');
  }
});
