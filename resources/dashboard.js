/** The metrics that the writer and the freshness check publish, one graph for each. SEARCH also finds new datasets. */
const METRICS = [
  ['movies', 'Movies written'],
  ['requests', 'Requests to TMDB'],
  ['retries', 'Requests to TMDB that were retries'],
  ['throttles', 'Requests to TMDB that were throttled (429)'],
  ['gone', 'Listed movies that TMDB no longer has (404)'],
  ['bytes', 'Bytes written'],
  ['branchSeconds', 'Longest branch, in seconds', 'Maximum'],
  ['daysSinceComplete', 'Days since the last complete day', 'Maximum'],
];

const HOUR_SECONDS = 3600;

/** Five weeks: a weekly dataset has one point a week. CloudWatch's own default is the last three hours. */
const START = '-P35D';

export const dashboard = async ({ resolveVariable }) => {
  const service = `${await resolveVariable('self:service')}-${await resolveVariable('sls:stage')}`;
  const graph = (title, metrics, at) => ({
    type: 'metric',
    width: 8, // of 24
    height: 6,
    x: (at % 3) * 8,
    y: Math.floor(at / 3) * 6,
    properties: { title, metrics, region: `\${AWS::Region}`, period: HOUR_SECONDS, stat: 'Sum', view: 'timeSeries' },
  });
  const executions = [
    'ExecutionsStarted',
    'ExecutionsSucceeded',
    'ExecutionsFailed',
    'ExecutionsTimedOut',
    'ExecutionsAborted',
  ];
  const ofMachine = (machine) => executions.map((name) => ['AWS/States', name, 'StateMachineArn', `\${${machine}}`]);
  // Names with other characters than letters and digits need quotes. Source:
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html (read 2026-11-25).
  const search = (metric, statistic) =>
    `SEARCH('{"tmdb-raw-zone",dataset,service} MetricName="${metric}" service="${service}"', '${statistic}', ${HOUR_SECONDS})`;
  const graphs = [
    ['Runs', ofMachine('IngestMachine')],
    ['Branches', ofMachine('BranchMachine')],
    ...METRICS.map(([metric, title, statistic = 'Sum']) => [
      title,
      [[{ expression: search(metric, statistic), id: metric }]],
    ]),
  ];
  return {
    Resources: {
      Dashboard: {
        Type: 'AWS::CloudWatch::Dashboard',
        Properties: {
          DashboardName: service,
          DashboardBody: {
            'Fn::Sub': JSON.stringify({
              start: START,
              widgets: graphs.map(([title, metrics], at) => graph(title, metrics, at)),
            }),
          },
        },
      },
    },
  };
};
