import { type Scenario, STAGE } from '../emulated.ts';

export const removeAndDeploy: Scenario = {
  title: 'Remove, deploy again, with a wrong token',
  run: async ({ check, slsSucceeds, start, ended, keysWithPrefix, putToken }) => {
    await slsSucceeds('remove');
    check(
      'sls remove keeps the bucket and its objects',
      (await keysWithPrefix('_manifests/crime-war/latest.json')).length,
      1,
    );
    // Under another name: a warm function caches the parameter that it has read for five minutes.
    await putToken('wrong', 'wrong-token');
    await slsSucceeds('deploy', '--param', `tokenParameter=/tmdb-raw-zone/${STAGE}/wrong-token`);
    const wrong = await ended(await start({ dataset: 'crime-war', day: '2027-01-01', only: ['war-2012'] }));
    check(
      'with a wrong token the run fails in Plan',
      `${wrong.error} ${wrong.cause}`,
      /^TmdbTokenError .*TMDB rejected the token \(401, code 7/,
    );
    await slsSucceeds('info');
  },
};
