import { expect, it } from 'vitest';
// @ts-expect-error A file of serverless.yml, in JavaScript.
import { longestStage, stageProblem } from '../../resources/stage-name.js';

const SERVICE = 'tmdb-raw-zone';

it.each(['dev', 'prod', 'feature-4711', 'a'.repeat(39)])('stage %s is accepted', (stage) => {
  expect(stageProblem(SERVICE, stage, ['crime-war'])).toBeUndefined();
});

it.each([
  ['feature-4711-rework-the-page-walker-2027', 'has 40 characters: use at most 39'],
  ['Feature', 'use lower-case letters, digits and single hyphens'],
  ['my_stage', 'use lower-case letters, digits and single hyphens'],
  ['dev-', 'use lower-case letters, digits and single hyphens'],
  ['', 'use lower-case letters, digits and single hyphens'],
])('stage "%s" is refused, with what is allowed', (stage, says) => {
  expect(stageProblem(SERVICE, stage, ['crime-war'])).toContain(says);
});

it('the longest stage makes names that AWS allows, also for a schedule of a long dataset name', () => {
  const dataset = 'd'.repeat(24);
  const stage = 's'.repeat(longestStage(SERVICE, [dataset]));

  expect(`${SERVICE}-${stage}-${dataset}`).toHaveLength(64);
  expect(`${SERVICE}-${stage}-pageWalker`.length).toBeLessThanOrEqual(64);
});
