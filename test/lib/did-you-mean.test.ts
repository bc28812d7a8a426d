import { expect, it } from 'vitest';
import { closest, didYouMean } from '../../lib/did-you-mean.ts';

const KNOWN = ['budget', 'revenue', 'crime-war', 'science-fiction', 'dry-run', 'day'];

it.each([
  ['bugdet', 'budget'], // two neighbours that changed places are one edit
  ['buget', 'budget'],
  ['Crime War', 'crime-war'],
  ['crime_war', 'crime-war'],
  ['sciense-fictoin', 'science-fiction'],
  ['dryrun', 'dry-run'],
  ['dya', 'day'],
  ['date', undefined],
  ['x', undefined],
  ['crime-war-2', undefined],
  ['', undefined],
])('%j: %j', (word, name) => {
  expect(closest(word, KNOWN)).toBe(name);
});

it('is a part of a sentence, or nothing', () => {
  expect(didYouMean('bugdet', KNOWN)).toBe('; did you mean "budget"?');
  expect(didYouMean('something else', KNOWN)).toBe('');
});
