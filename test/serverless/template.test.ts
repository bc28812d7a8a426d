import { globSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import * as freshness from '../../functions/freshness.ts';
import { datasetNames, loadDataset } from '../../lib/datasets/load.ts';
import { logEvents } from '../../lib/events.ts';
import { metricsOf } from '../../lib/runs/manifest.ts';
import { KINDS } from '../../lib/sources/kinds.ts';
// @ts-expect-error A plugin file of serverless.yml, in JavaScript.
import { complete } from '../../resources/compiled-template.js';
// @ts-expect-error A plugin file of serverless.yml, in JavaScript.
import { nextSteps } from '../../resources/next-steps.js';
// @ts-expect-error A plugin file of serverless.yml, in JavaScript.
import { MOST_DAYS } from '../../resources/parameters.js';
import { denied, type Policies } from '../emulator/permissions.ts';
import { manifested } from '../lib/runs/manifested.ts';
import { commandsOf, IN_A_DAY, IN_THE_CONSOLE, type Needed, neededFor } from './commands.ts';
// Imported here, because test files run at the same time, but all calls of sls use the same folder .esbuild.
import './invoke-local.ts';
import { executionEvent, machineArn, matches, messageFrom } from './execution-events.ts';
import { BUCKET, packageService, sls, statement, type Template } from './packaged.ts';

let service: Template;
let bucket: Template;
let packages: Record<string, Map<string, string>>;

beforeAll(async () => {
  ({ service, bucket, packages } = await packageService());
}, 90_000);

const SERVICE = 'tmdb-raw-zone-dev';
const FUNCTIONS = {
  planner: 'planner',
  pageWalker: 'page-walker',
  writer: 'writer',
  auditor: 'auditor',
  freshness: 'freshness',
};
const MACHINES = { ingest: 'IngestMachine', branch: 'BranchMachine' };
const NAMES = Object.keys(FUNCTIONS) as (keyof typeof FUNCTIONS)[];

const ofType = (type: string, { Resources } = service) =>
  Object.entries(Resources).filter(([, { Type }]) => Type === type);
const properties = (id: string, { Resources } = service) => Resources[id]?.Properties ?? {};
const lambdaId = (name: string) => `${name[0]?.toUpperCase()}${name.slice(1)}LambdaFunction`;
const lambda = (name: string) =>
  z
    .object({
      Role: z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) }),
      Timeout: z.number(),
      Environment: z.object({ Variables: z.record(z.string(), z.string('an environment holds plain strings')) }),
    })
    .parse(properties(lambdaId(name)));

/** The definition with the framework's variables replaced, and with the functions' logical ids. */
const written = async (machine: keyof typeof MACHINES) => {
  const text = (await readFile(`statemachines/${machine}.asl.yml`, 'utf8')).replaceAll(
    `\${self:service}-\${sls:stage}`,
    SERVICE,
  );
  return JSON.parse(JSON.stringify(parseYaml(text, { merge: true })), (key, value) =>
    key === 'Fn::GetAtt' ? [lambdaId(value[0]), value[1]] : value,
  );
};

/** The statements of a role or a managed policy. */
const statements = ({ Properties }: { Properties: Record<string, unknown> }) => {
  const document = z.object({ Statement: z.array(statement) });
  const { Policies, PolicyDocument } = z
    .object({
      Policies: z.array(z.object({ PolicyDocument: document })).default([]),
      PolicyDocument: document.optional(),
    })
    .parse(Properties);
  return [...Policies.map((policy) => policy.PolicyDocument), ...(PolicyDocument ? [PolicyDocument] : [])].flatMap(
    ({ Statement }) => Statement,
  );
};

describe('permissions', () => {
  /** Actions for which AWS has no narrower resource, each with the reason. */
  const ON_EVERYTHING = {
    'states:ListStateMachines': 'a list of state machines has no resource',
    'cloudwatch:DescribeAlarms': 'the console lists all alarms',
    ...Object.fromEntries(
      ['GetMetricData', 'ListDashboards', 'ListMetrics'].map((action) => [
        `cloudwatch:${action}`,
        'metrics and lists have no resource',
      ]),
    ),
    ...Object.fromEntries(
      ['DescribeQueryDefinitions', 'GetQueryResults', 'StopQuery'].map((action) => [
        `logs:${action}`,
        'queries have no resource',
      ]),
    ),
    ...Object.fromEntries(
      ['PutTraceSegments', 'PutTelemetryRecords', 'GetSamplingRules', 'GetSamplingTargets'].map((action) => [
        `xray:${action}`,
        'X-Ray has no resources for traces',
      ]),
    ),
    ...Object.fromEntries(
      [
        'CreateLogDelivery',
        'GetLogDelivery',
        'UpdateLogDelivery',
        'DeleteLogDelivery',
        'ListLogDeliveries',
        'PutResourcePolicy',
        'DescribeResourcePolicies',
        'DescribeLogGroups',
      ].map((action) => [`logs:${action}`, 'log deliveries of state machines belong to the account']),
    ),
  };

  const granted = () =>
    [...ofType('AWS::IAM::Role'), ...ofType('AWS::IAM::ManagedPolicy')].flatMap(([id, resource]) =>
      statements(resource).map((one) => ({ id, ...one })),
    );

  it('are limited to resources, except where AWS has no narrower resource', () => {
    const everywhere = granted().filter(({ Resource }) => Resource.includes('*'));
    expect(new Set(everywhere.flatMap(({ Action }) => Action))).toEqual(new Set(Object.keys(ON_EVERYTHING)));
  });

  it('have no wildcard in actions', () => {
    for (const { id, Effect, Action } of granted()) {
      expect(Effect, id).toBe('Allow');
      for (const action of Action) expect(action, id).not.toContain('*');
    }
  });

  it('are limited to prefixes of the bucket, also for listing', () => {
    for (const { id, Action, Resource, Condition } of granted()) {
      if (!Action.some((action) => action.startsWith('s3:'))) continue;
      const lists = Action.includes('s3:ListBucket');
      const inBucket = lists
        ? `^arn:.*:s3:::${BUCKET}$`
        : `^arn:.*:s3:::${BUCKET}/(Raw|Trusted|_runs|_manifests|_quarantine)/([A-Za-z]+/)*\\*(/lock\\.json|/manifest\\.json|/latest\\.json|/failed/\\*|/run\\.json)?$`;
      for (const one of Resource) expect(one, id).toEqual({ 'Fn::Sub': expect.stringMatching(inBucket) });
      if (lists) expect(Condition, id).toEqual({ StringLike: { 's3:prefix': expect.any(Array) } });
    }
  });

  it('to read objects include listing their prefix, because otherwise S3 answers 403 for a missing object', () => {
    for (const name of NAMES) {
      const own = statements(service.Resources[lambda(name).Role['Fn::GetAtt'][0]] ?? { Properties: {} });
      const read = own.filter(({ Action }) => Action.includes('s3:GetObject')).flatMap(({ Resource }) => Resource);
      const listed = own
        .filter(({ Action }) => Action.includes('s3:ListBucket'))
        .flatMap(
          ({ Condition }) =>
            z.object({ StringLike: z.object({ 's3:prefix': z.array(z.string()) }) }).parse(Condition).StringLike[
              's3:prefix'
            ],
        );
      for (const one of read)
        expect(listed, name).toContain(
          z.object({ 'Fn::Sub': z.string() }).parse(one)['Fn::Sub'].split(`${BUCKET}/`)[1],
        );
    }
  });

  it('are in one role for each function, and there is no other role', () => {
    const roles = NAMES.map((name) => lambda(name).Role['Fn::GetAtt'][0]);
    expect(new Set(roles).size).toBe(NAMES.length);
    expect(ofType('AWS::Lambda::Function')).toHaveLength(NAMES.length);
    const others = ['IngestMachineRole', 'BranchMachineRole', 'SchedulerRole'];
    expect(
      ofType('AWS::IAM::Role')
        .map(([id]) => id)
        .toSorted(),
    ).toEqual([...roles, ...others].toSorted());
  });

  describe('let operators', () => {
    const operators = () => statements(service.Resources.OperatorPolicy ?? { Properties: {} });
    const missing = (needed: readonly Needed[]) =>
      denied(
        needed.map((one) => ({ function: 'operators', ...one })),
        { operators: operators() as Policies[string] },
      ).map(({ action, resource }) => `${action} ${resource ?? ''}`);

    it('use each command of the runbook and of watching.md, except to deploy, to roll back and to remove', async () => {
      const pages = await Promise.all(['runbook', 'watching'].map((name) => readFile(`docs/${name}.md`, 'utf8')));
      const commands = pages.flatMap(commandsOf);
      expect(commands.length).toBeGreaterThan(8);
      for (const { section, command } of commands)
        expect(missing(neededFor(command)), `${section}: ${command}`).toEqual([]);
    });

    it('see, stop and redrive runs in the console, and use the dashboard and the saved queries', () => {
      expect(missing(IN_THE_CONSOLE)).toEqual([]);
    });

    it('look at a day with report, verify, why and query', () => {
      expect(missing(IN_A_DAY)).toEqual([]);
    });

    it('change nothing else than runs, the token and messages in the queues', () => {
      const changes = operators()
        .flatMap(({ Action }) => Action)
        .filter((action) => !/:(Get|List|Describe|Filter|Receive|StartQuery|StopQuery)/.test(action));
      expect(changes.toSorted()).toEqual([
        'sqs:DeleteMessage',
        'ssm:PutParameter',
        'states:RedriveExecution',
        'states:StartExecution',
        'states:StopExecution',
      ]);
    });

    it("in a policy that is below AWS's limit of 6,144 characters, with long names", () => {
      // White space doesn't count. Source:
      // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (read 2026-11-25).
      const ARN = `arn:aws:sqs:ap-southeast-2:123456789012:${'x'.repeat(80)}`;
      const policy = JSON.stringify(operators(), (_, value) => {
        if (value?.Ref || value?.['Fn::GetAtt']) return ARN;
        return value?.['Fn::Sub']?.replaceAll(/\$\{[^}]+\}/g, 'ap-southeast-2') ?? value;
      });
      expect(policy.length).toBeGreaterThan(3_000);
      expect(policy.length).toBeLessThan(6_144);
    });
  });

  it('to deploy are documented for each service that the templates use', async () => {
    const page = await readFile('docs/permissions.md', 'utf8');
    const SERVICES: Record<string, string> = { StepFunctions: 'states', CloudFormation: 'cloudformation' };
    const types = [service, bucket].flatMap(({ Resources }) => Object.values(Resources).map(({ Type }) => Type));
    const services = new Set(types.map((type) => type.split('::')[1] ?? ''));
    const row = (name: string) =>
      page.split('\n').find((line) => line.startsWith(`| \`${SERVICES[name] ?? name.toLowerCase()}\` `)) ?? '';
    for (const name of services) expect(row(name), name).not.toBe('');
    // The Serverless Framework tags the stack with its stage, so CloudFormation tags each of these.
    const TAGS = ['TagResource', 'UntagResource', 'ListTagsForResource'];
    /** handlers and tagging of the types' schemas, in the copy that cfn-lint 1.58.0 has (read 2026-11-26). */
    const NEEDED: Record<string, readonly string[]> = {
      'AWS::CloudWatch::Alarm': TAGS,
      'AWS::CloudWatch::Dashboard': TAGS,
      'AWS::Events::Rule': TAGS,
      'AWS::IAM::ManagedPolicy': ['GetPolicyVersion', 'ListEntitiesForPolicy'],
      'AWS::IAM::Role': ['TagRole', 'UntagRole', 'ListRolePolicies', 'ListAttachedRolePolicies'],
      'AWS::Lambda::Function': ['TagResource', 'UntagResource', 'ListTags'],
      'AWS::Lambda::Permission': ['AddPermission', 'RemovePermission', 'GetPolicy'],
      'AWS::Logs::LogGroup': TAGS,
      'AWS::SNS::Topic': TAGS,
      'AWS::SQS::Queue': ['TagQueue', 'UntagQueue', 'ListQueueTags'],
      'AWS::StepFunctions::StateMachine': TAGS,
    };
    for (const [type, actions] of Object.entries(NEEDED)) {
      expect(types).toContain(type);
      for (const action of actions)
        expect(row(type.split('::')[1] ?? ''), `${type}: ${action}`).toContain(`\`${action}\``);
    }
  });

  it('to delete the bucket by hand are used by commands that also work for 1,000 versions', async () => {
    const commands =
      (await readFile('docs/runbook.md', 'utf8')).match(
        /^ {4}aws s3api (list|delete)-object.*--query.*|^ {4}aws s3api delete-objects .*/gm,
      ) ?? [];
    expect(commands).toEqual([
      // One page: S3 deletes at most 1,000 versions at once, and --max-items doesn't count the delete markers.
      expect.stringContaining(' --no-paginate '),
      // Linux allows 128 KiB for one argument. 1,000 versions are larger.
      expect.stringMatching(/ --delete file:\/\/versions\.json$/),
    ]);
  });
});

describe('schedules', () => {
  const schedules = async () => {
    const datasets = await Promise.all(
      (await datasetNames('datasets')).map((name) => loadDataset('datasets', name, KINDS)),
    );
    return datasets.flatMap(({ schedule, ...dataset }) => (schedule ? [{ ...dataset, schedule }] : []));
  };

  it('exist for each dataset that defines one, with its time zone, 3 retries and a dead-letter queue', async () => {
    const wanted = await schedules();
    expect(ofType('AWS::Scheduler::Schedule').map(([, { Properties }]) => Properties.Name)).toEqual(
      wanted.map(({ name }) => `${SERVICE}-${name}`),
    );
    for (const { name, timezone, schedule } of wanted) {
      expect(
        ofType('AWS::Scheduler::Schedule').find(([, { Properties }]) => Properties.Name === `${SERVICE}-${name}`)?.[1]
          .Properties,
      ).toMatchObject({
        ScheduleExpression: `cron(${schedule.cron})`,
        ScheduleExpressionTimezone: timezone,
        FlexibleTimeWindow: { Mode: 'OFF' },
        State: name === 'crime-war' ? 'ENABLED' : 'DISABLED',
        Target: {
          Arn: { Ref: 'IngestMachine' },
          Input: JSON.stringify({ dataset: name, scheduledTime: '<aws.scheduler.scheduled-time>' }),
          RetryPolicy: { MaximumRetryAttempts: 3 },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['UndeliveredStarts', 'Arn'] } },
          RoleArn: { 'Fn::GetAtt': ['SchedulerRole', 'Arn'] },
        },
      });
    }
  });

  it('start crime-war on Fridays at 21:30 in Bahia', () => {
    expect(properties('SchedulecrimeDashwar')).toMatchObject({
      ScheduleExpression: 'cron(30 21 ? * FRI *)',
      ScheduleExpressionTimezone: 'America/Bahia',
    });
  });

  it('may start only the ingest state machine', () => {
    expect(statements(service.Resources.SchedulerRole ?? { Properties: {} })).toMatchObject([
      { Action: ['states:StartExecution'], Resource: [{ Ref: 'IngestMachine' }] },
      { Action: ['sqs:SendMessage'], Resource: [{ 'Fn::GetAtt': ['UndeliveredStarts', 'Arn'] }] },
    ]);
  });

  it('raise an alarm for a start that was not delivered', () => {
    expect(properties('UndeliveredStarts')).toMatchObject({ SqsManagedSseEnabled: true });
    expect(properties('UndeliveredStarts')).not.toHaveProperty('FifoQueue'); // the scheduler supports only standard queues
    expect(properties('UndeliveredStartsAlarm')).toMatchObject({
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Threshold: 0,
      AlarmActions: [{ Ref: 'AlarmTopic' }],
    });
  });

  it("stay within TMDB's 40 requests per second when all of them run at once", () => {
    const on = ofType('AWS::Scheduler::Schedule').filter(([, { Properties }]) => Properties.State === 'ENABLED');
    const { WALKERS_AT_ONCE, TMDB_REQUESTS_PER_SECOND } = lambda('planner').Environment.Variables;
    expect(lambda('pageWalker').Environment.Variables).toMatchObject({ TMDB_REQUESTS_PER_SECOND });
    expect(on.length * Number(WALKERS_AT_ONCE) * Number(TMDB_REQUESTS_PER_SECOND)).toBeLessThanOrEqual(40);
  });
});

describe('the bucket', () => {
  it('is private, encrypted and versioned, without ACLs, and allows only TLS', () => {
    expect(properties('Bucket', bucket)).toMatchObject({
      BucketName: BUCKET,
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      VersioningConfiguration: { Status: 'Enabled' },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    });
    expect(statements({ Properties: properties('BucketPolicy', bucket) })).toMatchObject([
      {
        Effect: 'Deny',
        Action: ['s3:*'],
        Resource: [{ 'Fn::GetAtt': ['Bucket', 'Arn'] }, { 'Fn::Sub': `\${Bucket.Arn}/*` }],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ]);
  });

  it('is kept when its stack is deleted, and is not in a stack that `sls remove` deletes', () => {
    expect(bucket.Resources.Bucket).toMatchObject({
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
    });
    expect(ofType('AWS::S3::Bucket').map(([id]) => id)).toEqual(['ServerlessDeploymentBucket']);
  });

  const rules = () =>
    z
      .array(
        z.object({
          Status: z.literal('Enabled'),
          Prefix: z.string().optional(),
          ExpirationInDays: z.number().optional(),
          NoncurrentVersionExpiration: z.object({ NoncurrentDays: z.number() }).optional(),
          ExpiredObjectDeleteMarker: z.boolean().optional(),
          AbortIncompleteMultipartUpload: z.object({ DaysAfterInitiation: z.number() }).optional(),
        }),
      )
      .parse(
        properties('Bucket', bucket).LifecycleConfiguration &&
          (properties('Bucket', bucket).LifecycleConfiguration as { Rules: unknown }).Rules,
      );
  const rule = (prefix: string) => rules().find(({ Prefix }) => Prefix === prefix);
  const days = (prefix: string) => rule(prefix)?.ExpirationInDays ?? Number.POSITIVE_INFINITY;

  it('keeps no TMDB data for more than 180 days', () => {
    const ROUNDING_DAYS = 1; // S3 expires at the next midnight, UTC
    const inRuns = days('_runs/') + ROUNDING_DAYS; // answers may be this old when they are written into a part again
    for (const prefix of ['Raw/TMDB/', 'Trusted/TMDB/', '_manifests/', '_quarantine/']) {
      const older = rule(prefix)?.NoncurrentVersionExpiration?.NoncurrentDays ?? Number.POSITIVE_INFINITY;
      expect(inRuns + days(prefix) + ROUNDING_DAYS + older + ROUNDING_DAYS, prefix).toBeLessThanOrEqual(180);
    }
    expect(rule('_runs/')?.NoncurrentVersionExpiration).toEqual({ NoncurrentDays: 7 });
    expect(MOST_DAYS + ROUNDING_DAYS + ROUNDING_DAYS + 7 + ROUNDING_DAYS).toBe(180);
  });

  it('keeps plans and work for 14 days, while a run can be redriven', () => {
    expect(days('_runs/')).toBeGreaterThan(14);
  });

  it('keeps uploaded files, and removes their older versions, incomplete uploads and delete markers', () => {
    expect(rules().flatMap(({ Prefix }) => Prefix ?? [])).toEqual([
      'Raw/TMDB/',
      'Trusted/TMDB/',
      '_manifests/',
      '_quarantine/',
      '_runs/',
      'Raw/Local/',
    ]);
    expect(days('Raw/Local/')).toBe(Number.POSITIVE_INFINITY);
    expect(rule('Raw/Local/')?.NoncurrentVersionExpiration).toEqual({ NoncurrentDays: 30 });
    expect(rules().find(({ Prefix }) => Prefix === undefined)).toEqual({
      Status: 'Enabled',
      ExpiredObjectDeleteMarker: true,
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
    });
  });
});

describe('functions', () => {
  it.each(NAMES)('%s runs on Node 24 and arm64, with tracing and with JSON logs that expire', (name) => {
    expect(properties(lambdaId(name))).toMatchObject({
      FunctionName: `${SERVICE}-${name}`,
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      TracingConfig: { Mode: 'Active' },
      LoggingConfig: { LogFormat: 'JSON' },
    });
    expect(properties(lambdaId(name))).not.toHaveProperty('ReservedConcurrentExecutions'); // a new account has 10 in total
    expect(ofType('AWS::Logs::LogGroup').map(([, { Properties }]) => Properties.LogGroupName)).toContain(
      `/aws/lambda/${SERVICE}-${name}`,
    );
  });

  it('and state machines have log groups that expire after 30 days', () => {
    expect(ofType('AWS::Logs::LogGroup')).toHaveLength(NAMES.length + 2);
    for (const [id, { Properties }] of ofType('AWS::Logs::LogGroup')) expect(Properties.RetentionInDays, id).toBe(30);
  });

  it("get the name of the token's parameter only if they call TMDB", () => {
    const told = NAMES.filter(
      (name) => lambda(name).Environment.Variables.TMDB_TOKEN_PARAMETER === '/tmdb-raw-zone/dev/tmdb-token',
    );
    expect(told).toEqual(['planner', 'pageWalker']);
    expect(JSON.stringify(service)).not.toContain('TMDB_TOKEN"');
  });

  const code = (name: keyof typeof FUNCTIONS) => packages[name]?.get(`functions/${FUNCTIONS[name]}.cjs`) ?? '';

  it.each(NAMES)('%s has one bundle under 1 MB, without other functions', (name) => {
    const datasets =
      name === 'planner' ? globSync('datasets/*.json').filter((file) => !file.endsWith('.schema.json')) : [];
    expect([...(packages[name]?.keys() ?? [])].toSorted()).toEqual(
      [...datasets, `functions/${FUNCTIONS[name]}.cjs`].toSorted(),
    );
    expect(Buffer.byteLength(code(name))).toBeLessThan(1_000_000);
    // Each handler with an event parses "event of the <function>".
    const others = NAMES.filter((other) => other !== name);
    expect(others.filter((other) => code(name).includes(`event of the ${FUNCTIONS[other]}`))).toEqual([]);
  });

  /** All names that a Retry or Catch of the state machines matches. */
  const matched = async () => {
    const names = new Set<string>();
    for (const machine of ['ingest', 'branch'] as const) {
      JSON.stringify(await written(machine), (key, value) => {
        if (key === 'ErrorEquals') for (const name of value) names.add(name);
        return value;
      });
    }
    return [...names];
  };

  it('throw errors with the names that the state machines match on', async () => {
    const lib = globSync('lib/**/*.ts')
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    const names = (await matched()).filter((name) => /^\w+Error$/.test(name));
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) {
      expect(lib).toContain(`override readonly name = '${name}'`);
      expect(
        NAMES.map(code).some((text) => text.includes(`name="${name}"`)),
        name,
      ).toBe(true);
    }
  });
});

describe('state machines', () => {
  /** The deployed definition with its intrinsic functions, without the QueryLanguage that the plugin adds. */
  const deployed = (machine: keyof typeof MACHINES) => {
    const [text, intrinsics] = z
      .object({ 'Fn::Sub': z.tuple([z.string(), z.record(z.string(), z.unknown())]) })
      .parse(properties(MACHINES[machine]).DefinitionString)['Fn::Sub'];
    return JSON.parse(text.replaceAll(`\${AWS::Partition}`, 'aws'), (key, value) => {
      if (key === 'QueryLanguage') return undefined;
      const name = typeof value === 'string' && /^\$\{(\w+)\}$/.exec(value)?.[1];
      return name ? intrinsics[name] : value;
    });
  };

  it.each(['ingest', 'branch'] as const)('%s is deployed exactly as it is defined', async (machine) => {
    expect(deployed(machine)).toEqual(await written(machine));
    expect(JSON.stringify(properties(MACHINES[machine]))).not.toContain('arn:aws:');
    expect(properties(MACHINES[machine])).toMatchObject({
      StateMachineName: `${SERVICE}-${machine}`,
      LoggingConfiguration: {
        Level: 'ERROR',
        IncludeExecutionData: false,
        Destinations: [
          { CloudWatchLogsLogGroup: { LogGroupArn: { 'Fn::GetAtt': [`${MACHINES[machine]}LogGroup`, 'Arn'] } } },
        ],
      },
      TracingConfiguration: { Enabled: true },
    });
  });

  it.each(['ingest', 'branch'] as const)(
    '%s has longer timeouts for its Tasks than their functions',
    async (machine) => {
      const { States } = z.object({ States: z.record(z.string(), z.looseObject({})) }).parse(await written(machine));
      const task = z.object({
        Resource: z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }),
        TimeoutSeconds: z.number(),
      });
      const tasks = Object.values(States).flatMap((state) => task.safeParse(state).data ?? []);
      expect(tasks).toHaveLength(2);
      for (const { Resource, TimeoutSeconds } of tasks)
        expect(properties(Resource['Fn::GetAtt'][0]).Timeout).toBeLessThan(TimeoutSeconds);
    },
  );
});

describe('accounts with rules of their own', () => {
  const BOUNDARY = 'arn:aws:iam::123456789012:policy/limits';
  const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/0a1b';
  const completed = (parameters: { kmsKey?: string; permissionsBoundary?: string }): Template => {
    const changed = structuredClone(service);
    complete(changed, { kmsKey: '', permissionsBoundary: '', ...parameters });
    return changed;
  };

  it('get their permissions boundary on every role', () => {
    const roles = ofType('AWS::IAM::Role', completed({ permissionsBoundary: BOUNDARY }));
    expect(roles.length).toBeGreaterThan(NAMES.length);
    for (const [id, { Properties }] of roles) expect(Properties.PermissionsBoundary, id).toBe(BOUNDARY);
    expect(JSON.stringify(service)).not.toContain('PermissionsBoundary');
  });

  it('get permissions for the key of an existing bucket, only for S3, and only to decrypt where nothing is written', () => {
    const template = completed({ kmsKey: KEY });
    const keyActions = (id: string) =>
      statements(template.Resources[id] ?? { Properties: {} })
        .filter(({ Action }) => Action.some((action) => action.startsWith('kms:')))
        .map(({ Action, Resource, Condition }) => ({ Action, Resource, Condition }));
    const granted = (Action: string[]) => [
      {
        Action,
        Resource: [KEY],
        Condition: { StringEquals: { 'kms:ViaService': { 'Fn::Sub': `s3.\${AWS::Region}.\${AWS::URLSuffix}` } } },
      },
    ];
    for (const name of NAMES)
      expect(keyActions(lambda(name).Role['Fn::GetAtt'][0]), name).toEqual(
        granted(name === 'freshness' ? ['kms:Decrypt'] : ['kms:Decrypt', 'kms:GenerateDataKey']),
      );
    expect(keyActions('OperatorPolicy')).toEqual(granted(['kms:Decrypt']));
    expect(keyActions('SchedulerRole')).toEqual([]);
    expect(JSON.stringify(service)).not.toContain('kms:');
  });
});

it('a wrong parameter is refused before anything is packaged', async () => {
  await expect(sls('print', '--param=requestsPerSecond=11')).rejects.toThrow(
    /^Error:\nScheduled runs × .* = 1 × 4 × 11 = 44 requests per second, but TMDB allows 40: [^\n]*\.\n/,
  );
});

describe('after a deployment', () => {
  it('each command that is printed names the region, and the profile', () => {
    const text = nextSteps({
      region: 'sa-east-1',
      stage: 'prod',
      profile: 'acme',
      tokenParameter: '/tmdb-raw-zone/prod/tmdb-token',
      outputs: { Bucket: 'acme-raw', IngestMachineArn: 'arn:aws:states:sa-east-1:123456789012:stateMachine:x' },
    });
    expect(text).toMatch(/^region: +sa-east-1\naccount: +123456789012\nbucket: +acme-raw$/m);
    expect(text).toContain('aws ssm put-parameter --region sa-east-1 --profile acme --overwrite --type SecureString');
    expect(text).toContain('npx sls invoke stepf --stage prod --region sa-east-1 --aws-profile acme --name ingest');
    expect(text).toContain('AWS_REGION=sa-east-1 AWS_PROFILE=acme npm run watch -- <run> --bucket acme-raw');
  });

  it('the outputs have what is printed', () => {
    expect(Object.keys(service.Outputs)).toEqual(
      expect.arrayContaining([
        'Bucket',
        'IngestMachineArn',
        'IngestMachineConsole',
        'BranchMachineConsole',
        'DashboardConsole',
      ]),
    );
  });
});

it('a run waits longer for a branch than a branch may take, so that the branch ends with its own error', async () => {
  const [ingest, branch] = [await written('ingest'), await written('branch')];
  const { RunBranch } = ingest.States.WalkBranches.ItemProcessor.States;

  expect(RunBranch.TimeoutSeconds).toBeGreaterThan(branch.TimeoutSeconds);
  // Two sweeps.
  expect(RunBranch.TimeoutSeconds * 2).toBeLessThan(ingest.TimeoutSeconds);
});

describe('messages', () => {
  const target = z.object({
    Arn: z.unknown(),
    DeadLetterConfig: z.unknown(),
    InputTransformer: z.object({
      InputPathsMap: z.record(z.string(), z.string()),
      InputTemplate: z.object({ 'Fn::Sub': z.string() }),
    }),
  });
  const rule = z.object({ EventPattern: z.unknown(), Targets: z.tuple([target]) });
  /** The rules with their machines' ARNs instead of references. */
  const rules = () =>
    ofType('AWS::Events::Rule')
      .filter(([, { Properties }]) => 'EventPattern' in Properties)
      .map(([id, { Properties }]) => {
        const text = JSON.stringify(Properties).replaceAll(
          '{"Ref":"IngestMachine"}',
          `"${machineArn(`${SERVICE}-ingest`)}"`,
        );
        return { id, ...rule.parse(JSON.parse(text)) };
      });
  const heard = (event: object) => rules().filter(({ EventPattern }) => matches(EventPattern, event));

  it.each([
    { status: 'FAILED', by: ['RunFailedRule'] },
    { status: 'TIMED_OUT', by: ['RunEndedRule'] },
    { status: 'ABORTED', by: ['RunEndedRule'] },
    { status: 'SUCCEEDED', by: [] },
    { status: 'RUNNING', by: [] },
  ])('are sent once for a run that is $status, and never for a branch: $by', ({ status, by }) => {
    expect(heard(executionEvent(status, `${SERVICE}-ingest`)).map(({ id }) => id)).toEqual(by);
    expect(heard(executionEvent(status, `${SERVICE}-branch`))).toEqual([]);
  });

  const said = (event: ReturnType<typeof executionEvent>) =>
    heard(event).map(({ Targets: [{ InputTransformer }] }) => JSON.parse(messageFrom(InputTransformer, event)));

  it('say which run failed, with the error and the cause, and link to its page, where it can be redriven', () => {
    const cause = '{"errorType":"BranchesUnfinishedError","errorMessage":"1 of 22 branches: crime-2017 (\\"busy\\")"}';
    expect(said(executionEvent('FAILED', `${SERVICE}-ingest`, { error: 'BranchesUnfinishedError', cause }))).toEqual([
      {
        what: `Run execution-name of ${SERVICE} FAILED`,
        error: 'BranchesUnfinishedError',
        cause,
        input: '{"dataset":"crime-war"}',
        watch: expect.stringMatching(
          /^AWS_REGION=\S+ npm run watch -- arn:\S+:execution-name --bucket packaged-raw-zone$/,
        ),
        redrive: expect.stringMatching(/^https:.*#\/v2\/executions\/details\/arn:.*:execution-name$/),
      },
    ]);
  });

  it('say which run timed out or was aborted: such an event has neither error nor cause', () => {
    for (const status of ['TIMED_OUT', 'ABORTED'])
      expect(said(executionEvent(status, `${SERVICE}-ingest`))).toEqual([
        {
          what: `Run execution-name of ${SERVICE} ended with status ${status}`,
          input: '{"dataset":"crime-war"}',
          watch: expect.stringMatching(/ npm run watch -- arn:\S+:execution-name --bucket packaged-raw-zone$/),
          redrive: expect.stringMatching(/:execution-name$/),
        },
      ]);
  });

  it('can reach the topic: EventBridge publishes without a Condition, which it does not support there', () => {
    const topic = statements({ Properties: properties('AlarmTopicPolicy') });
    expect(topic).toHaveLength(2);
    expect(topic[0]).toEqual({
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: ['sns:Publish'],
      Resource: [{ Ref: 'AlarmTopic' }],
    });
    expect(topic[1]).toMatchObject({ Principal: { Service: 'cloudwatch.amazonaws.com' }, Action: ['sns:Publish'] });
    for (const { Targets } of rules()) {
      expect(Targets[0]).toMatchObject({ Arn: { Ref: 'AlarmTopic' } });
      expect(Targets[0]).not.toHaveProperty('RoleArn');
    }
  });

  it('go to a queue if EventBridge can not send them, and the queue accepts both rules', () => {
    const queue = { 'Fn::GetAtt': ['UndeliveredMessages', 'Arn'] };
    for (const { Targets } of rules()) expect(Targets[0].DeadLetterConfig).toEqual({ Arn: queue });
    expect(properties('UndeliveredMessages')).not.toHaveProperty('FifoQueue');
    expect(statements({ Properties: properties('UndeliveredMessagesPolicy') })[0]).toEqual({
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: ['sqs:SendMessage'],
      Resource: [queue],
      Condition: {
        ArnEquals: { 'aws:SourceArn': rules().map(({ id }) => ({ 'Fn::GetAtt': [id, 'Arn'] })) },
      },
    });
  });

  it('are sent by e-mail only if an address is set', () => {
    expect(service.Resources.AlarmSubscription).toMatchObject({
      Condition: 'HasAlarmEmail',
      Properties: { Protocol: 'email' },
    });
    expect(service.Conditions).toEqual({ HasAlarmEmail: { 'Fn::Not': [{ 'Fn::Equals': ['', ''] }] } });
  });
});

describe('alarms', () => {
  const alarm = z.object({
    AlarmName: z.string(),
    AlarmDescription: z.string(),
    Namespace: z.string(),
    MetricName: z.string(),
    Dimensions: z.array(z.object({ Name: z.string(), Value: z.unknown() })),
    Period: z.number(),
    EvaluationPeriods: z.number(),
    Threshold: z.number(),
    ComparisonOperator: z.literal('GreaterThanThreshold'),
    TreatMissingData: z.enum(['breaching', 'notBreaching', 'ignore']),
    AlarmActions: z.tuple([z.object({ Ref: z.literal('AlarmTopic') })]),
  });
  const alarms = () => ofType('AWS::CloudWatch::Alarm').map(([, { Properties }]) => alarm.parse(Properties));
  const dimensions = (one: z.output<typeof alarm>) =>
    Object.fromEntries(one.Dimensions.map(({ Name, Value }) => [Name, Value]));

  /**
   * Sources, read 2026-11-25: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
   * and https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html ("Metrics that specify only the RuleName
   * dimension refer to the default event bus").
   */
  it.each([
    { of: 'UndeliveredStarts', metric: 'AWS/SQS ApproximateNumberOfMessagesVisible', by: 'QueueName' },
    { of: 'UndeliveredMessages', metric: 'AWS/SQS ApproximateNumberOfMessagesVisible', by: 'QueueName' },
    { of: 'RunFailedRule', metric: 'AWS/Events FailedInvocations', by: 'RuleName' },
    { of: 'RunEndedRule', metric: 'AWS/Events FailedInvocations', by: 'RuleName' },
  ])('watch $metric of $of, and ring at the first one', ({ of, metric, by }) => {
    const value = by === 'QueueName' ? { 'Fn::GetAtt': [of, 'QueueName'] } : { Ref: of };
    const found = alarms().filter((one) => JSON.stringify(dimensions(one)) === JSON.stringify({ [by]: value }));
    expect(found.map((one) => `${one.Namespace} ${one.MetricName}`)).toEqual([metric]);
    // EventBridge's metric is absent while there is nothing to report. That of a queue is absent when nobody has used it for
    // hours, although it may have messages.
    const TreatMissingData = by === 'QueueName' ? 'ignore' : 'notBreaching';
    expect(found).toMatchObject([{ Threshold: 0, TreatMissingData }]);
  });

  /** The metric that the freshness check publishes, with its dimensions. */
  const published = () => {
    vi.stubEnv('POWERTOOLS_SERVICE_NAME', lambda('freshness').Environment.Variables.POWERTOOLS_SERVICE_NAME);
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    freshness.services({ ...lambda('freshness').Environment.Variables }).publish('crime-war', 3);
    const line = JSON.parse(String(written.mock.lastCall?.[0]));
    written.mockRestore();
    vi.unstubAllEnvs();
    return line;
  };

  it('watch the metric that the freshness check publishes, for each scheduled dataset', () => {
    const line = published();
    const [{ Namespace, Dimensions, Metrics }] = line._aws.CloudWatchMetrics;
    const own = alarms().filter((one) => one.Namespace === Namespace);
    expect(own.map(({ MetricName }) => MetricName)).toEqual([Metrics[0].Name]);
    expect(own.map(dimensions)).toEqual([Object.fromEntries(Dimensions[0].map((name: string) => [name, line[name]]))]);
    expect(line[Metrics[0].Name]).toBe(3);
  });

  it('ring for an old dataset after its longest gap and a day, and if no figure comes', async () => {
    expect(properties('FreshnessAlarmcrimeDashwar')).toMatchObject({
      Threshold: 8, // every Friday, and a day for the run
      TreatMissingData: 'breaching',
      Period: 86_400,
      EvaluationPeriods: 1,
    });
    expect(properties('FreshnessEventsRuleSchedule1')).toMatchObject({
      ScheduleExpression: 'cron(0 6,18 * * ? *)', // twice in a period
      State: 'ENABLED',
    });
    expect(lambda('freshness').Environment.Variables.SCHEDULED).toBe('{"crime-war":"America/Bahia"}');
  });
});

describe('the dashboard', () => {
  it('quotes names with hyphens inside SEARCH, and shows five weeks, so that weekly figures are more than one point', () => {
    const { 'Fn::Sub': text } = z.object({ 'Fn::Sub': z.string() }).parse(properties('Dashboard').DashboardBody);
    const { start, widgets } = JSON.parse(text);
    expect(start).toBe('-P35D');
    const searches = text.match(/SEARCH\('\{[^}]*\}/g) ?? [];
    expect(searches).toHaveLength(8);
    expect(widgets).toHaveLength(10);
    // A name with other characters than letters and digits needs quotation marks.
    for (const search of searches)
      for (const name of search.slice("SEARCH('{".length, -1).split(',')) expect(name).toMatch(/^(\w+|\\"[^"]+\\")$/);
  });
});

describe('saved queries', () => {
  const query = (id: string) =>
    z
      .object({ Name: z.string(), LogGroupNames: z.array(z.object({ Ref: z.string() })), QueryString: z.string() })
      .parse(properties(id));

  it('are of this run, the slowest branches and all retries, each over log groups of the stack', () => {
    const queries = ofType('AWS::Logs::QueryDefinition').map(([id]) => query(id));
    expect(queries.map(({ Name }) => Name)).toEqual(
      ['this run', 'slowest branches', 'all retries'].map((name) => `${SERVICE}/${name}`),
    );
    for (const { LogGroupNames } of queries)
      for (const { Ref } of LogGroupNames) expect(service.Resources[Ref]?.Type).toBe('AWS::Logs::LogGroup');
  });

  it('of all retries finds the lines of the events, at a level that CloudWatch gets', () => {
    const logged: Record<string, unknown>[] = [];
    const level = (name: string) => (message: string, facts: object) => {
      logged.push({ level: name, message, ...facts });
    };
    const [debug, info, warn, error] = ['debug', 'info', 'warn', 'error'].map(level) as [Level, Level, Level, Level];
    type Level = ReturnType<typeof level>;
    const emit = logEvents({ debug, info, warn, error, appendKeys: () => undefined });
    emit({ type: 'waiting', branch: 'crime-2017', reason: 'busy', retry: 1, retries: 5, waitMs: 10 });
    emit({ type: 'branchFailed', branch: 'crime-2017', error: 'TmdbUnavailableError', reason: 'busy' });

    const { QueryString } = query('AllRetriesQuery');
    for (const { level: of, message } of logged) {
      expect(of).not.toBe('debug');
      expect(QueryString).toContain(`"${message}"`);
    }
    const shown = /fields (.*)/.exec(QueryString)?.[1]?.split(', ') ?? [];
    for (const field of ['reason', 'retry', 'retries', 'waitMs', 'error', 'branch', 'run'])
      expect(shown).toContain(field);
  });

  it('of the slowest branches sorts by a metric of the writer', () => {
    expect(query('SlowestBranchesQuery').QueryString).toContain('sort branchSeconds desc');
    expect(Object.keys(metricsOf(manifested()))).toContain('branchSeconds');
  });
});

describe('docs/watching.md', () => {
  it('has a row for each alarm and for each message of a rule', async () => {
    const page = await readFile('docs/watching.md', 'utf8');
    const alarms = ofType('AWS::CloudWatch::Alarm').map(([, { Properties }]) => String(Properties.AlarmName));
    expect(alarms).toHaveLength(5);
    for (const name of alarms) {
      const row = name.replace(SERVICE, '<service>').replace('crime-war', '<dataset>');
      expect(page, name).toContain(`| \`${row}\` `);
    }
    for (const row of ['Run <name> … FAILED', 'Run <name> … ended with status'])
      expect(page).toContain(`| \`${row}\` `);
    expect(page).toContain('For `crime-war`, it is 8 days');
  });
});
