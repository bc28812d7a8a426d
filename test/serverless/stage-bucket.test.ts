import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
// @ts-expect-error A plugin file of serverless.yml, in JavaScript.
import BucketStack, { deployStack, firstFailure } from '../../resources/bucket-stack.js';
import {
  bucketOfStage,
  deployProblem,
  NOT_NAMED,
  packageProblem,
  removeProblem,
  // @ts-expect-error A plugin file of serverless.yml, in JavaScript.
} from '../../resources/stage-bucket.js';

interface Command {
  constructor: { name: string };
  input: { StackName: string; NextToken?: string };
}

/** A CloudFormation with these stacks. */
const cloudFormation = (stacks: Record<string, { bucket?: [name: string, status: string]; output?: string }>) => ({
  send: async (command: Command) => {
    const { input } = command;
    const stack = stacks[input.StackName];
    if (!stack) throw new Error(`Stack '${input.StackName}' does not exist`);
    if (command.constructor.name === 'DescribeStacksCommand')
      return { Stacks: [{ Outputs: stack.output ? [{ OutputKey: 'Bucket', OutputValue: stack.output }] : [] }] };
    if (!stack.bucket) throw new Error(`Resource Bucket does not exist for stack ${input.StackName}`);
    const [PhysicalResourceId, ResourceStatus] = stack.bucket;
    return { StackResourceDetail: { PhysicalResourceId, ResourceStatus } };
  },
});

describe('the bucket of a stage', () => {
  it.each([
    { what: 'a new stage has none', stacks: {}, found: undefined },
    {
      what: 'it is what its own stack made',
      stacks: {
        'raw-dev-bucket': { bucket: ['acme-raw', 'UPDATE_COMPLETE'] as [string, string] },
        'raw-dev': { output: 'acme-raw' },
      },
      found: { name: 'acme-raw', own: true },
    },
    {
      what: 'it is kept after the service was removed',
      stacks: { 'raw-dev-bucket': { bucket: ['acme-raw', 'CREATE_COMPLETE'] as [string, string] } },
      found: { name: 'acme-raw', own: true },
    },
    {
      what: 'one that existed before is in the outputs of the service, and is not our own',
      stacks: { 'raw-dev': { output: 'of-another-team' } },
      found: { name: 'of-another-team', own: false },
    },
    {
      what: 'one whose creation failed belongs to somebody else',
      stacks: { 'raw-dev-bucket': { bucket: ['of-another-team', 'CREATE_FAILED'] as [string, string] } },
      found: undefined,
    },
    { what: 'a stack without outputs has none', stacks: { 'raw-dev': {}, 'raw-dev-bucket': {} }, found: undefined },
  ])('$what', async ({ stacks, found }) => {
    expect(await bucketOfStage(cloudFormation(stacks), 'raw-dev')).toEqual(found);
  });

  it('is not searched elsewhere if CloudFormation can not be asked', async () => {
    const client = { send: () => Promise.reject(new Error('The security token is expired')) };
    await expect(bucketOfStage(client, 'raw-dev')).rejects.toThrow('expired');
  });
});

const OWN = { name: 'acme-raw', own: true };
const EXISTING = { name: 'acme-raw', own: false };

describe('a deployment', () => {
  it.each([
    { named: 'acme-raw', found: undefined },
    { named: 'acme-raw', found: OWN },
    { named: NOT_NAMED, found: OWN },
    { named: NOT_NAMED, found: EXISTING },
  ])('with bucket $named starts if the stage has $found', ({ named, found }) => {
    expect(deployProblem('dev', named, found)).toBeUndefined();
  });

  it('of a new stage requires a name', () => {
    expect(deployProblem('dev', NOT_NAMED, undefined)).toMatch(
      /^Stage dev has no bucket yet: choose one with --param=bucket=<name>/,
    );
  });

  it.each([OWN, EXISTING])('with another bucket is refused, and both are named (%j)', (found) => {
    expect(deployProblem('dev', 'another', found)).toMatch(
      /has its data in bucket acme-raw, but the parameter bucket is another:/,
    );
  });
});

describe('a removal', () => {
  it.each([
    { named: NOT_NAMED, toDelete: '', found: OWN },
    { named: NOT_NAMED, toDelete: '', found: undefined },
    { named: 'acme-raw', toDelete: 'acme-raw', found: OWN },
  ])('starts with bucket $named and deleteBucket "$toDelete" if the stage has $found', ({ named, toDelete, found }) => {
    expect(removeProblem('dev', named, toDelete, found)).toBeUndefined();
  });

  it.each([
    { what: 'another bucket', found: OWN, toDelete: 'of-another-team', says: 'The bucket of stage dev is acme-raw' },
    { what: 'a bucket that existed before', found: EXISTING, toDelete: 'acme-raw', says: 'has no bucket of its own' },
    { what: 'any bucket without a stack', found: undefined, toDelete: 'acme-raw', says: 'has no bucket of its own' },
  ])('that would delete $what is refused, and nothing is removed', ({ found, toDelete, says }) => {
    const problem = removeProblem('dev', NOT_NAMED, toDelete, found);
    expect(problem).toContain(says);
    expect(problem).toContain(`the parameter deleteBucket is ${toDelete}: nothing was removed`);
  });

  it('with another name in the parameter bucket is refused', () => {
    expect(removeProblem('dev', 'another', '', OWN)).toMatch(
      /acme-raw, but the parameter bucket is another: nothing was removed/,
    );
  });
});

describe('the reason of a failed stack', () => {
  const event = (ClientRequestToken: string, ResourceStatus: string, ResourceStatusReason?: string) => ({
    ClientRequestToken,
    ResourceStatus,
    ResourceStatusReason,
  });
  /** CloudFormation sends the newest events first. */
  const events = (...pages: ReturnType<typeof event>[][]) => ({
    send: async ({ input }: Command) => {
      const at = Number(input.NextToken ?? 0);
      return { StackEvents: pages[at], ...(at + 1 < pages.length && { NextToken: String(at + 1) }) };
    },
  });

  it('is the first failure of this update, not of an older one, and not a cancelled resource', async () => {
    const client = events(
      [event('now', 'UPDATE_ROLLBACK_COMPLETE'), event('now', 'UPDATE_FAILED', 'Resource update cancelled')],
      [
        event('now', 'UPDATE_FAILED', 'Access denied for s3:PutLifecycleConfiguration'),
        event('now', 'UPDATE_IN_PROGRESS'),
        event('before', 'CREATE_FAILED', 'acme-raw already exists'),
      ],
    );
    expect(await firstFailure(client, 'raw-dev-bucket', 'now')).toBe('Access denied for s3:PutLifecycleConfiguration');
  });

  it('is undefined if this update has none', async () => {
    expect(
      await firstFailure(events([event('before', 'CREATE_FAILED', 'exists')]), 'raw-dev-bucket', 'now'),
    ).toBeUndefined();
  });
});

describe('the deployment of the stack of the bucket', () => {
  const ID = 'arn:aws:cloudformation:us-east-1:123456789012:stack/raw-dev-bucket/1f2e';
  /** The name of the bucket is taken: CloudFormation creates the stack, fails, and deletes it. */
  const taken = () => {
    let token: string | undefined;
    return {
      send: async ({ constructor: { name }, input }: Command & { input: { ClientRequestToken?: string } }) => {
        if (name === 'CreateStackCommand') {
          token = input.ClientRequestToken;
          return { StackId: ID };
        }
        // A deleted stack has no name.
        if (input.StackName !== ID) throw new Error(`Stack '${input.StackName}' does not exist`);
        if (name === 'DescribeStacksCommand') return { Stacks: [{ StackId: ID, StackStatus: 'DELETE_COMPLETE' }] };
        return {
          StackEvents: [
            { ClientRequestToken: token, ResourceStatus: 'DELETE_COMPLETE' },
            {
              ClientRequestToken: token,
              ResourceStatus: 'CREATE_FAILED',
              ResourceStatusReason: 'acme-raw already exists',
            },
          ],
        };
      },
    };
  };

  it('says why a bucket could not be created, although CloudFormation has deleted the stack by then', async () => {
    await expect(deployStack(taken(), { StackName: 'raw-dev-bucket' }, false)).rejects.toThrow(
      /^acme-raw already exists$/,
    );
  });

  it('names the bucket, the reason, and what to do', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'packaged-'));
    await writeFile(join(folder, 'cloudformation-template-bucket.json'), '{}');
    await writeFile(
      join(folder, 'cloudformation-template-update-stack.json'),
      JSON.stringify({ Outputs: { Bucket: { Value: 'acme-raw' } } }),
    );
    const plugin = new BucketStack(
      {
        processedInput: { commands: ['deploy'], options: {} },
        service: { custom: { parameters: { existingBucket: 'false', tags: '' } }, package: {} },
        serviceDir: '/',
        classes: { Error },
        getProvider: () => ({ getStage: () => 'dev', naming: { getStackName: () => 'raw-dev' } }),
      },
      { package: folder },
      {},
    );
    plugin.found = async () => undefined;
    plugin.cloudFormation = async () => taken();

    await expect(plugin.deploy()).rejects.toThrow(
      /^Bucket acme-raw: acme-raw already exists\. To use another name: --param=bucket=<name>\. /,
    );
    await rm(folder, { recursive: true });
  });

  it('that changes nothing is no error', async () => {
    const client = { send: () => Promise.reject(new Error('No updates are to be performed.')) };
    await deployStack(client, { StackName: 'raw-dev-bucket' }, true);
  });
});

describe('a package that is deployed', () => {
  const found = { name: 'acme-raw', own: true };

  it.each([NOT_NAMED, 'another'])('is refused if it was made for %s', (packaged) => {
    expect(packageProblem('dev', packaged, found)).toBe(
      `The package was made for bucket ${packaged}, but the bucket of stage dev is acme-raw: package again with --param=bucket=acme-raw.`,
    );
  });

  it("may be deployed if it was made for the stage's bucket, or names the first one", () => {
    expect(packageProblem('dev', 'acme-raw', found)).toBeUndefined();
    expect(packageProblem('dev', 'acme-raw', undefined)).toBeUndefined();
  });

  it('is refused at the first deployment if no bucket was named', () => {
    expect(packageProblem('dev', NOT_NAMED, undefined)).toMatch('Stage dev has no bucket yet');
  });
});
