import { DescribeStackResourceCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';

/** Stands in templates and environments where no bucket is named and AWS is not asked: sls package, sls invoke local. */
export const NOT_NAMED = 'bucket-not-named';

/**
 * The bucket of a stage that is deployed.
 *
 * It is asked of CloudFormation and never taken from a parameter. A wrong parameter can then neither move the raw zone
 * nor delete a bucket that belongs to somebody else.
 *
 * @param client A CloudFormationClient.
 * @param stack Name of the stack of the service. The stack of the bucket has this name and `-bucket`.
 * @returns Its name, and whether the stage's own stack made it (`own`) or it existed before (existingBucket). Undefined:
 * the stage has no bucket yet.
 */
export const bucketOfStage = async (client, stack) => {
  const made = await unlessMissing(
    client.send(new DescribeStackResourceCommand({ StackName: bucketStack(stack), LogicalResourceId: 'Bucket' })),
  );
  const { PhysicalResourceId, ResourceStatus = '' } = made?.StackResourceDetail ?? {};
  // A bucket whose creation has failed is not ours: usually, the name belongs to somebody else.
  if (PhysicalResourceId && !/^(CREATE_(IN_PROGRESS|FAILED)|DELETE_)/.test(ResourceStatus))
    return { name: PhysicalResourceId, own: true };
  const name = (await outputsOf(client, stack)).Bucket;
  return name && { name, own: false };
};

export const bucketStack = (stack) => `${stack}-bucket`;

/** The outputs of a stack, as an object; an empty one if there is no such stack. */
export const outputsOf = async (client, StackName) => {
  const { Stacks: [stack] = [] } = (await unlessMissing(client.send(new DescribeStacksCommand({ StackName })))) ?? {};
  return Object.fromEntries((stack?.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
};

const unlessMissing = (answer) =>
  answer.catch((error) => {
    if (!/does not exist/i.test(error.message)) throw error;
  });

/**
 * @param stage Name of the stage.
 * @param named The bucket in the parameter, or NOT_NAMED.
 * @param found What bucketOfStage found.
 * @returns Why a deployment must not start; undefined where it may.
 */
export const deployProblem = (stage, named, found) => {
  if (!found)
    return named === NOT_NAMED
      ? `Stage ${stage} has no bucket yet: choose one with --param=bucket=<name>. Bucket names are global, so use a unique one.`
      : undefined;
  return named === NOT_NAMED || named === found.name
    ? undefined
    : `Stage ${stage} has its data in bucket ${found.name}, but the parameter bucket is ${named}: leave the parameter out, or use another stage for another bucket.`;
};

/**
 * The same for a package that was made before: its templates and environments have one bucket's name. With
 * `sls deploy --package`, the framework takes the parameters from the package, so they say nothing of the stage.
 *
 * @param packaged The bucket in the package, or NOT_NAMED.
 * @returns Why the package must not be deployed; undefined where it may.
 */
export const packageProblem = (stage, packaged, found) => {
  if (!found) return deployProblem(stage, packaged, found);
  return packaged === found.name
    ? undefined
    : `The package was made for bucket ${packaged}, but the bucket of stage ${stage} is ${found.name}: package again with --param=bucket=${found.name}.`;
};

/**
 * @param named The bucket in the parameter, or NOT_NAMED.
 * @param toDelete The bucket in the parameter deleteBucket; empty to keep the bucket.
 * @returns Why nothing must be removed; undefined where the service may be removed.
 */
export const removeProblem = (stage, named, toDelete, found) => {
  if (named !== NOT_NAMED && found && named !== found.name)
    return `Stage ${stage} has its data in bucket ${found.name}, but the parameter bucket is ${named}: nothing was removed. Leave the parameter out.`;
  if (!toDelete || (found?.own && found.name === toDelete)) return undefined;
  if (!found?.own)
    return `Stage ${stage} has no bucket of its own, but the parameter deleteBucket is ${toDelete}: nothing was removed. Without the parameter, sls remove removes the service and no bucket.`;
  return `The bucket of stage ${stage} is ${found.name}, but the parameter deleteBucket is ${toDelete}: nothing was removed. To empty and delete the bucket: --param=deleteBucket=${found.name}.`;
};
