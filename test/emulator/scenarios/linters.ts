import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { ROOT } from '../../../local/deployed.ts';
import { pythonWithPackages } from '../../../local/python.ts';
import type { Scenario } from '../emulated.ts';

/** The templates of the last deployment. */
const TEMPLATES = ['update-stack', 'bucket'].map((name) =>
  join(ROOT, `.serverless/cloudformation-template-${name}.json`),
);

/** Resolves with what a program printed and its exit code. */
const run = (program: string, args: readonly string[]) =>
  new Promise<{ code: unknown; printed: string }>((resolve) => {
    execFile(program, args, { maxBuffer: 64 * 1024 ** 2 }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, printed: stdout + stderr }),
    );
  });

export const linters: Scenario = {
  title: 'Linters of the templates',
  run: async ({ python, check, say }) => {
    const requirements = 'test/emulator/requirements-checkov.txt';
    const checkov = await pythonWithPackages({
      venv: join(ROOT, '.local/checkov-venv'),
      requirements: join(ROOT, requirements),
      onInstall: () => say(`Installing ${requirements} into .local/checkov-venv …`),
    });
    const tools = {
      'cfn-lint': await run(join(dirname(python), 'cfn-lint'), TEMPLATES),
      checkov: await run(join(dirname(checkov), 'checkov'), [
        ...['--framework', 'cloudformation', '--compact', '--quiet', '--skip-download', '-f'],
        ...TEMPLATES,
      ]),
    };
    for (const [name, { code, printed }] of Object.entries(tools)) {
      check(`${name} has no finding, except those with a reason in resources/findings.js and bucket.yml`, code, 0);
      if (code !== 0) say(printed);
    }
    // A file that it can't read is no finding for checkov.
    check('checkov has checked something', tools.checkov.printed, /Passed checks: [1-9]\d+/);
  },
};
