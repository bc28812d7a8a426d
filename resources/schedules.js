import { join } from 'node:path';
import { datasetNames, loadDataset } from '../lib/datasets/load.ts';

/** TMDB's ceiling: "somewhere in the 40 requests per second range". Source: https://developer.themoviedb.org/docs/rate-limiting (read 2026-11-22). */
const TMDB_REQUESTS_PER_SECOND = 40;

/**
 * A schedule for each dataset that has one, on for those that the stage names.
 *
 * Our own resource and not the plugin's `schedule` event, which drops the retry policy and knows no dead-letter queue.
 */
export const schedules = async ({ resolveVariable }) => {
  const prefix = `${await resolveVariable('self:service')}-${await resolveVariable('sls:stage')}`;
  const folder = join(import.meta.dirname, '../datasets');
  const datasets = await Promise.all((await datasetNames(folder)).map((name) => loadDataset(folder, name)));
  const withSchedule = datasets.filter(({ schedule }) => schedule);
  const on = names(await resolveVariable('param:scheduled'));

  const unknown = on.find((name) => !withSchedule.some((dataset) => dataset.name === name));
  if (unknown) throw refusal(`Parameter scheduled: there is no dataset ${unknown} with a schedule in datasets/.`);
  const enabled = withSchedule.filter(({ name, schedule }) => on.includes(name) && schedule.enabled);
  await checkPace(enabled.length, resolveVariable);

  return {
    Resources: Object.fromEntries(
      withSchedule.map((dataset) => [logicalId(dataset), resource(dataset, enabled.includes(dataset), prefix)]),
    ),
  };
};

const names = (list) =>
  String(list)
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name && name !== 'none');

/** The framework prints an error's whole stack; the sentence is enough. */
const refusal = (message) => Object.assign(new Error(message), { stack: message });

/** Any two scheduled runs may overlap: one may take a day, and be redriven on another. */
const checkPace = async (runs, resolveVariable) => {
  const [walkers, share, tmdb] = await Promise.all(
    ['walkersAtOnce', 'requestsPerSecond', 'tmdbBaseUrl'].map((name) => resolveVariable(`param:${name}`)),
  );
  const all = Math.max(runs, 1) * walkers * share;
  if (all <= TMDB_REQUESTS_PER_SECOND || new URL(tmdb).hostname !== 'api.themoviedb.org') return;
  throw refusal(
    `Scheduled runs × walkersAtOnce × requestsPerSecond = ${runs} × ${walkers} × ${share} = ${all} requests a second, and TMDB takes ${TMDB_REQUESTS_PER_SECOND}: lower one of them.`,
  );
};

/** Letters and digits only; `a1-2` and `a12` must not become the same. */
const logicalId = ({ name }) => `Schedule${name.replaceAll('-', 'Dash')}`;

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
      // The scheduled time and not the start's: a late start stands for its day all the same.
      Input: JSON.stringify({ dataset: name, scheduledTime: '<aws.scheduler.scheduled-time>' }),
      RetryPolicy: {
        MaximumRetryAttempts: 3,
        MaximumEventAgeInSeconds: 3600, // an hour; after that a person decides
      },
      DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['UndeliveredStarts', 'Arn'] } },
    },
  },
});
