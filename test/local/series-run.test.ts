import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { writeCsv } from '../../local/simulator/csv.ts';
import { discoveringSeries } from '../../local/simulator/discover.ts';
import { filesIn, quickPipeline, quickSimulator, readJson, temporaryFolder } from './running.ts';
import { catalogue } from './simulator/asking.ts';

const DAY = '2026-11-20';

describe('series-crime', () => {
  it('writes all series of each pair, with details and credits, in parts that its manifests describe', async () => {
    const simulator = await quickSimulator();
    const pipeline = await quickPipeline(simulator);
    expect(await pipeline.start({ dataset: 'series-crime', day: DAY }).ended).toMatchObject({ status: 'SUCCEEDED' });

    const discover = discoveringSeries(catalogue());
    const folder = 'Raw/TMDB/JSON/Series/2026/11/20';
    const files = await filesIn(join(pipeline.bucket, folder));
    const manifests = await filesIn(join(pipeline.bucket, `_manifests/series-crime/${DAY}/branches`));
    expect([...manifests.keys()]).toEqual(
      ['crime', 'mystery'].flatMap((genre) => [2020, 2021, 2022].map((year) => `${genre}-${year}.json`)),
    );
    const parts = [...manifests].flatMap(([name, body]) => {
      const [genre, year] = name.replace('.json', '').split('-');
      const expected = discover(
        new URLSearchParams(
          `with_genres=${genre === 'crime' ? 80 : 9648}&first_air_date_year=${year}&vote_count.gte=5`,
        ),
      );
      const manifest = JSON.parse(body.toString());
      const { length } = expected;
      expect(manifest, name).toMatchObject({ expected: length, distinct: length, kept: length, leftOut: 0 });
      const records = manifest.parts.flatMap(({ key }: { key: string }) =>
        JSON.parse((files.get(key.slice(folder.length + 1)) ?? '').toString()),
      );
      expect(new Set(records.map(({ id }: { id: number }) => id)), name).toEqual(new Set(expected.map(({ id }) => id)));
      const averages = records.map(({ vote_average }: { vote_average: number }) => vote_average);
      expect(averages).toEqual(averages.toSorted((a: number, b: number) => b - a));
      return manifest.parts;
    });

    expect(parts.length).toBe(files.size);
    expect([...files.keys()]).toContain('series_crime_2020_part_2_20261120.json');
    for (const { key, records, bytes, sha256 } of parts) {
      const body = files.get(key.slice(folder.length + 1)) ?? Buffer.alloc(0);
      expect({ bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') }).toEqual({
        bytes,
        sha256,
      });
      expect(JSON.parse(body.toString())).toHaveLength(records);
      expect(records).toBeLessThanOrEqual(100);
    }
    const [first] = JSON.parse((files.get('series_crime_2021_part_1_20261120.json') ?? '').toString());
    expect(Object.keys(first)).toEqual(
      'genre_ids,id,origin_country,original_language,original_name,popularity,poster_path,first_air_date,softcore,name,vote_average,vote_count,number_of_seasons,number_of_episodes,status,actors'.split(
        ',',
      ),
    );
    expect(first.first_air_date).toMatch(/^2021-/);
    expect(first.number_of_seasons).toEqual(expect.any(Number));
    expect(Object.keys(first.actors[0])).toEqual(['gender', 'id', 'name', 'popularity', 'character', 'order']);

    // One request for details and credits of each series, and none about a movie.
    const { distinct } = await readJson(pipeline.bucket, `_manifests/series-crime/${DAY}/manifest.json`);
    expect(simulator.count(/^\/tv\/\d+$/)).toBe(distinct);
    expect(simulator.count(/movie|credits$/)).toBe(0);
    expect(simulator.asked.find(({ path }) => path.startsWith('/tv/'))?.query).toEqual({
      language: 'en-US',
      append_to_response: 'credits',
    });
  });
});

describe('a CSV of series', () => {
  /** A dataset of its own, and a packed upload; the newest object below its folder is a folder of S3's console. */
  const run = async (dataset: object) => {
    const folder = await temporaryFolder();
    const name = 'series-of-csv';
    const common = { name, timezone: 'America/Bahia', tolerance: 0.05 };
    const source = { kind: 'csv', upload: 'Series', years: { from: 2013, to: 2022 } };
    const output = { key: 'Raw/TMDB/JSON/SeriesOfCsv/{yyyy}/{mm}/{dd}/series_{slice}_part_{part}_{yyyymmdd}.json' };
    await writeFile(join(folder, `${name}.json`), JSON.stringify({ ...common, source, output, ...dataset }));
    const file = join(folder, 'series.csv');
    const statement = await writeCsv(file, { kind: 'Series', rows: 4_500, ids: 1_500, seed: 4, malformed: 6 });

    const simulator = await quickSimulator();
    const pipeline = await quickPipeline(simulator, { env: { DATASETS: folder } });
    await pipeline.store.put('Raw/Local/CSV/Series/2026/11/19/series.csv.gz', gzipSync(await readFile(file)));
    await pipeline.store.put('Raw/Local/CSV/Series/2026/11/20/', '');
    expect(await pipeline.start({ dataset: name, day: DAY }).ended).toMatchObject({ status: 'SUCCEEDED' });
    const files = await filesIn(join(pipeline.bucket, 'Raw/TMDB/JSON/SeriesOfCsv/2026/11/20'));
    return {
      simulator,
      records: [...files.values()].flatMap((body) => JSON.parse(body.toString())),
      manifest: await readJson(pipeline.bucket, `_manifests/${name}/${DAY}/manifest.json`),
      said: statement.of({ fromYear: 2013, toYear: 2022 }),
    };
  };

  it.each([
    { asks: 'details', ask: ['details'], from: 'details', requests: /^\/tv\/\d+$/ },
    { asks: 'credits', ask: ['credits'], from: 'credits', requests: /^\/tv\/\d+\/credits$/ },
    { asks: 'details and credits', ask: ['details', 'credits'], from: 'details', requests: /^\/tv\/\d+$/ },
  ])('is looked up and requested as series, for $asks: a record or a reason for each id', async (of) => {
    const { ask, from, requests } = of;
    const { simulator, records, manifest, said } = await run({
      ask,
      record: {
        from,
        with: {
          imdb_id: { from: 'asked' },
          ...(ask.length === 2 && { actors: { from: 'cast', first: 3 } }),
        },
      },
    });
    const { found, is_tv, ambiguous, ...reasons } = said;

    expect(records.map(({ imdb_id }) => imdb_id).toSorted()).toEqual(found.toSorted());
    expect([...is_tv, ...ambiguous]).toEqual([]);
    for (const [reason, ids] of Object.entries(reasons)) {
      expect(ids.length, reason).toBeGreaterThan(0);
      expect(new Set(manifest.missing[reason] ?? []), reason).toEqual(new Set(ids));
    }
    expect(Object.keys(manifest.missing).toSorted()).toEqual(Object.keys(reasons).toSorted());
    expect(manifest).toMatchObject({ complete: true, written: found.length });
    expect(manifest.csv).toMatchObject({ key: 'Raw/Local/CSV/Series/2026/11/19/series.csv.gz', rows: 4_500 });
    expect(simulator.count(requests)).toBe(found.length + reasons.gone.length);
    expect(simulator.count(/^\/movie\//)).toBe(0);
    const [record] = records;
    if (from === 'details')
      expect(record).toMatchObject({ name: expect.any(String), number_of_seasons: expect.any(Number) });
    else expect(record).toMatchObject({ cast: expect.any(Array), crew: expect.any(Array) });
    if (ask.length === 2) expect(record.actors).toHaveLength(3);
  });
});
