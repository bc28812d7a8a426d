import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SFNClient } from '@aws-sdk/client-sfn';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RunEvent } from '../../../lib/events.ts';
import { saveDayManifest } from '../../../lib/runs/day-manifest.ts';
import { layout } from '../../../lib/runs/layout.ts';
import { saveManifest } from '../../../lib/runs/manifest.ts';
import { readMachines } from '../../../local/deployed.ts';
import { draw } from '../../../local/progress/draw.ts';
import { newRun, nextState } from '../../../local/progress/state.ts';
import {
  executionArn,
  executionOfRun,
  type RunningExecution,
  runExecutions,
  runOfExecution,
} from '../../../local/watch/executions.ts';
import { follow } from '../../../local/watch/follow.ts';
import { look } from '../../../local/watch/look.ts';
import { memoryStore } from '../../doubles/memory-store.ts';
import { dayManifested, manifested } from '../../lib/runs/manifested.ts';
import { startProgram } from '../command-line.ts';
import { crimeWarOf, quickPipeline, quickSimulator, temporaryFolder } from '../running.ts';

const ARN = 'arn:aws:states:eu-west-1:123456789012:execution:tmdb-raw-zone-dev-ingest:friday';
const REF = { dataset: 'crime-war', day: '2026-11-20', run: 'friday' } as const;
const PLANNED_AT = '2026-11-21T00:30:00.000Z';

describe('a run in AWS', () => {
  /** A bucket with the plan of two branches, and executions as a test sets them. */
  const inAws = async () => {
    const store = memoryStore();
    const branches = [
      { name: 'crime-2017', expected: 74 },
      { name: 'war-2012', expected: 47 },
    ];
    const plan = { ...REF, execution: ARN, plannedAt: PLANNED_AT, tmdb: 'tmdb.test', branches, wholeDay: [] };
    await store.put(layout.run(REF), JSON.stringify(plan));
    const state = { status: 'RUNNING', running: new Map<string, RunningExecution>() };
    const executions = { status: async () => state.status, running: async () => state.running };
    return { store, state, look: () => look(store, REF, executions) };
  };

  it('is shown like a local one, from one look to the next, until it ends', async () => {
    const { store, state, look } = await inAws();
    const crime = { ...REF, branch: 'crime-2017' };
    const war = { ...REF, branch: 'war-2012' };
    const failure = { error: 'TmdbUnavailableError', message: 'TMDB answers with status 503', at: PLANNED_AT };
    const steps = [
      async () => {
        state.running = new Map([['crime-2017', {}]]);
        await store.put(layout.list(crime), '');
        for (const name of ['a', 'b', 'c']) await store.put(layout.chunk(crime, name), '');
      },
      async () => {
        state.running = new Map([
          ['crime-2017', {}],
          ['war-2012', { attempt: 1, attempts: 3 }],
        ]);
        await store.put(layout.failed(war), JSON.stringify(failure));
      },
      async () => {
        state.running = new Map([['war-2012', { attempt: 2, attempts: 3 }]]);
        await saveManifest(store, manifested({ plannedAt: PLANNED_AT, throttles: 2 }));
      },
      async () => {
        state.running = new Map();
        state.status = 'FAILED';
      },
    ];
    let shown = newRun(36);
    let now = 0;
    const events: RunEvent[] = [];
    const drawn: string[][] = [];
    const last = await follow({
      look,
      see: (event) => {
        events.push(event);
        shown = nextState(shown, event, now);
      },
      clock: {
        sleep: async (ms) => {
          drawn.push(draw(shown, { columns: 80, rows: 24, colours: false }, now));
          now += ms;
          await steps.shift()?.();
        },
      },
      everyMs: 5_000,
    });

    expect(drawn.map(([, ...branches]) => branches)).toEqual([
      [],
      [`  crime-2017  ${'█'.repeat(9)}${'░'.repeat(15)}  30 of 74`],
      [
        `  crime-2017  ${'█'.repeat(9)}${'░'.repeat(15)}  30 of 74`,
        '  war-2012    TmdbUnavailableError, attempt 2 of 3, sent again',
      ],
      ['  war-2012  TmdbUnavailableError, attempt 3 of 3, sent again'],
    ]);
    expect(drawn.at(-1)?.[0]).toMatch(/^10 of 121 movies {2}1 of 2 branches {2}.*429s: 2/);
    expect(events.map(({ type }) => type)).toEqual([
      'planned',
      'branchStarted',
      'requested',
      'moviesKept',
      'branchStarted',
      'branchFailed',
      'moviesKept',
      'requested',
      'branchWritten',
      'branchFailed',
      'branchFailed',
    ]);
    expect([[...shown.failed], [...shown.written]]).toEqual([['war-2012'], ['crime-2017']]);
    expect(last).toMatchObject({
      status: 'FAILED',
      branches: [{ written: { kept: 3 } }, { isRunning: false, failure: {} }],
    });
  });

  it('is asked of Step Functions: its branches, those of no other run, and the attempts of each', async () => {
    const branchMachine = 'arn:aws:states:eu-west-1:123456789012:stateMachine:tmdb-raw-zone-dev-branch';
    const execution = (name: string) => branchMachine.replace('stateMachine', 'execution').concat(':', name);
    const failedEvent = (id: number, error: string) => ({
      id,
      timestamp: 1,
      type: 'LambdaFunctionFailed',
      lambdaFunctionFailedEventDetails: { error, cause: '{}' },
    });
    const asked: string[] = [];
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const given = JSON.parse(body);
      const action = String(request.headers['x-amz-target']).split('.')[1] ?? '';
      asked.push(action);
      const inputs: Record<string, object> = {
        [execution('crime-2017-1')]: { ...REF, branch: 'crime-2017' },
        [execution('war-2012-1')]: { ...REF, branch: 'war-2012' },
        [execution('crime-2017-2')]: { ...REF, run: 'other', branch: 'crime-2017' },
      };
      const runs: Record<string, object> = {
        [ARN]: { dataset: 'popular' },
        [ARN.replace('friday', 'monday')]: { dataset: 'crime-war', resume: 'friday' },
        [ARN.replace('friday', 'sunday')]: { dataset: 'crime-war' },
      };
      const answers: Record<string, () => object> = {
        DescribeExecution: () => ({
          status: 'RUNNING',
          input: JSON.stringify(inputs[given.executionArn] ?? runs[given.executionArn]),
        }),
        ListExecutions: () => {
          const all = Object.keys(inputs).map((executionArn) => ({
            executionArn,
            name: '',
            startDate: 1,
            status: 'RUNNING',
          }));
          // Two pages.
          return given.nextToken ? { executions: all.slice(2) } : { executions: all.slice(0, 2), nextToken: 'more' };
        },
        GetExecutionHistory: () => ({
          events: given.executionArn.includes('war')
            ? [
                failedEvent(9, 'TmdbUnavailableError'),
                failedEvent(5, 'TmdbUnavailableError'),
                { id: 2, timestamp: 1, type: 'TaskStateEntered', stateEnteredEventDetails: { name: 'Walk' } },
                failedEvent(1, 'Error'),
              ]
            : [{ id: 2, timestamp: 1, type: 'TaskStateEntered', stateEnteredEventDetails: { name: 'Walk' } }],
        }),
      };
      response.writeHead(200, { 'Content-Type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify(answers[action]?.()));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const sfn = new SFNClient({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    });
    onTestFinished(() => sfn.destroy());
    const { branch } = await readMachines();
    expect(executionArn(ARN)).toEqual({ arn: ARN, region: 'eu-west-1', run: 'friday', branchMachine });
    const executions = runExecutions(sfn, executionArn(ARN), branch as Parameters<typeof runExecutions>[2]);

    // A resumed run keeps its own name.
    expect(await runOfExecution(sfn, executionArn(ARN))).toEqual({ dataset: 'popular', run: 'friday' });
    expect(await runOfExecution(sfn, executionArn(ARN.replace('friday', 'monday')))).toEqual({
      dataset: 'crime-war',
      run: 'friday',
    });
    // Without an execution, a run is asked for where its day is: at the execution that resumes it, or at its first one.
    const store = memoryStore();
    const plan = { ...REF, execution: ARN, plannedAt: PLANNED_AT, tmdb: 'tmdb.test', branches: [], wholeDay: [] };
    await store.put(layout.run(REF), JSON.stringify(plan));
    const found = () => executionOfRun(store, REF, () => sfn);
    expect(await found()).toEqual(executionArn(ARN));
    for (const [holder, arn] of [
      [ARN.replace('friday', 'monday'), ARN.replace('friday', 'monday')],
      [ARN.replace('friday', 'sunday'), ARN],
      ['local-1', ARN],
    ]) {
      await store.put(layout.lock(REF), JSON.stringify({ holder, since: PLANNED_AT }));
      expect(await found()).toMatchObject({ arn, run: 'friday' });
    }
    asked.length = 0;
    expect(await executions.status()).toBe('RUNNING');
    expect(await executions.running()).toEqual(
      new Map([
        ['crime-2017', {}],
        ['war-2012', { attempt: 2, attempts: 3 }],
      ]),
    );
    await executions.running();
    // The input of an execution doesn't change, so it is asked for once: three branches, and the run.
    expect(asked.filter((action) => action === 'DescribeExecution')).toHaveLength(4);
  });

  it.each(['arn:aws:states:eu-west-1:1:execution:tmdb-raw-zone-dev-branch:x', 'arn:aws:s3:::bucket'])(
    'is no %s',
    (arn) => {
      expect(() => executionArn(arn)).toThrow(/^options: use the ARN of an execution of the ingest state machine/);
    },
  );
});

describe('a local run, which has no executions to ask for', () => {
  it('ends at the second look after the auditor saw its last branch fail, and not between two sweeps', async () => {
    const store = memoryStore();
    const branches = [{ name: 'crime-2017', expected: 74 }];
    await store.put(
      layout.run(REF),
      JSON.stringify({ ...REF, execution: 'local', plannedAt: PLANNED_AT, tmdb: 'tmdb.test', branches, wholeDay: [] }),
    );
    const failed = layout.failed({ ...REF, branch: 'crime-2017' });
    const fails = (at: string) =>
      store.put(failed, JSON.stringify({ error: 'ListIncompleteError', message: 'no list', at }));
    const audited = (writtenAt: string) => saveDayManifest(store, dayManifested({ complete: false, writtenAt }));
    const steps = [
      () => fails('2026-11-21T00:31:00.000Z'),
      () => audited('2026-11-21T00:32:00.000Z'),
      () => store.remove([failed]), // the second sweep begins
      () => fails('2026-11-21T00:33:00.000Z'),
      async () => undefined,
      () => audited('2026-11-21T00:34:00.000Z'),
      async () => undefined,
    ];
    const last = await follow({
      look: () => look(store, REF, undefined),
      see: () => undefined,
      clock: { sleep: async () => void (await steps.shift()?.()) },
      everyMs: 5_000,
    });
    expect(steps).toEqual([]);
    expect(last).toMatchObject({ isAudited: true, branches: [{ failure: { error: 'ListIncompleteError' } }] });
  });
});

it('npm run watch ends for a local run that was killed, and says how to continue it', async () => {
  const { start, close, out, store } = await quickPipeline(await quickSimulator(), {
    out: await temporaryFolder(),
    env: { DATASETS: await crimeWarOf(2017, 2017) },
  });
  const { execution, ended } = start({ dataset: 'crime-war', day: REF.day });
  await ended;
  // The newest run is the one that was planned last, and not that of the newest day.
  const earlier = {
    ...REF,
    day: '2026-12-31',
    run: 'earlier',
    execution: 'local',
    plannedAt: '2020-01-01T00:00:00.000Z',
  } as const;
  await store.put(layout.run(earlier), JSON.stringify({ ...earlier, tmdb: 'tmdb.test', branches: [], wholeDay: [] }));
  // As a kill leaves it.
  await store.remove([layout.branchManifest({ ...REF, branch: 'war-2017' }), layout.dayManifest(REF)]);
  await close();

  const { code, out: text } = await startProgram('local/watch.ts', ['--out', out]).ended;
  expect(code).toBe(1);
  expect(text).toMatch(
    new RegExp(
      `: STOPPED, 1 of 2 branches written, 19 records\\.\nNot written: war-2017 \\(\\d+ of \\d+ movies\\)\nTo continue it, add the options that it had: npm start -- --resume ${execution.name} --out \\S+\n$`,
    ),
  );
});

it('npm run watch shows a run in a folder: its state as JSON, its end, and one sentence for a wrong name', async () => {
  const simulator = await quickSimulator();
  const { start, close, out } = await quickPipeline(simulator, {
    out: await temporaryFolder(),
    env: { DATASETS: await crimeWarOf(2017, 2017) },
  });
  const { execution, ended } = start({ dataset: 'crime-war', day: REF.day });
  await ended;
  await close();
  const watch = (...args: string[]) => startProgram('local/watch.ts', [...args, '--out', out]).ended;

  const [json, text, wrong] = await Promise.all([watch('--json'), watch(execution.name), watch('nobody')]);
  expect(json.code).toBe(0);
  expect(JSON.parse(json.out)).toMatchObject({
    run: execution.name,
    branches: [
      { branch: 'crime-2017', written: { kept: 19, leftOut: 55 } },
      { branch: 'war-2017', written: {} },
    ],
  });
  expect(text).toMatchObject({ code: 0, err: '' });
  expect(text.out).toMatch(/^ {2}crime-2017: 19 kept, 55 left out, 1 part$/m);
  expect(text.out).toMatch(
    /2 of 2 branches written, \d+ records\.\nTo check its files: npm run verify -- --out \S+ --dataset crime-war --day 2026-11-20\n$/,
  );
  expect(wrong).toMatchObject({
    code: 2,
    err: expect.stringMatching(/^RUN: dataset crime-war has no run "nobody"; leave it out for the newest run, .*\n$/),
  });
});
