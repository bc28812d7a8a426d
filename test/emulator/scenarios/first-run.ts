import { join } from 'node:path';
import { PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { openPipeline } from '../../../local/pipeline.ts';
import { BUCKET, DAY, type Emulated, type Scenario, sha256 } from '../emulated.ts';

/** The raw zone as `npm start` writes it for the same day and catalogue; each key with the SHA-256 of its object. */
const rawZoneOfNpmStart = async ({ simulator, work }: Emulated): Promise<Record<string, string>> => {
  const env = { TMDB_BASE_URL: simulator.url, TMDB_TOKEN: 'simulator', TMDB_REQUESTS_PER_SECOND: '100000' };
  const pipeline = await openPipeline({ out: join(work, 'local'), env });
  await pipeline.start({ dataset: 'crime-war', day: DAY }).ended;
  const keys = (await pipeline.store.list('Raw/TMDB/')).toSorted();
  const files = await Promise.all(
    keys.map(async (key) => [key, sha256((await pipeline.store.get(key))?.body ?? Buffer.alloc(0))] as const),
  );
  await pipeline.close();
  return Object.fromEntries(files);
};

export const firstRun: Scenario = {
  title: 'Deploy, run, compare with npm start',
  always: true,
  run: async (emulated) => {
    const { s3, check, slsSucceeds, start, ended, putToken, branchExecutions, json, rawZone } = emulated;
    const deployed = await slsSucceeds('deploy', '--param', `bucket=${BUCKET}`);
    check(
      'it prints where everything is, and the next commands with the region',
      deployed,
      /region: +us-east-1\naccount: +123456789012\nbucket: +emulated-raw-zone\ningest machine: +https:\S+ingest\n.*put-parameter --region us-east-1 .*invoke stepf --stage emulator --region us-east-1/s,
    );
    const noToken = await ended(await start({ dataset: 'crime-war', day: '2026-01-01' }));
    check(
      'without a token the run fails in Plan, and says how to set it',
      `${noToken.error} ${noToken.cause}`,
      /^TmdbTokenError .*The SSM parameter \/tmdb-raw-zone\/emulator\/tmdb-token could not be read .*put-parameter/,
    );
    await putToken('simulator');
    // The template enables it, but moto's CloudFormation ignores that.
    await s3.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: { Status: 'Enabled' } }));
    const printed = await slsSucceeds(
      'invoke',
      'stepf',
      '--name',
      'ingest',
      '--data',
      JSON.stringify({ dataset: 'crime-war', day: DAY }),
    );
    check('an execution started with sls invoke stepf succeeds', printed, /SUCCEEDED/);
    const names = (await branchExecutions()).map(({ name = '' }) => name.replace(/-[0-9a-f]{8}-[0-9a-f-]{27}$/, ''));
    check(
      'it has 22 branch executions with readable names',
      names.toSorted().join(' '),
      ['crime', 'war'].flatMap((genre) => Array.from({ length: 11 }, (_, at) => `${genre}-${2012 + at}`)).join(' '),
    );
    check(
      'it writes what npm start writes, byte for byte',
      await rawZone('Raw/TMDB/'),
      await rawZoneOfNpmStart(emulated),
    );
    check('its manifest says complete', (await json(`_manifests/crime-war/${DAY}/manifest.json`)).complete, true);
    check(
      'its parts have versions',
      (await json(`_manifests/crime-war/${DAY}/branches/crime-2017.json`)).parts[0].versionId,
      /^(?!undefined)\S+/,
    );
  },
};
