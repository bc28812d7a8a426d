import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../../../local/deployed.ts';
import { type Scenario, SERVICE } from '../emulated.ts';
import { callOf, denied, policiesOf } from '../permissions.ts';

export const roles: Scenario = {
  title: 'IAM roles',
  run: async ({ check, logs, say }) => {
    const template = JSON.parse(
      await readFile(join(ROOT, '.serverless/cloudformation-template-update-stack.json'), 'utf8'),
    );
    const policies = policiesOf(template);
    const calls = [];
    for await (const line of createInterface(createReadStream(join(logs, 'calls.jsonl'))))
      calls.push(callOf(JSON.parse(line)));
    check(
      `all functions made calls (${calls.length})`,
      [...new Set(calls.map((call) => call.function))].toSorted(),
      Object.keys(policies).toSorted(),
    );
    check('the IAM role of the function allows each call', denied(calls, policies).slice(0, 5), []);
    for (const [name, statements] of Object.entries(policies)) {
      for (const [at, statement] of statements.entries()) {
        const without = { ...policies, [name]: statements.toSpliced(at, 1) };
        const deniedCalls = denied(calls, without).length;
        const what = `${name.slice(SERVICE.length + 1)} ${[statement.Action].flat().join(', ')}`;
        if (deniedCalls === 0) say(`  --   ${what}: no call in this run needed it`);
        else check(`without ${what}, the role would deny ${deniedCalls} calls`, deniedCalls > 0, true);
      }
    }
  },
};
