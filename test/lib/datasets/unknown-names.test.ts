import { expect, it } from 'vitest';
import crimeWar from '../../../datasets/crime-war.json' with { type: 'json' };
import { datasetNames, loadDataset } from '../../../lib/datasets/load.ts';
import { unknownNames } from '../../../lib/datasets/unknown-names.ts';
import { KINDS } from '../../../lib/sources/kinds.ts';
import { shippedSchema } from './shipped.ts';

const of = (changes: object, media: Parameters<typeof unknownNames>[1] = ['movie']) =>
  unknownNames(shippedSchema.parse({ ...crimeWar, ...changes }), media);
const withFields = (fields: object) => ({ record: { ...crimeWar.record, with: fields } });

it.each([
  [
    { record: { ...crimeWar.record, without: ['homepge'] } },
    'record.without: TMDB is not known to have a field "homepge" in the lists of movies.',
  ],
  [
    { record: { ...crimeWar.record, from: 'details', without: ['homepge'] } },
    'record.without: TMDB is not known to have a field "homepge" in the details of movies; did you mean "homepage"?',
  ],
  [
    { ...withFields({ bugdet: { from: 'details' } }), keep: [], sort: [] },
    'record.with.bugdet: TMDB is not known to have a field "bugdet" in the details of movies; did you mean "budget"?',
  ],
  [
    withFields({ directors: { from: 'crew', where: { jobb: 'Director' } } }),
    'record.with.directors.where: TMDB is not known to have a field "jobb" in the crew of movies; did you mean "job"?',
  ],
  [
    withFields({ actors: { from: 'cast', where: { job: 'Acting' } } }),
    'record.with.actors.where: TMDB is not known to have a field "job" in the cast of movies.',
  ],
  [
    { record: { ...crimeWar.record, peopleWithout: ['profile_pth'] } },
    'record.peopleWithout: TMDB is not known to have a field "profile_pth" in the cast or crew of movies; did you mean "profile_path"?',
  ],
  [
    { output: { ...crimeWar.output, tables: { with: ['genres', 'revenu'] } } },
    'output.tables.with.1: TMDB is not known to have a field "revenu" in the details of movies; did you mean "revenue"?',
  ],
  [
    { keep: [{ field: 'budgets', above: 0 }] },
    'keep.0.field: TMDB is not known to have a field "budgets" in the data of movies; did you mean "budget"?',
  ],
  [
    { sort: [{ field: 'release-date' }] },
    'sort.0.field: TMDB is not known to have a field "release-date" in the data of movies; did you mean "release_date"?',
  ],
])('%j has one warning', (changes, warning) => {
  expect(of(changes).filter((one) => !/"(profile_path|known_for_department|cast_id)" in the crew/.test(one))).toContain(
    warning,
  );
});

it('a name that one of two media has is known', () => {
  const fields = { without: ['title', 'name'], with: {}, peopleWithout: [] };
  const output = { ...crimeWar.output, tables: true };
  const dataset = { record: { from: 'details', ...fields }, keep: [], sort: [], output };
  expect(of(dataset, ['movie', 'tv'])).toEqual([]);
  expect(of(dataset, ['tv'])).toEqual([
    'record.without: TMDB is not known to have a field "title" in the details of series.',
  ]);
});

it('the shipped datasets have no warning', async () => {
  const folder = new URL('../../../datasets', import.meta.url).pathname;
  for (const name of await datasetNames(folder)) {
    const dataset = await loadDataset(folder, name, KINDS);
    const source = KINDS[dataset.source.kind]?.open(dataset);
    const media =
      name === 'popular' ? (['movie', 'tv'] as const) : ([name === 'series-crime' ? 'tv' : 'movie'] as const);
    expect(source).toBeDefined();
    expect({ name, warnings: unknownNames(dataset, media) }).toEqual({ name, warnings: [] });
  }
});
