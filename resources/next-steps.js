/**
 * What `sls deploy` prints at its end: where everything is, and the commands that come next.
 *
 * Each command names the region, because this one may come from --region or from a profile that the next shell doesn't have.
 *
 * @param outputs The outputs of the service's stack.
 */
export const nextSteps = ({ region, stage, profile, tokenParameter, outputs }) => {
  const account = outputs.IngestMachineArn?.split(':')[4];
  const aws = `--region ${region}${profile ? ` --profile ${profile}` : ''}`;
  const sls = `--stage ${stage} --region ${region}${profile ? ` --aws-profile ${profile}` : ''}`;
  return `
region:          ${region}
account:         ${account}
bucket:          ${outputs.Bucket}
ingest machine:  ${outputs.IngestMachineConsole}
branch machine:  ${outputs.BranchMachineConsole}
dashboard:       ${outputs.DashboardConsole}

Store TMDB's API Read Access Token, once. The command waits until you paste it and press Enter:
  read -rs TMDB_TOKEN && aws ssm put-parameter ${aws} --overwrite --type SecureString --name ${tokenParameter} --value "$TMDB_TOKEN"
Start a run:
  npx sls invoke stepf ${sls} --name ingest --data '{"dataset":"crime-war"}'
Watch it. <run> is the executionArn that the last command prints:
  AWS_REGION=${region}${profile ? ` AWS_PROFILE=${profile}` : ''} npm run watch -- <run> --bucket ${outputs.Bucket}`;
};
