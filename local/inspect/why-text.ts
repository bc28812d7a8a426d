import type { Explained, Explanation } from '../../lib/stages/why.ts';
import { oneLine } from '../progress/draw.ts';
import type { UploadRows } from './csv-rows.ts';

/** What an answer of `find`, or of the request, means for a person. */
const REASONS: Readonly<Record<Exclude<Explanation['outcome'], 'written' | 'leftOut' | 'unfinished'>, string>> = {
  gone: 'TMDB listed it, and answered 404 when it was requested',
  not_found: 'find knows no such IMDb id',
  is_tv: 'find says that it is a series, and the dataset has movies',
  is_movie: 'find says that it is a movie, and the dataset has series',
  is_episode: 'find says that it is an episode or a season',
  is_person: 'find says that it is a person',
  ambiguous: 'find has several titles for it',
  quarantined: 'the answer of TMDB could not be read',
  unavailable: 'TMDB gave no usable answer',
  malformed: 'it is no IMDb id, which has "tt" and 7 or 8 digits',
};

/** The id as the list or the upload has it: a CSV has IMDb ids, also of a movie that was named by its TMDB id. */
export const listedId = (id: string, { explanations: [first] }: Explained): string => String(first?.id ?? id);

/** The way of one id through a day: a line for each step. */
export const whyText = (id: string, explained: Explained, upload: UploadRows | undefined): string => {
  const { explanations, unknownLeftOut } = explained;
  const listed = listedId(id, explained);
  const lines = explanations.flatMap((one) => ['', ...wayOf(one)]);
  const [named] = explanations;
  const title = explanations.find((one) => one.title !== undefined)?.title;
  const names = [
    id,
    ...(listed === id ? [] : [listed]),
    ...(named?.tmdbId !== undefined && String(named.tmdbId) !== id ? [`TMDB ${named.tmdbId}`] : []),
  ];
  return [
    `${names.join(', ')}${title === undefined ? '' : `: ${title}`}`,
    ...(upload ? rowLines(listed, upload) : []),
    ...(lines.length ? lines : notListed(upload !== undefined, unknownLeftOut)),
    '',
  ]
    .map(oneLine)
    .join('\n');
};

const wayOf = (one: Explanation): string[] => {
  const { branch, run, pages, requested, hasWork } = one;
  return [
    `Branch ${branch}, run ${run}`,
    ...(pages.length ? [`  listed     ${pages.map(({ pass, page }) => `page ${page} of ${pass}`).join(', ')}`] : []),
    ...(requested ? [`  requested  between ${requested.from} and ${requested.to}`] : []),
    ...(hasWork
      ? []
      : ["  listed     The run's work has expired, so the page and the time of the request are not known."]),
    ...outcomeLines(one),
  ];
};

const outcomeLines = ({ outcome, part, rule, value, why, quarantine, tmdbId, id }: Explanation): string[] => {
  const found = tmdbId !== undefined && String(tmdbId) !== String(id) ? [`  found      TMDB id ${tmdbId}`] : [];
  if (outcome === 'written')
    return [
      ...found,
      '  rule       kept',
      `  written    ${part ? `record ${part.record} of ${part.of} in ${part.key}` : 'in the parts of the branch, whose records do not have its id'}`,
    ];
  if (outcome === 'leftOut') {
    const { field, ...tests } = rule ?? { field: '' };
    const wanted = Object.entries(tests)
      .map(([name, limit]) => `${name} ${JSON.stringify(limit)}`)
      .join(' and ');
    const has = value === undefined ? 'it has no such value' : `its ${field} is ${JSON.stringify(value)}`;
    return [...found, `  left out   the rule is ${field} ${wanted}, and ${has}`];
  }
  if (outcome === 'unfinished') return [...found, `  missing    the branch is not finished: ${why}`];
  return [
    ...found,
    `  missing    ${outcome}: ${REASONS[outcome]}${why === undefined ? '' : ` (${why})`}`,
    ...(quarantine === undefined ? [] : [`  answer     ${quarantine}`]),
  ];
};

const rowLines = (id: string, { key, rows, years, genres }: UploadRows): string[] => {
  const found = rows?.get(id);
  if (!rows) return [`The upload ${key} can't be read any more.`];
  if (!found) return [`The upload ${key} has no row with this id.`];
  const selects = [years && `years ${years.from} to ${years.to}`, genres && `genres ${genres.join(', ')}`].filter(
    (one) => one,
  );
  return [
    `${found.count} ${found.count === 1 ? 'row' : 'rows'} in ${key}${found.count > found.rows.length ? '; the first' : ''}:`,
    ...found.rows.map(({ line, year, genres: own }) => `  line ${line}  year ${year}, genres ${own}`),
    ...(selects.length ? [`The dataset selects ${selects.join(' and ')}.`] : []),
  ];
};

const notListed = (isCsv: boolean, unknownLeftOut: number): string[] => [
  isCsv ? 'It is in no branch of the day: the dataset did not select it.' : 'No list of the day has it.',
  ...(unknownLeftOut > 0
    ? [
        `${unknownLeftOut} movies of the day are left out by a rule, and an earlier version of the code did not store their ids.`,
      ]
    : []),
];
