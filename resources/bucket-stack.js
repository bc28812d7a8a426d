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

/** In seconds. A stack with a bucket and its policy takes about 30 s. S3 can take up to an hour to delete a bucket. */
const LONGEST_WAIT = { maxWaitTime: 3600, minDelay: 2, maxDelay: 10 };

/**
 * A plugin for the Serverless Framework. It puts the bucket into its own stack.
 *
 * If the bucket were in the stack of the service, and `sls remove` kept it, the next `sls deploy` would fail:
 * CloudFormation would try to create a bucket that already exists. So the bucket and its stack are kept together. The
 * next deployment finds both, and updates the protections in resources/bucket.yml every time.
 *
 * `sls package` writes the template next to the template of the service. `sls deploy` deploys it before anything else.
 * With the parameter existingBucket, the plugin does nothing.
 */
export default class BucketStack {
  constructor(serverless, options) {
    Object.assign(this, { serverless, options });
    this.hooks = {
      'after:package:finalize': () => this.package(),
      'before:deploy:deploy': () => this.deploy(),
      'after:remove:remove': () => this.remove(),
    };
  }

  /** The settings in serverless.yml: whether the bucket exists already, whether to keep it, its name and its template. */
  get settings() {
    return this.serverless.service.custom.bucketStack;
  }

  get templateFile() {
    const folder = this.options.package ?? this.serverless.service.package.path ?? '.serverless';
    return resolve(this.serverless.serviceDir, folder, 'cloudformation-template-bucket.json');
  }

  async package() {
    if (!this.settings.existing) await writeFile(this.templateFile, JSON.stringify(this.settings.template, null, 2));
  }

  async deploy() {
    if (this.settings.existing) return;
    const { client, stack } = await this.cloudFormation();
    const template = { ...stack, TemplateBody: await readFile(this.templateFile, 'utf8') };
    try {
      const { StackId } = await client.send(new UpdateStackCommand(template));
      await this.wait(waitUntilStackUpdateComplete, client, StackId);
    } catch (error) {
      if (/no updates are to be performed/i.test(error.message)) return;
      if (!/does not exist/i.test(error.message)) throw error;
      // DELETE: a stack whose creation failed would make the next deployment fail.
      const { StackId } = await client.send(new CreateStackCommand({ ...template, OnFailure: 'DELETE' }));
      await this.wait(waitUntilStackCreateComplete, client, StackId);
    }
  }

  /** @throws {Error} The first error that CloudFormation reports. Usually, the bucket name is already in use. */
  async wait(until, client, StackName) {
    try {
      await until({ client, ...LONGEST_WAIT }, { StackName });
    } catch {
      const { StackEvents = [] } = await client.send(new DescribeStackEventsCommand({ StackName }));
      const first = StackEvents.findLast(({ ResourceStatus }) => ResourceStatus?.endsWith('_FAILED'));
      throw new this.serverless.classes.Error(
        `Bucket ${this.settings.name}: ${first?.ResourceStatusReason ?? 'its stack failed'}. To use another name: --param=bucket=<name>. To use a bucket that already exists: --param=existingBucket=true.`,
      );
    }
  }

  async remove() {
    const { existing, keep, name: Bucket } = this.settings;
    if (existing || keep) return;
    const { client, stack } = await this.cloudFormation();
    const s3 = new S3Client(await this.serverless.getProvider('aws').getAwsSdkV3Config());
    const unlessGone = (error) => {
      if (error.name !== 'NoSuchBucket') throw error;
    };
    await empty(s3, Bucket).catch(unlessGone);
    await client.send(new DeleteStackCommand(stack));
    await waitUntilStackDeleteComplete({ client, ...LONGEST_WAIT }, stack);
    await s3.send(new DeleteBucketCommand({ Bucket })).catch(unlessGone); // deleting the stack keeps the bucket
  }

  async cloudFormation() {
    const provider = this.serverless.getProvider('aws');
    const client = new CloudFormationClient(await provider.getAwsSdkV3Config());
    return { client, stack: { StackName: `${provider.naming.getStackName()}-bucket` } };
  }
}

/** S3 only deletes a bucket that has no objects and no older versions. */
const empty = async (s3, Bucket) => {
  for (;;) {
    const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
    if (Objects.length === 0) return;
    const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    if (Errors[0]) throw new Error(`Bucket ${Bucket}: ${Errors[0].Key} could not be deleted: ${Errors[0].Message}`);
  }
};
