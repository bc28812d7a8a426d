import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  UpdateStackCommand,
  waitUntilStackCreateComplete,
  waitUntilStackDeleteComplete,
  waitUntilStackUpdateComplete,
} from '@aws-sdk/client-cloudformation';
import { DeleteBucketCommand, DeleteObjectsCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { complete } from './compiled-template.js';
import { nextSteps } from './next-steps.js';
import { checkParameters, tagsOf } from './parameters.js';
import { scheduledDatasets } from './schedules.js';
import {
  bucketOfStage,
  bucketStack,
  deployProblem,
  NOT_NAMED,
  outputsOf,
  packageProblem,
  removeProblem,
} from './stage-bucket.js';

/** In seconds. A stack with a bucket and its policy takes about 30 s. S3 can take up to an hour to delete a bucket. */
const LONGEST_WAIT = { maxWaitTime: 3600, minDelay: 2, maxDelay: 10 };

/**
 * A plugin for the Serverless Framework. It checks the parameters, puts the bucket into its own stack, and says what to do
 * after a deployment.
 *
 * If the bucket were in the stack of the service, and `sls remove` kept it, the next `sls deploy` would fail:
 * CloudFormation would try to create a bucket that already exists. So the bucket and its stack are kept together. The
 * next deployment finds both, and updates the protections in resources/bucket.yml every time.
 *
 * `sls package` writes the template next to the template of the service. `sls deploy` deploys it before anything else.
 * A bucket that existed before the stage (existingBucket) is never changed.
 */
export default class BucketStack {
  constructor(serverless, options, { writeText }) {
    Object.assign(this, { serverless, options, writeText });
    this.command = serverless.processedInput.commands.join(' ');
    // The default of the parameter `bucket`: ${stage:bucket}.
    this.configurationVariablesSources = {
      stage: { resolve: async ({ resolveConfigurationProperty }) => this.defaultBucket(resolveConfigurationProperty) },
    };
    this.hooks = {
      initialize: () => this.check(),
      'after:aws:package:finalize:mergeCustomProviderResources': () =>
        complete(serverless.service.provider.compiledCloudFormationTemplate, this.parameters),
      'after:package:finalize': () => this.package(),
      'before:deploy:deploy': () => this.deploy(),
      'before:remove:remove': () => this.checkRemoval(),
      'after:remove:remove': () => this.deleteBucket(),
      finalize: () => this.sayWhatIsNext(),
    };
  }

  /** Commands that write the bucket's name to AWS. All others work without AWS, so they don't ask it. */
  get needsBucket() {
    return ['deploy', 'deploy function'].includes(this.command);
  }

  get parameters() {
    return this.serverless.service.custom.parameters;
  }

  get stage() {
    return this.serverless.getProvider('aws').getStage();
  }

  get stack() {
    return this.serverless.getProvider('aws').naming.getStackName();
  }

  error(message) {
    return new this.serverless.classes.Error(message);
  }

  async cloudFormation(region) {
    return new CloudFormationClient(await this.serverless.getProvider('aws').getAwsSdkV3Config({ region }));
  }

  /** The bucket that the stage has. AWS is asked once. */
  found(region) {
    this.finding ??= this.cloudFormation(region)
      .then((client) => bucketOfStage(client, this.stack))
      .catch((error) => {
        throw this.error(`Stage ${this.stage}: CloudFormation can't be asked for its bucket: ${error.message}`);
      });
    return this.finding;
  }

  /** An error here would be inside one of the framework: check() throws it again. */
  async defaultBucket(resolveConfigurationProperty) {
    if (!this.needsBucket) return { value: NOT_NAMED };
    const region = await resolveConfigurationProperty(['provider', 'region']);
    const found = await this.found(region).catch(() => undefined);
    return { value: found?.name ?? NOT_NAMED };
  }

  /** Parameters of the command line that serverless.yml doesn't have. The framework ignores them. */
  get unknownParameters() {
    const given = (this.serverless.processedInput.options.param ?? []).map((one) => one.split(/=(.*)/s));
    const inFile = this.serverless.configurationInput.params ?? {};
    return Object.fromEntries(
      [...Object.entries(inFile.default ?? {}), ...Object.entries(inFile[this.stage] ?? {}), ...given].filter(
        ([name]) => !(name in this.parameters),
      ),
    );
  }

  async check() {
    const { service } = this.serverless;
    const schedules = (await scheduledDatasets()).map(({ name, schedule }) => ({ name, enabled: schedule.enabled }));
    try {
      checkParameters(service.service, this.stage, { ...this.parameters, ...this.unknownParameters }, schedules);
    } catch (error) {
      throw this.error(error.message);
    }
    const tags = tagsOf(this.parameters.tags);
    if (Object.keys(tags).length > 0) service.provider.stackTags = tags; // CloudFormation passes them on to all resources
    if (this.parameters.permissionsBoundary)
      service.provider.rolePermissionsBoundary = this.parameters.permissionsBoundary;
    if (!this.needsBucket) return;
    const problem = deployProblem(this.stage, this.parameters.bucket, await this.found());
    if (problem) throw this.error(problem);
  }

  file(name) {
    const folder = this.options.package ?? this.serverless.service.package.path ?? '.serverless';
    return resolve(this.serverless.serviceDir, folder, name);
  }

  async package() {
    const { template } = this.serverless.service.custom.bucketStack;
    await writeFile(this.file('cloudformation-template-bucket.json'), JSON.stringify(template, null, 2));
  }

  /** Creates the bucket's stack, or updates it. */
  async deploy() {
    const { existingBucket } = this.parameters;
    const found = await this.found();
    const packaged = JSON.parse(await readFile(this.file('cloudformation-template-update-stack.json'), 'utf8'));
    const problem = packageProblem(this.stage, packaged.Outputs.Bucket.Value, found);
    if (problem) throw this.error(problem);
    if (String(existingBucket) === 'true' || found?.own === false) return;
    const stack = {
      StackName: bucketStack(this.stack),
      TemplateBody: await readFile(this.file('cloudformation-template-bucket.json'), 'utf8'),
      Tags: Object.entries(tagsOf(this.parameters.tags)).map(([Key, Value]) => ({ Key, Value })),
    };
    try {
      await deployStack(await this.cloudFormation(), stack, found !== undefined);
    } catch (error) {
      const next =
        'To use another name: --param=bucket=<name>. To use a bucket that already exists: --param=existingBucket=true.';
      const reason = error.message.replace(/\.?$/, '.');
      throw this.error(`Bucket ${packaged.Outputs.Bucket.Value}: ${reason}${found ? '' : ` ${next}`}`);
    }
  }

  async checkRemoval() {
    const { bucket, deleteBucket } = this.parameters;
    const problem = removeProblem(this.stage, bucket, deleteBucket, await this.found());
    if (problem) throw this.error(problem);
  }

  /** Empties and deletes the bucket that the bucket's own stack made, if the person has named it. */
  async deleteBucket() {
    const found = await this.found();
    if (!found?.own || this.parameters.deleteBucket !== found.name) return;
    const provider = this.serverless.getProvider('aws');
    const s3 = new S3Client(await provider.getAwsSdkV3Config());
    // If the bucket is gone and another account has taken its name, S3 answers 403.
    const bucket = { Bucket: found.name, ExpectedBucketOwner: await provider.getAccountId() };
    const unlessGone = (error) => {
      if (error.name !== 'NoSuchBucket') throw this.error(`Bucket ${found.name}: ${error.message}`);
    };
    await empty(s3, bucket).catch(unlessGone);
    const client = await this.cloudFormation();
    const stack = { StackName: bucketStack(this.stack) };
    await client.send(new DeleteStackCommand(stack));
    await waitUntilStackDeleteComplete({ client, ...LONGEST_WAIT }, stack);
    await s3.send(new DeleteBucketCommand(bucket)).catch(unlessGone); // deleting the stack keeps the bucket
  }

  async sayWhatIsNext() {
    if (this.command !== 'deploy') return;
    const outputs = await outputsOf(await this.cloudFormation(), this.stack);
    this.writeText(
      nextSteps({
        region: this.serverless.getProvider('aws').getRegion(),
        stage: this.stage,
        profile: this.options['aws-profile'],
        tokenParameter: this.parameters.tokenParameter,
        outputs,
      }),
    );
  }
}

/**
 * Creates a stack or updates it, and waits until that is done.
 *
 * @param exists Whether there is such a stack.
 * @throws {Error} The first reason that CloudFormation gives for this deployment.
 */
export const deployStack = async (client, stack, exists) => {
  const token = randomUUID(); // marks the events of this deployment
  const request = { ...stack, ClientRequestToken: token };
  // DELETE: a stack whose creation failed would make the next deployment fail.
  const command = exists
    ? new UpdateStackCommand(request)
    : new CreateStackCommand({ ...request, OnFailure: 'DELETE' });
  let id;
  try {
    id = (await client.send(command)).StackId;
  } catch (error) {
    if (/no updates are to be performed/i.test(error.message)) return;
    throw error;
  }
  const wait = exists ? waitUntilStackUpdateComplete : waitUntilStackCreateComplete;
  try {
    // The id, because CloudFormation finds a deleted stack only by its id. Source:
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html (read 2026-11-26).
    await wait({ client, ...LONGEST_WAIT }, { StackName: id });
  } catch (error) {
    throw new Error((await firstFailure(client, id, token)) ?? error.message, { cause: error });
  }
};

/**
 * Why a stack could not be created or updated.
 *
 * @param StackName The id of the stack.
 * @param token The ClientRequestToken of that request. A stack keeps the events of its earlier updates for 90 days; their
 * failures say nothing about this one.
 * @returns The first reason that CloudFormation reports; undefined if it reports none.
 */
export const firstFailure = async (client, StackName, token) => {
  let reason;
  let NextToken;
  do {
    // The newest come first.
    const page = await client.send(new DescribeStackEventsCommand({ StackName, NextToken }));
    for (const event of page.StackEvents ?? [])
      if (
        event.ClientRequestToken === token &&
        event.ResourceStatus?.endsWith('_FAILED') &&
        !/^Resource (creation|update) cancelled/i.test(event.ResourceStatusReason ?? '')
      )
        reason = event.ResourceStatusReason ?? reason;
    NextToken = page.NextToken;
  } while (NextToken);
  return reason;
};

/** S3 only deletes a bucket that has no objects and no older versions. */
const empty = async (s3, bucket) => {
  for (;;) {
    const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand(bucket));
    const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
    if (Objects.length === 0) return;
    const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ ...bucket, Delete: { Objects, Quiet: true } }));
    if (Errors[0]) throw new Error(`${Errors[0].Key} could not be deleted: ${Errors[0].Message}`);
  }
};
