/**
 * Findings of checkov and cfn-lint that are not followed, with the reason of each one. They are added to the template, so
 * that both tools skip them and everybody who reads the template sees why. `npm run emulator` runs both tools.
 */

const OWN_KEY = 'A KMS key of our own costs a dollar a month, and AWS encrypts this already with a key of its own';
const NO_QUEUE =
  'Step Functions calls the functions synchronously and handles their errors. If the freshness check fails, its alarm rings';

/** By type of resource: the check and the reason. */
const CHECKOV = {
  'AWS::Lambda::Function': {
    CKV_AWS_115:
      'A new account has 10 concurrent executions in total; MaxConcurrency of the Map limits the page-walkers',
    CKV_AWS_116: NO_QUEUE,
    CKV_AWS_117: 'The functions use public addresses only, TMDB and AWS. In a VPC, they would need a NAT gateway',
    CKV_AWS_173: `${OWN_KEY}. The environment has no secrets`,
  },
  'AWS::Logs::LogGroup': { CKV_AWS_158: OWN_KEY },
  'AWS::S3::Bucket': {
    CKV_AWS_18: 'Access logs need another bucket. If you have to log access, use CloudTrail data events',
    CKV_AWS_21: 'The bucket of the deployments: each deployment has keys of its own, and nothing is overwritten',
  },
  'AWS::SNS::Topic': {
    CKV_AWS_26: 'EventBridge and CloudWatch cannot use the AWS managed key, and the messages are sent on as e-mails',
  },
};

/** checkov knows only queues with a KMS key. A queue without any encryption is still found. */
const ENCRYPTED_QUEUE = { CKV_AWS_27: 'SqsManagedSseEnabled encrypts the queue' };

const CFN_LINT = {
  W3005: 'The Serverless Framework writes a DependsOn for the role of each function, although Fn::GetAtt is enough',
  W8003: 'The Serverless Framework fills in the parameter alarmEmail when it packages, so the condition is constant',
};

/** Adds the reasons to the template. */
export const addReasons = (template) => {
  template.Metadata = {
    ...template.Metadata,
    'cfn-lint': { config: { ignore_checks: Object.keys(CFN_LINT) }, reasons: CFN_LINT },
  };
  for (const resource of Object.values(template.Resources)) {
    const reasons = resource.Properties?.SqsManagedSseEnabled ? ENCRYPTED_QUEUE : CHECKOV[resource.Type];
    if (!reasons) continue;
    const skip = Object.entries(reasons).map(([id, comment]) => ({ id, comment }));
    resource.Metadata = { ...resource.Metadata, checkov: { skip } };
  }
};
