import { join } from 'node:path';
import { longestGapDays } from '../lib/datasets/cron.ts';
import { datasetNames, loadDataset } from '../lib/datasets/load.ts';
import { KINDS } from '../lib/sources/kinds.ts';
import { namesIn } from './parameters.js';

/**
 * One schedule for each dataset that defines one. It is on if the parameter `scheduled` names the dataset. Each dataset
 * that the parameter names has an alarm too, even if its own file turns the schedule off.
 *
 * The resource is defined here, because the framework's `schedule` event drops the retry policy and has no dead-letter queue.
 */
export const schedules = async ({ resolveVariable }) => {
  const prefix = `${await resolveVariable('self:service')}-${await resolveVariable('sls:stage')}`;
  const datasets = await scheduledDatasets();
  const named = await namedDatasets(resolveVariable);
  return {
    Resources: Object.fromEntries([
      ...datasets.map((dataset) => [
        logicalId('Schedule', dataset),
        resource(dataset, dataset.schedule.enabled && named.some(({ name }) => name === dataset.name), prefix),
      ]),
      ...named.flatMap((dataset) => {
        const alarm = freshnessAlarm(dataset, prefix);
        return alarm ? [[logicalId('FreshnessAlarm', dataset), alarm]] : [];
      }),
    ]),
  };
};

/** The time zone of each dataset that the parameter `scheduled` names, as JSON: the environment of the freshness check. */
export const timeZones = async ({ resolveVariable }) => {
  const named = await namedDatasets(resolveVariable);
  return JSON.stringify(Object.fromEntries(named.map(({ name, timezone }) => [name, timezone])));
};

/** The datasets that define a schedule, whether it is on or not. */
export const scheduledDatasets = async () => {
  const folder = join(import.meta.dirname, '../datasets');
  const datasets = await Promise.all((await datasetNames(folder)).map((name) => loadDataset(folder, name, KINDS)));
  return datasets.filter(({ schedule }) => schedule);
};

/** Those that the parameter `scheduled` names. resources/parameters.js refuses unknown names. */
const namedDatasets = async (resolveVariable) => {
  const on = namesIn(await resolveVariable('param:scheduled'));
  return (await scheduledDatasets()).filter(({ name }) => on.includes(name));
};

/** Only letters and digits are allowed. `a1-2` and `a12` must not get the same id. */
const logicalId = (type, { name }) => `${type}${name.replaceAll('-', 'Dash')}`;

/** A run may take a day, and may be redriven on the next one. */
const RUN_DAYS = 1;

/**
 * Rings when the last complete day of a dataset is older than its schedule allows, for whatever reason: the schedule is
 * off, the run failed or was turned away, or the check itself doesn't run.
 *
 * @returns undefined for a schedule of a single day. There is no next day that could be late.
 */
const freshnessAlarm = ({ name, schedule }, prefix) => {
  const gapDays = longestGapDays(schedule.cron);
  if (gapDays === undefined) return undefined;
  const limitDays = gapDays + RUN_DAYS;
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: `${prefix}-${name}-is-old`,
      AlarmDescription: `The last complete day of ${name} is more than ${limitDays} days old, or there is none, or the check for it doesn't run. The schedule starts a run at least every ${gapDays} days.`,
      Namespace: 'tmdb-raw-zone',
      MetricName: 'daysSinceComplete',
      Dimensions: [
        { Name: 'dataset', Value: name },
        { Name: 'service', Value: prefix },
      ],
      Statistic: 'Maximum',
      Period: 86_400, // s; a day has two checks, so one of them may fail
      EvaluationPeriods: 1,
      Threshold: limitDays,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'breaching',
      AlarmActions: [{ Ref: 'AlarmTopic' }],
    },
  };
};

const resource = ({ name, description, timezone, schedule }, enabled, prefix) => ({
  Type: 'AWS::Scheduler::Schedule',
  Properties: {
    Name: `${prefix}-${name}`,
    Description: description,
    ScheduleExpression: `cron(${schedule.cron})`,
    ScheduleExpressionTimezone: timezone,
    FlexibleTimeWindow: { Mode: 'OFF' },
    State: enabled ? 'ENABLED' : 'DISABLED',
    Target: {
      Arn: { Ref: 'IngestMachine' },
      RoleArn: { 'Fn::GetAtt': ['SchedulerRole', 'Arn'] },
      // The scheduled time, not the time of the start: a late start must still get the scheduled day.
      Input: JSON.stringify({ dataset: name, scheduledTime: '<aws.scheduler.scheduled-time>' }),
      RetryPolicy: {
        MaximumRetryAttempts: 3,
        MaximumEventAgeInSeconds: 3600, // one hour; after that, a person decides
      },
      DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['UndeliveredStarts', 'Arn'] } },
    },
  },
});
