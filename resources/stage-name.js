/**
 * Names that contain the stage, with the number of characters that AWS allows. Everything else has a name that
 * CloudFormation makes, or a longer limit.
 *
 * Sources (read 2026-11-25): Lambda FunctionName 64, docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html;
 * Scheduler schedule name 64, docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html; SQS queue name 80,
 * docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-quotas.html.
 */
const namesOf = (datasets) => [
  { limit: 64, ending: '-pageWalker' },
  { limit: 80, ending: '-undelivered-starts' },
  ...datasets.map((dataset) => ({ limit: 64, ending: `-${dataset}` })),
];

/** The longest stage, in characters. */
export const longestStage = (service, datasets) =>
  Math.min(...namesOf(datasets).map(({ limit, ending }) => limit - `${service}-`.length - ending.length));

/**
 * @param datasets Names of the datasets that have a schedule.
 * @returns Why names with this stage would not be valid in AWS; undefined where they are.
 */
export const stageProblem = (service, stage, datasets) => {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stage))
    return `Stage "${stage}": use lower-case letters, digits and single hyphens, for example dev. Names of AWS resources contain it.`;
  const longest = longestStage(service, datasets);
  return stage.length > longest
    ? `Stage "${stage}" has ${stage.length} characters: use at most ${longest}. AWS allows 64 for the names of functions and schedules, which contain it.`
    : undefined;
};
