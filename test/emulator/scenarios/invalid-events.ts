import { DAY, type Scenario } from '../emulated.ts';

export const invalidEvents: Scenario = {
  title: 'Invalid events',
  run: async ({ invoke, check, keysWithPrefix }) => {
    const ref = { dataset: 'crime-war', day: DAY, run: 'r', branch: 'crime-2017' };
    const execution = { id: 'arn', name: 'r', startTime: '2026-11-20T00:00:00Z', redriveCount: 0 };
    const events: [name: string, event: unknown, error: RegExp][] = [
      ...['planner', 'pageWalker', 'writer', 'auditor'].flatMap((name): [string, unknown, RegExp][] => [
        [name, {}, /BadInputError/],
        [name, null, /BadInputError/],
        [name, [1, 2], /BadInputError/],
        [name, 'text', /BadInputError/],
      ]),
      ['planner', { input: { dataset: 'nope' }, execution }, /BadInputError.*There is no dataset/],
      ['planner', { input: { dataset: '../crime-war' }, execution }, /BadInputError.*dataset/],
      [
        'planner',
        { input: { dataset: 'crime-war', onyl: ['crime-2017'] }, execution },
        /BadInputError.*unknown field \\*"onyl/,
      ],
      ['planner', { input: { dataset: 'crime-war', day: 20261120 }, execution }, /BadInputError.*day/],
      ['planner', { input: { dataset: 'crime-war', only: ['crime-1066'] }, execution }, /BadInputError.*crime-1066/],
      ['pageWalker', { ...ref, branch: '../../Raw/x' }, /BadInputError.*branch/],
      ['pageWalker', { ...ref, run: '..' }, /BadInputError.*run/],
      ['pageWalker', { ...ref, execution: 'arn' }, /NotPlannedError/],
      ['writer', { ...ref, day: '2026-13-01' }, /BadInputError.*day/],
      ['writer', { ...ref, dataset: 'nope', execution: 'arn' }, /NotPlannedError/],
      ['auditor', { ...ref, execution: 'arn', redrive: 'no', sweeps: 0, walkersAtOnce: 4 }, /BadInputError.*redrive/],
      [
        'auditor',
        { ...ref, run: 'unknown', execution: 'arn', redrive: 0, redriveCount: 0, sweeps: 0, walkersAtOnce: 4 },
        /NotPlannedError/,
      ],
    ];
    const before = await keysWithPrefix('');
    for (const [name, event, error] of events) {
      const { errorType = '', errorMessage = '' } = ((await invoke(name, event)) ?? {}) as {
        errorType?: string;
        errorMessage?: string;
      };
      check(`${name} rejects ${JSON.stringify(event)?.slice(0, 70)}`, `${errorType}: ${errorMessage}`, error);
    }
    check('none of them wrote anything', await keysWithPrefix(''), before);
  },
};
