import { didYouMean } from '../did-you-mean.ts';
import { FIELDS } from '../tmdb/fields.ts';
import type { Dataset } from './dataset.ts';

type Media = keyof typeof FIELDS;
type Kind = keyof (typeof FIELDS)[Media];

/**
 * Names in a dataset that TMDB is not known to have: with the exit code 0, a misspelt one would write other data than
 * meant.
 *
 * @param media What the dataset's branches hold. A name is known if one of them has it.
 * @returns One sentence for each name.
 */
export const unknownNames = ({ ask, record, keep, sort, output }: Dataset, media: readonly Media[]): string[] => {
  const fields = (...kinds: Kind[]): string[] => [
    ...new Set(media.flatMap((one) => kinds.flatMap((kind) => FIELDS[one][kind]))),
  ];
  const what = media.map((one) => (one === 'movie' ? 'movies' : 'series')).join(' and ');
  const warn = (path: string, name: string, known: readonly string[], of: string): string[] =>
    known.includes(name)
      ? []
      : [
          `${path}: TMDB is not known to have a field ${JSON.stringify(name)} in ${of} of ${what}${didYouMean(name, known) || '.'}`,
        ];
  const base = record.from === 'credits' ? ['id', 'cast', 'crew'] : fields(record.from);
  const added = Object.entries(record.with);
  const people = [...new Set(added.flatMap(([, { from }]) => (from === 'cast' || from === 'crew' ? [from] : [])))];
  const ruled = [
    ...Object.keys(record.with),
    ...base,
    ...fields('listed', ...(ask.includes('details') ? (['details'] as const) : [])),
  ];
  return [
    ...record.without.flatMap((name) => warn('record.without', name, base, `the ${WHAT[record.from]}`)),
    ...added.flatMap(([name, how]) => {
      if (how.from === 'details') return warn(`record.with.${name}`, name, fields('details'), 'the details');
      if (how.from === 'asked') return [];
      const path = `record.with.${name}.where`;
      return Object.keys(how.where ?? {}).flatMap((one) => warn(path, one, fields(how.from), `the ${how.from}`));
    }),
    ...(people.length
      ? record.peopleWithout.flatMap((name) =>
          warn('record.peopleWithout', name, fields(...people), `the ${people.join(' or ')}`),
        )
      : []),
    ...(typeof output.tables === 'object' ? output.tables.with : []).flatMap((name, index) =>
      warn(`output.tables.with.${index}`, name, fields('details'), 'the details'),
    ),
    ...keep.flatMap(({ field }, index) => warn(`keep.${index}.field`, field, ruled, 'the data')),
    ...sort.flatMap(({ field }, index) => warn(`sort.${index}.field`, field, ruled, 'the data')),
  ];
};

const WHAT = { listed: 'lists', details: 'details', credits: 'credits' } as const;
