import { join } from 'node:path';
import { ROOT } from '../../local/deployed.ts';
import { pythonWithPackages } from '../../local/python.ts';
import { type Scenario, startEmulated } from './emulated.ts';
import { anotherBucket, deleteBucket } from './scenarios/buckets.ts';
import { firstRun } from './scenarios/first-run.ts';
import { heard } from './scenarios/heard.ts';
import { invalidEvents } from './scenarios/invalid-events.ts';
import { linters } from './scenarios/linters.ts';
import { lostDay } from './scenarios/lost-day.ts';
import { otherDatasets } from './scenarios/other-datasets.ts';
import { redrivenBranch, redrivenRun, resume } from './scenarios/redrive.ts';
import { removeAndDeploy } from './scenarios/remove.ts';
import { roles } from './scenarios/roles.ts';
import { twoStarts } from './scenarios/two-starts.ts';
import { unansweredPut } from './scenarios/unanswered-put.ts';

/*
 * `npm run emulator`: a deployment for real, on an emulator of AWS.
 *
 * It deploys with `sls deploy`, runs, makes a run fail, redrives it, removes the service and deploys it again, and checks
 * every call of every function against the function's IAM role. It takes 10 to 20 minutes, and needs Python 3.10 or
 * later: its first run installs moto into .local/emulator-venv, which takes another minute.
 *
 * `npm run emulator -- resume` runs only the first scenario and those with "resume" in their title.
 */
const SCENARIOS: readonly Scenario[] = [
  firstRun,
  linters,
  redrivenRun,
  redrivenBranch,
  resume,
  twoStarts,
  heard,
  lostDay,
  unansweredPut,
  otherDatasets,
  invalidEvents,
  anotherBucket,
  removeAndDeploy,
  roles, // behind all scenarios that call functions: it reads their calls
  deleteBucket, // last
];

const say = (text: string) => process.stdout.write(`${text}\n`);
const refuse = (message: string): never => {
  process.stderr.write(`${message}\n`);
  process.exit(1);
};

const [wanted = ''] = process.argv.slice(2);
const named = SCENARIOS.filter(({ title }) => title.toLowerCase().includes(wanted.toLowerCase()));
if (named.length === 0)
  refuse(`No scenario has "${wanted}" in its title. Titles: ${SCENARIOS.map(({ title }) => title).join('; ')}.`);

const python = await pythonWithPackages({
  venv: join(ROOT, '.local/emulator-venv'),
  requirements: join(ROOT, 'test/emulator/requirements.txt'),
  onInstall: () => say('Installing test/emulator/requirements.txt into .local/emulator-venv …'),
}).catch((error: Error) => refuse(error.message));

const emulated = await startEmulated(python, say);
try {
  for (const scenario of SCENARIOS.filter((one) => one.always || named.includes(one))) {
    say(scenario.title);
    await scenario.run(emulated);
  }
} catch (error) {
  emulated.failed();
  say(`WRONG  ${error instanceof Error ? error.stack : error}`);
} finally {
  await emulated.close();
}
const failures = emulated.failures();
say(failures === 0 ? 'All checks passed.' : `${failures} checks failed; the logs are in ${emulated.logs}`);
process.exitCode = failures === 0 ? 0 : 1;
