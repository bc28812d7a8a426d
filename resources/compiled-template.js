import { addReasons } from './findings.js';

/**
 * Completes the service's template: what concerns every role or state machine is written once, here, so that a new one
 * can't be forgotten.
 *
 * @param template The CloudFormation template with all resources. It is changed.
 * @param parameters kmsKey: the ARN of the key that encrypts an existing bucket, or empty. permissionsBoundary: the ARN of
 * the policy that limits all roles, or empty.
 */
export const complete = (template, { kmsKey, permissionsBoundary }) => {
  addReasons(template);
  for (const { Type, Properties } of Object.values(template.Resources)) {
    if (Type === 'AWS::StepFunctions::StateMachine') withPartition(Properties.DefinitionString);
    if (Type === 'AWS::IAM::Role' && permissionsBoundary) Properties.PermissionsBoundary = permissionsBoundary;
    if (kmsKey)
      for (const { Statement } of documentsOf(Properties)) {
        const key = keyStatement(Statement, kmsKey);
        if (key) Statement.push(key);
      }
  }
};

const documentsOf = ({ Policies = [], PolicyDocument }) => [
  ...Policies.map((policy) => policy.PolicyDocument),
  ...(PolicyDocument ? [PolicyDocument] : []),
];

/**
 * serverless-step-functions grants permissions by the text `arn:aws:states:::…`, so the definition must spell it that way.
 * In China and GovCloud, the partition has another name.
 */
const withPartition = (definition) => {
  const [text] = definition['Fn::Sub'];
  definition['Fn::Sub'][0] = text.replaceAll('arn:aws:states:::', `arn:\${AWS::Partition}:states:::`);
};

/** S3 uses the key as the caller: to decrypt what it reads, and to encrypt what it writes. */
const keyStatement = (statements, kmsKey) => {
  const actions = new Set(statements.flatMap(({ Effect, Action }) => (Effect === 'Allow' ? Action : [])));
  const needed = [
    ...(actions.has('s3:GetObject') ? ['kms:Decrypt'] : []),
    ...(actions.has('s3:PutObject') ? ['kms:GenerateDataKey'] : []),
  ];
  return (
    needed.length > 0 && {
      Effect: 'Allow',
      Action: needed,
      Resource: kmsKey,
      Condition: { StringEquals: { 'kms:ViaService': { 'Fn::Sub': `s3.\${AWS::Region}.\${AWS::URLSuffix}` } } },
    }
  );
};
