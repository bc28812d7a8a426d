/** One request of a function to AWS, as an IAM action on a resource. */
export interface Call {
  function: string;
  action: string;
  /** An S3 ARN; absent for DeleteObjects, whose keys are in the body, and for other services. */
  resource?: string;
  /** The prefix of a ListBucket. */
  prefix?: string;
}

/** One line of the emulator's calls.jsonl. */
interface LoggedRequest {
  function: string;
  service: string;
  method: string;
  path: string;
  query: string;
  target: string | null;
}

/** The IAM action that a logged request needs. */
export const callOf = ({ function: name, service, method, path, query, target }: LoggedRequest): Call => {
  if (service !== 's3') {
    // The target is AmazonSSM.GetParameters or AWSStepFunctions.DescribeExecution.
    return { function: name, action: `${service}:${target?.split('.').at(-1)}` };
  }
  const [, bucket = '', key = ''] = /^\/([^/]+)\/?(.*)$/.exec(decodeURIComponent(path)) ?? [];
  const parameters = new URLSearchParams(query);
  if (!key) {
    if (method === 'POST' && parameters.has('delete')) return { function: name, action: 's3:DeleteObject' };
    return {
      function: name,
      action: 's3:ListBucket',
      resource: `arn:aws:s3:::${bucket}`,
      prefix: parameters.get('prefix') ?? '',
    };
  }
  const actions: Record<string, string> = {
    GET: 's3:GetObject',
    HEAD: 's3:GetObject',
    PUT: 's3:PutObject',
    DELETE: 's3:DeleteObject',
  };
  return { function: name, action: actions[method] ?? `s3:${method}`, resource: `arn:aws:s3:::${bucket}/${key}` };
};

interface Statement {
  Effect: string;
  Action: string | string[];
  Resource: unknown;
  Condition?: { StringLike?: Record<string, unknown> };
}

export interface Policies {
  [functionName: string]: Statement[];
}

// biome-ignore lint/suspicious/noExplicitAny: the properties differ for each type of resource
type Template = { Resources: Record<string, { Type: string; Properties: any }> };

/** The statements of each function's IAM role in a CloudFormation template, by the function's name. */
export const policiesOf = (template: Template): Policies => {
  const functions = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  return Object.fromEntries(
    functions.map(({ Properties: { FunctionName, Role } }) => {
      const role = template.Resources[Role['Fn::GetAtt'][0]];
      return [
        FunctionName,
        (role?.Properties.Policies ?? []).flatMap(
          (policy: { PolicyDocument: { Statement: Statement[] } }) => policy.PolicyDocument.Statement,
        ),
      ];
    }),
  );
};

/** The calls that no statement of the function's IAM role allows. */
export const denied = (calls: readonly Call[], policies: Policies): Call[] =>
  calls.filter((call) => !(policies[call.function] ?? []).some((statement) => allows(statement, call)));

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

const allows = ({ Effect, Action, Resource, Condition }: Statement, { action, resource, prefix }: Call): boolean => {
  if (Effect !== 'Allow' || !list(Action).includes(action)) return false;
  if (resource !== undefined && !list(Resource).some((pattern) => matches(text(pattern), resource))) return false;
  const prefixes = Condition?.StringLike?.['s3:prefix'];
  return (
    prefix === undefined || prefixes === undefined || list(prefixes).some((pattern) => matches(text(pattern), prefix))
  );
};

/** Whether an ARN or a prefix matches a pattern with IAM's wildcard *. */
const matches = (pattern: string, value: string): boolean =>
  new RegExp(`^${pattern.split('*').map(RegExp.escape).join('.*')}$`, 's').test(value);

/** The text of a CloudFormation intrinsic; a value that only a deployment knows, such as the region, becomes *. */
const text = (value: unknown): string => {
  if (typeof value === 'string') return value;
  const { 'Fn::Sub': sub, 'Fn::Join': join } = value as { 'Fn::Sub'?: string; 'Fn::Join'?: [string, unknown[]] };
  if (sub) return sub.replaceAll(/\$\{AWS::Partition\}/g, 'aws').replaceAll(/\$\{[^}]+\}/g, '*');
  if (join) return join[1].map(text).join(join[0]);
  return '*';
};
