import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LOCAL_BUCKET, startBucket } from '../../local/bucket.ts';
import { fakeTmdb, pageOf } from '../doubles/fake-tmdb.ts';
import { detailed, listed } from '../lib/crime-2017.ts';
import { quickPipeline, temporaryFolder } from './running.ts';

/** A bucket on the network, and machines that run the pipeline with `--bucket`. Each asks a TMDB of its own. */
const sharedBucket = async () => {
  const bucket = await startBucket(join(await temporaryFolder(), 'shared'));
  onTestFinished(() => bucket.close());
  const env = {
    AWS_ENDPOINT_URL_S3: bucket.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  };
  return {
    laptop: async () => {
      const tmdb = fakeTmdb((path, { page }) => {
        if (path === '/authentication') return {};
        return path === '/discover/movie' ? pageOf([listed(1)], page) : detailed(1);
      });
      const pipeline = await quickPipeline({ url: 'http://127.0.0.1:9' }, { env, bucket: LOCAL_BUCKET, tmdb });
      return { pipeline, tmdb };
    },
  };
};

// Each round takes 0.15 s of CPU; test/lib/runs/lock.test.ts has 50 rounds of the lock alone.
describe('two laptops on one bucket', () => {
  it('have one owner of the day in each of 10 rounds, and only the owner asks TMDB', async () => {
    const { laptop } = await sharedBucket();
    const laptops = [await laptop(), await laptop()];
    const owners: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      const day = new Date(Date.UTC(2026, 0, 1 + round)).toISOString().slice(0, 10);
      const before = laptops.map(({ tmdb }) => tmdb.asked.length);
      const ends = await Promise.all(
        laptops.map(
          ({ pipeline }, at) =>
            pipeline.start({ dataset: 'crime-war', day, only: ['crime-2017'] }, `run-${at}-${round}`).ended,
        ),
      );
      const planned = ends.map(({ output }) => (output as { says?: string }).says === undefined);
      const asked = laptops.map(({ tmdb }, at) => tmdb.asked.length > (before[at] ?? 0));
      expect(asked).toEqual(planned);
      expect(JSON.stringify(ends.map(({ output }) => output))).toMatch(
        /run-\d-\d+ \([^)]*, process \d+; its lease ends at [^)]*, unless it is renewed\) is writing crime-war, [\d-]+, already; this run writes nothing\./,
      );
      owners.push(planned.filter(Boolean).length);
    }

    expect(owners).toEqual(Array.from({ length: 10 }, () => 1));
  });

  it('can follow each other at once: a run that is over ends its lease', async () => {
    const { laptop } = await sharedBucket();
    const input = { dataset: 'crime-war', day: '2026-11-20', only: ['crime-2017'] };
    const [first, second] = [await laptop(), await laptop()];
    expect(await first.pipeline.start(input).ended).toMatchObject({ status: 'SUCCEEDED', output: { complete: true } });
    expect(await second.pipeline.start(input).ended).toMatchObject({ output: { outcome: 'turnedAway' } });
    await first.pipeline.close();

    expect(await second.pipeline.start(input).ended).toMatchObject({ output: { complete: true } });
  });
});
