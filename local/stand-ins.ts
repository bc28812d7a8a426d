import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LOCAL_BUCKET, startBucket } from './bucket.ts';
import { claim } from './claim.ts';
import { SIMULATED_FOLDER } from './default-folder.ts';
import { exitWith } from './exit-code.ts';
import { refuseKeptByNpm } from './npm-options.ts';
import { readArgs } from './option-words.ts';
import { defaultCatalogue } from './simulator/catalogue.ts';
import { nameOfSimulator } from './simulator/name.ts';
import { startSimulator } from './simulator/simulator.ts';
import { serveDescribeExecution } from './step-functions/describe-execution.ts';
import { withHelp } from './with-help.ts';

const USAGE = `npm run stand-ins [-- options]          run S3, Step Functions and the TMDB simulator for single functions

  --out DIR           folder of the embedded bucket, the same as for npm start (.local)
  --help, -h          print this text
  --version           print the version
`;

const COMMAND = 'npm run stand-ins';

const OPTIONS = {
  out: { type: 'string', default: SIMULATED_FOLDER },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

/**
 * `npm run stand-ins`: local services for single functions. `sls invoke local` then needs no AWS account and no TMDB token.
 *
 * Starts an S3, a Step Functions without executions, and the TMDB simulator. Writes their addresses to <out>/stand-ins,
 * as options for `sls invoke local`. Runs until it is stopped.
 */
const main = withHelp(USAGE, async (argv, env) => {
  refuseKeptByNpm(COMMAND, OPTIONS, argv, env);
  const { values } = readArgs(COMMAND, OPTIONS, argv);
  const out = resolve(values.out);
  await mkdir(out, { recursive: true });
  const file = join(out, 'stand-ins');

  const release = await claim(out);
  const s3 = await startBucket(join(out, 'bucket'));
  const executions = await serveDescribeExecution(new Map());
  const tmdb = await startSimulator({ catalogue: defaultCatalogue(), seed: 1 });

  const environment = {
    // sls invoke local runs in .esbuild/.build. The path is relative, because an absolute path may contain spaces.
    DATASETS: '../../datasets',
    BUCKET: LOCAL_BUCKET,
    AWS_ENDPOINT_URL_S3: s3.url,
    AWS_ENDPOINT_URL_SFN: executions.url,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    TMDB_BASE_URL: tmdb.url,
    TMDB_TOKEN: 'simulator',
    TMDB_NAME: nameOfSimulator(),
  };
  const options = Object.entries(environment).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  await writeFile(file, options.join(' '));
  process.stdout.write(`S3, Step Functions and the TMDB simulator are running. To stop them: Ctrl-C. In another terminal:

  npx sls invoke local -f planner    --path test/events/planner.json     $(cat ${values.out}/stand-ins)
  npx sls invoke local -f pageWalker --path test/events/page-walker.json $(cat ${values.out}/stand-ins)
  npx sls invoke local -f writer     --path test/events/writer.json      $(cat ${values.out}/stand-ins)
  npx sls invoke local -f auditor    --path test/events/auditor.json     $(cat ${values.out}/stand-ins)
`);

  await new Promise((stopped) => {
    process.once('SIGINT', stopped);
    process.once('SIGTERM', stopped);
  });
  await Promise.all([s3.close(), executions.close(), tmdb.close(), rm(file, { force: true })]);
  await release();
  return 0;
});

await exitWith(main);
