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

/** Seconds. A stack of a bucket and its policy takes half a minute; a deletion by S3, an hour at worst. */
const LONGEST_WAIT = { maxWaitTime: 3600, minDelay: 2, maxDelay: 10 };

/**
 * Plugin of the Serverless Framework: the bucket, in a stack of its own beside the service's.
 *
 * In the service's stack, a bucket that `sls remove` keeps would be in the way of the next `sls deploy`: CloudFormation
 * would create what is there already, and fail. Here its stack is kept with it, so the next deployment finds both, and
 * the protections in resources/bucket.yml are brought up to date every time.
 *
 * `sls package` writes the template beside the service's, and `sls deploy` sends it before anything else. None of this
 * happens to a bucket that is somebody else's (parameter existingBucket).
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

  /** What serverless.yml says: whose the bucket is, its name and its template. */
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
      // DELETE: a stack that never came to be would be in the way of the next try.
      const { StackId } = await client.send(new CreateStackCommand({ ...template, OnFailure: 'DELETE' }));
      await this.wait(waitUntilStackCreateComplete, client, StackId);
    }
  }

  /** @throws {Error} The first thing that CloudFormation says went wrong: the bucket's name is taken, mostly. */
  async wait(until, client, StackName) {
    try {
      await until({ client, ...LONGEST_WAIT }, { StackName });
    } catch {
      const { StackEvents = [] } = await client.send(new DescribeStackEventsCommand({ StackName }));
      const first = StackEvents.findLast(({ ResourceStatus }) => ResourceStatus?.endsWith('_FAILED'));
      throw new this.serverless.classes.Error(
        `Bucket ${this.settings.name}: ${first?.ResourceStatusReason ?? 'its stack failed'}. Another name: --param=bucket=<name>. A bucket that is there already: --param=existingBucket=true.`,
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
    await s3.send(new DeleteBucketCommand({ Bucket })).catch(unlessGone); // its stack leaves it
  }

  async cloudFormation() {
    const provider = this.serverless.getProvider('aws');
    const client = new CloudFormationClient(await provider.getAwsSdkV3Config());
    return { client, stack: { StackName: `${provider.naming.getStackName()}-bucket` } };
  }
}

/** S3 deletes no bucket that has anything in it, be it an older version. */
const empty = async (s3, Bucket) => {
  for (;;) {
    const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
    if (Objects.length === 0) return;
    const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    if (Errors[0]) throw new Error(`Bucket ${Bucket}: ${Errors[0].Key} could not be deleted: ${Errors[0].Message}`);
  }
};
