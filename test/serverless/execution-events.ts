/**
 * The event that Step Functions sends when the status of an execution changes, as documented.
 *
 * Source: "Step Functions event examples" in
 * https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html (read 2026-11-25). The page says that
 * `detail` has what DescribeExecution returns; `error` and `cause` of a failed execution are from there:
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html (read 2026-11-25).
 *
 * @param machine The name of the state machine.
 */
export const executionEvent = (status: string, machine: string, failure: { error?: string; cause?: string } = {}) => ({
  version: '0',
  id: '315c1398-40ff-a850-213b-158f73e60175',
  'detail-type': 'Step Functions Execution Status Change',
  source: 'aws.states',
  account: ACCOUNT,
  time: '2019-02-26T19:42:21Z',
  region: REGION,
  resources: [`arn:aws:states:${REGION}:${ACCOUNT}:execution:${machine}:execution-name`],
  detail: {
    executionArn: `arn:aws:states:${REGION}:${ACCOUNT}:execution:${machine}:execution-name`,
    stateMachineArn: machineArn(machine),
    name: 'execution-name',
    status,
    startDate: 1551225146847,
    stopDate: status === 'RUNNING' ? null : 1551225151881,
    input: '{"dataset":"crime-war"}',
    inputDetails: { included: true },
    output: null,
    outputDetails: null,
    ...failure,
  },
});
type ExecutionEvent = ReturnType<typeof executionEvent>;

const ACCOUNT = '123456789012';
const REGION = 'us-east-2';
export const machineArn = (name: string) => `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${name}`;

/**
 * Whether an event pattern of exact values matches an event: every field of the pattern is in the event, with one of the
 * listed values. Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html (read 2026-11-25).
 */
export const matches = (pattern: unknown, event: unknown): boolean => {
  if (Array.isArray(pattern)) return pattern.includes(event);
  return Object.entries(pattern as object).every(([field, inner]) =>
    matches(inner, (event as Record<string, unknown> | null)?.[field]),
  );
};

interface Transformer {
  InputPathsMap: Record<string, string>;
  InputTemplate: { 'Fn::Sub': string };
}

/**
 * The message that an input transformer makes of an event. A variable that stands alone becomes a JSON value; one inside a
 * string is inserted as it is. Source:
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html (read 2026-11-25).
 *
 * @throws {Error} The template uses a variable that the event doesn't have.
 */
export const messageFrom = ({ InputPathsMap, InputTemplate }: Transformer, event: ExecutionEvent): string => {
  const valueFor = (name: string): string => {
    const path = (InputPathsMap[name] ?? '').replace(/^\$\./, '').split('.');
    const value = path.reduce<unknown>((inside, field) => (inside as Record<string, unknown>)?.[field], event);
    if (typeof value !== 'string') throw new Error(`<${name}>: the event has no ${path.join('.')}`);
    return value;
  };
  return InputTemplate['Fn::Sub']
    .replaceAll(`\${AWS::Region}`, REGION)
    .replaceAll(/: <(\w+)>/g, (_, name) => `: ${JSON.stringify(valueFor(name))}`)
    .replaceAll(/<(\w+)>/g, (_, name) => valueFor(name));
};
