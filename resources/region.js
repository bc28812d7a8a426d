import { CloudFormationClient } from '@aws-sdk/client-cloudformation';

/**
 * The region, as the AWS CLI finds it: AWS_REGION, then AWS_DEFAULT_REGION, then the profile's in ~/.aws/config.
 * serverless.yml asks for --region before. All commands of the README then work in one region.
 *
 * Source: docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html (read 2026-11-25).
 */
export const region = async ({ options }) => {
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  if (AWS_REGION || AWS_DEFAULT_REGION) return AWS_REGION || AWS_DEFAULT_REGION;
  const profile = options['aws-profile'];
  try {
    return await new CloudFormationClient(profile ? { profile } : {}).config.region();
  } catch {
    // Nothing is configured: as in the framework itself.
    return 'us-east-1';
  }
};
