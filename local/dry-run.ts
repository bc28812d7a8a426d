import { join } from 'node:path';
import { planner } from '../functions/planner.ts';
import { systemClock } from '../lib/clock.ts';
import { BadInputError } from '../lib/parse.ts';
import type { ObjectStore, ReadableStore } from '../lib/raw-zone/object-store.ts';
import { KINDS } from '../lib/sources/kinds.ts';
import type { Planned } from '../lib/stages/plan.ts';
import { bucketServices, type Environment, planningServices, tmdbServices } from '../lib/wiring.ts';
import { folderStore } from './bucket/folder-store.ts';
import { inOptions, type Options } from './options.ts';
import { paceOfProcess } from './pipeline.ts';

/**
 * Plans a run and writes nothing: no folder, no log, no lock, no object.
 *
 * It calls the planner without the state machine, on a bucket that can only be read.
 *
 * @param out The folder of the embedded bucket. It doesn't have to exist.
 * @throws {BadInputError} The run's input is wrong.
 */
export const dryRun = async (
  { input, bucket }: Pick<Options, 'input' | 'bucket'>,
  out: string,
  env: Environment,
): Promise<Planned> => {
  const given = { CODE_VERSION: 'local', ...env };
  const plan = planner({
    ...planningServices(given),
    ...tmdbServices(given),
    kinds: KINDS,
    store: readOnly(bucket ? bucketServices({ ...given, BUCKET: bucket }).store : folderStore(join(out, 'bucket'))),
    // A dry run takes no lock, so it asks for no execution.
    executions: { state: async () => 'absent' },
    clock: systemClock,
    emit: () => undefined,
    pace: paceOfProcess(given),
  });
  const execution = { id: 'dry-run', name: 'dry-run', startTime: new Date().toISOString(), redriveCount: 0 };
  try {
    return await plan(
      { input: { ...input, dryRun: true }, execution },
      { getRemainingTimeInMillis: () => Number.POSITIVE_INFINITY },
    );
  } catch (error) {
    throw error instanceof BadInputError ? new BadInputError(inOptions(error.message)) : error;
  }
};

const readOnly = (store: ReadableStore): ObjectStore => {
  const refuse = async (): Promise<never> => {
    throw new Error('A dry run tried to write to the bucket. Please report this error.');
  };
  return {
    get: store.get,
    stream: store.stream,
    list: store.list,
    newest: store.newest,
    folders: store.folders,
    put: refuse,
    putIf: refuse,
    remove: refuse,
  };
};

/** Branches that a table shows. All of them are in the JSON. */
const ROWS = 60;

/** What a run would do, for a person. */
export const dryRunText = ({ dataset, day, forecast, warnings, says }: Planned): string => {
  if (!forecast) return `${says}\n`;
  const { perBranch = [], usage, historyEvents, historyLimit } = forecast;
  const rows = perBranch
    .slice(0, ROWS)
    .map(({ branch, movies, pages, requests, parts }) => [branch, movies ?? 'unknown', pages, requests, parts]);
  const more = perBranch.length - ROWS;
  const all = [
    ['branch', 'movies', 'pages', 'requests', 'parts at most'],
    ...rows,
    ...(more > 0 ? [[`and ${more} more`, '', '', '', '']] : []),
    [
      `all ${perBranch.length}`,
      forecast.movies,
      forecast.pages,
      perBranch.reduce((sum, { requests }) => sum + requests, 0),
      forecast.parts,
    ],
  ];
  const { gbSeconds, calls, transitions, puts } = usage;
  return `${[
    `A run of ${dataset} for ${day} would do this. Nothing was written.`,
    '',
    ...table(all),
    '',
    `Requests to TMDB: ${forecast.requests}, without retries.`,
    `Time: about ${timeOf(forecast.seconds)} at up to ${forecast.perSecond} requests a second.`,
    `In AWS: ${gbSeconds} GB-seconds of Lambda in ${calls} calls, ${transitions} state transitions,`,
    `  ${puts} PUT and LIST requests to S3.`,
    `Cost in AWS: $${forecast.dollars.toFixed(4)} (${forecast.region}, prices of ${forecast.pricesOf}, no free tier;`,
    '  without storage, GET requests and logs).',
    `History: ${historyEvents} of ${historyLimit} events, and as many again if all branches fail once.`,
    ...warnings.map((warning) => `Warning: ${warning}`),
    ...(forecast.unavailable
      ? [
          `Warning: page 1 of ${forecast.unavailable} ${forecast.unavailable === 1 ? 'list was' : 'lists were'} not available; the sums are without ${forecast.unavailable === 1 ? 'its' : 'their'} movies.`,
        ]
      : []),
  ].join('\n')}\n`;
};

/** Columns that are as wide as their widest cell: the first one left, numbers right. */
const table = (rows: readonly (readonly (string | number)[])[]): string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? String(cell).padEnd(widths[0] ?? 0) : String(cell).padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
};

const timeOf = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${(seconds / 60).toFixed(seconds < 600 ? 1 : 0)} minutes`;
