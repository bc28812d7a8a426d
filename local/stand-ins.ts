import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { LOCAL_BUCKET, startBucket } from './bucket.ts';
import { claim } from './claim.ts';
import { defaultCatalogue } from './simulator/catalogue.ts';
import { startSimulator } from './simulator/simulator.ts';
import { serveDescribeExecution } from './step-functions/describe-execution.ts';

/*
 * The neighbors alone, for single functions: `sls invoke local` with no AWS account and no token.
 *
 * Puts up an S3, a Step Functions that knows no execution, and the TMDB simulator, writes where they are to
 * <out>/stand-ins as options of `sls invoke local`, and serves until it is stopped.
 */
const { values } = parseArgs({ options: { out: { type: 'string', default: '.local' } } });
const out = resolve(values.out);
await mkdir(out, { recursive: true });
const file = join(out, 'stand-ins');

const release = await claim(out);
const s3 = await startBucket(join(out, 's3'));
const executions = await serveDescribeExecution(new Map());
const tmdb = await startSimulator({ catalogue: defaultCatalogue(), seed: 1 });

const environment = {
  // sls invoke local works in .esbuild/.build. From there, and not from the root: a path may have spaces in it.
  DATASETS: '../../datasets',
  BUCKET: LOCAL_BUCKET,
  AWS_ENDPOINT_URL_S3: s3.url,
  AWS_ENDPOINT_URL_SFN: executions.url,
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  TMDB_BASE_URL: tmdb.url,
  TMDB_TOKEN: 'simulator',
};
const options = Object.entries(environment).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
await writeFile(file, options.join(' '));
process.stdout.write(`The stand-ins are up, until Ctrl-C. In another terminal:

  npx sls invoke local -f planner    --path test/events/planner.json     $(cat ${values.out}/stand-ins)
  npx sls invoke local -f pageWalker --path test/events/page-walker.json $(cat ${values.out}/stand-ins)
  npx sls invoke local -f writer     --path test/events/writer.json      $(cat ${values.out}/stand-ins)
  npx sls invoke local -f auditor    --path test/events/auditor.json     $(cat ${values.out}/stand-ins)
`);

const stop = async () => {
  await Promise.all([s3.close(), executions.close(), tmdb.close(), rm(file, { force: true })]);
  await release();
};
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
