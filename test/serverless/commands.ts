/*
 * The commands of docs/ and the IAM actions that each one needs.
 *
 * Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 * (read 2026-11-25); for sls invoke stepf, lib/invoke/invoke.js of serverless-step-functions 3.31.2.
 */

import { BUCKET } from './packaged.ts';

/** An action on a resource of the stage dev, in the account 123456789012 and the region us-east-1. */
export interface Needed {
  action: string;
  resource?: string;
  /** The prefix of a list of objects. */
  prefix?: string;
}

const arn = (service: string, rest: string) => `arn:aws:${service}:us-east-1:123456789012:${rest}`;
const NAME = 'tmdb-raw-zone-dev';

const queue = (action: string) => ({ action: `sqs:${action}`, resource: arn('sqs', `${NAME}-undelivered-starts`) });

/** Commands that operators may use. */
const NEEDED: Record<string, readonly Needed[]> = {
  'aws ssm put-parameter': [
    { action: 'ssm:PutParameter', resource: arn('ssm', 'parameter/tmdb-raw-zone/dev/tmdb-token') },
  ],
  'npx sls invoke stepf': [
    { action: 'cloudformation:DescribeStacks', resource: arn('cloudformation', `stack/${NAME}/1f2e`) },
    { action: 'states:StartExecution', resource: arn('states', `stateMachine:${NAME}-ingest`) },
    { action: 'states:DescribeExecution', resource: arn('states', `execution:${NAME}-ingest:friday`) },
  ],
  'aws s3api list-object-versions': [
    { action: 's3:ListBucketVersions', resource: `arn:aws:s3:::${BUCKET}`, prefix: 'Raw/TMDB/JSON/' },
  ],
  'aws s3api get-object': [{ action: 's3:GetObjectVersion', resource: `arn:aws:s3:::${BUCKET}/Raw/TMDB/x.json` }],
  'aws sns list-subscriptions-by-topic': [
    { action: 'sns:ListSubscriptionsByTopic', resource: arn('sns', `${NAME}-alarms`) },
  ],
  'aws cloudwatch describe-alarms': [{ action: 'cloudwatch:DescribeAlarms', resource: arn('cloudwatch', 'alarm:*') }],
  'aws scheduler get-schedule': [
    { action: 'scheduler:GetSchedule', resource: arn('scheduler', `schedule/default/${NAME}-crime-war`) },
  ],
  'aws sqs get-queue-url': [queue('GetQueueUrl')],
  'aws sqs receive-message': [queue('ReceiveMessage')],
  'aws sqs delete-message': [queue('DeleteMessage')],
  'aws cloudformation describe-stacks': [
    { action: 'cloudformation:DescribeStacks', resource: arn('cloudformation', `stack/${NAME}/1f2e`) },
  ],
};

/** What the pages tell operators to do in the console or with a saved query, and with which actions. */
export const IN_THE_CONSOLE: readonly Needed[] = [
  { action: 'states:ListStateMachines' },
  { action: 'states:ListExecutions', resource: arn('states', `stateMachine:${NAME}-branch`) },
  ...['ingest', 'branch'].flatMap((machine) =>
    ['DescribeExecution', 'GetExecutionHistory', 'RedriveExecution', 'StopExecution'].map((action) => ({
      action: `states:${action}`,
      resource: arn('states', `execution:${NAME}-${machine}:friday`),
    })),
  ),
  { action: 's3:GetObject', resource: `arn:aws:s3:::${BUCKET}/_manifests/crime-war/2026-11-20/manifest.json` },
  { action: 's3:GetObject', resource: `arn:aws:s3:::${BUCKET}/_runs/crime-war/2026-11-20/r/failed/b.json` },
  { action: 's3:GetObject', resource: `arn:aws:s3:::${BUCKET}/_quarantine/crime-war/2026-11-20/b/1.json` },
  { action: 'cloudwatch:GetDashboard', resource: `arn:aws:cloudwatch::123456789012:dashboard/${NAME}` },
  { action: 'cloudwatch:GetMetricData' },
  { action: 'logs:DescribeQueryDefinitions' },
  { action: 'logs:StartQuery', resource: arn('logs', `log-group:/aws/lambda/${NAME}-pageWalker`) },
  { action: 'logs:GetQueryResults' },
];

/** What the commands of docs/inspect.md and `npm run query` read with --bucket. */
export const IN_A_DAY: readonly Needed[] = [
  ...[
    '_manifests/crime-war/2026-11-20/branches/b.json',
    '_quarantine/crime-war/2026-11-20/b/1.json',
    '_runs/crime-war/2026-11-20/r/plan/b.json',
    '_runs/crime-war/2026-11-20/r/work/b/chunks/00001.json.zst',
    'Raw/TMDB/JSON/Movies/2026/11/20/x.json',
    'Raw/Local/CSV/Movies/2026/11/20/movies.csv',
    'Trusted/TMDB/PARQUET/crime-war/movies/dt=2026-11-20/b.parquet',
  ].map((key) => ({ action: 's3:GetObject', resource: `arn:aws:s3:::${BUCKET}/${key}` })),
  ...['_manifests/crime-war/', '_runs/crime-war/', 'Raw/TMDB/JSON/', 'Trusted/TMDB/PARQUET/crime-war/'].map(
    (prefix) => ({
      action: 's3:ListBucket',
      resource: `arn:aws:s3:::${BUCKET}`,
      prefix,
    }),
  ),
];

/** Sections whose commands need the permissions to deploy. */
const FOR_DEPLOYERS = ['Deploy again', 'Roll back', 'Remove the service'];

/** The commands of a page, by section: code blocks and inline code. Options are left out. */
export const commandsOf = (page: string): { section: string; command: string }[] =>
  page.split(/^## /m).flatMap((text) => {
    const section = text.slice(0, text.indexOf('\n'));
    return [...text.matchAll(/(?:^|[`(\s])((?:aws|npx sls) [a-z0-9]+(?: [a-z][a-z0-9-]+)?)/gm)].flatMap(
      ([, command = '']) => (FOR_DEPLOYERS.includes(section) ? [] : [{ section, command }]),
    );
  });

/** @throws {Error} The command is not in the table above. */
export const neededFor = (command: string): readonly Needed[] => {
  const [, needed] =
    Object.entries(NEEDED).find(([known]) => command === known || command.startsWith(`${known} `)) ?? [];
  if (!needed) throw new Error(`${command}: write its actions into test/serverless/commands.ts`);
  return needed;
};
