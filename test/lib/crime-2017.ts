import shipped from '../../datasets/crime-war.json' with { type: 'json' };
import type { Dataset } from '../../lib/datasets/dataset.ts';
import type { Day } from '../../lib/day.ts';
import type { PlannedBranch } from '../../lib/runs/plan.ts';
import { shippedSchema } from './datasets/shipped.ts';

/** The shipped dataset, with some fields changed. */
export const crimeWar = (changes: Partial<Dataset> = {}): Dataset => ({ ...shippedSchema.parse(shipped), ...changes });

/** One planned branch, with some fields changed. */
export const crime2017 = (changes: Partial<PlannedBranch> = {}): PlannedBranch => ({
  dataset: 'crime-war',
  day: '2026-11-20',
  run: 'friday',
  branch: 'crime-2017',
  settings: crimeWar(),
  plannedAt: '2026-11-21T00:30:00.000Z',
  role: 'dataset',
  round: 0,
  earlierKeys: [],
  expected: null,
  listFrom: { genreId: 80, from: '2017-01-01', to: '2017-12-31' },
  placeholders: { genre: 'crime', year: '2017' },
  media: 'movie',
  owners: [
    { genreId: 80, branch: 'crime-2017' },
    { genreId: 10_752, branch: 'war-2017' },
  ],
  limits: {},
  ...changes,
});

/** A branch of IMDb ids. Each is looked up, and then its details are fetched. */
export const detailsOf = (...ids: string[]): PlannedBranch => ({
  ...crime2017(),
  dataset: 'csv-details',
  branch: 'csv-details-0001',
  settings: shippedSchema.parse({
    name: 'csv-details',
    timezone: 'America/Bahia',
    source: { kind: 'csv', upload: 'Movies' },
    ask: ['details'],
    record: { from: 'details', with: { imdb_id: { from: 'asked' } } },
    output: { key: 'Raw/TMDB/JSON/MovieDetails/{yyyy}/{mm}/{dd}/details_{slice}_part_{part}_{yyyymmdd}.json' },
  }),
  listFrom: { ids },
  placeholders: { slice: '0001' },
});

/** An item of TMDB's list, in TMDB's order of fields. */
export const listed = (id: number, changes: Record<string, unknown> = {}) => ({
  adult: false,
  backdrop_path: null,
  genre_ids: [28, 80],
  id,
  title: `Movie ${id}`,
  original_language: 'en',
  original_title: `Movie ${id}`,
  overview: 'Crime, and what follows.',
  popularity: 54.8,
  poster_path: '/p.jpg',
  release_date: '2017-03-13',
  softcore: false,
  video: false,
  vote_average: 6.1,
  vote_count: 1520,
  ...changes,
});

const person = { adult: false, gender: 2, profile_path: null, popularity: 4.2, credit_id: '5' };

/** A member of a cast: an actor, unless known for another department. */
export const inCast = (id: number, known_for_department: unknown = 'Acting') => ({
  ...person,
  id,
  known_for_department,
  name: `Actor ${id}`,
  original_name: `Actor ${id}`,
  cast_id: id,
  character: 'Tobey',
  order: id,
});

export const inCrew = (id: number, job = 'Director') => ({
  ...person,
  id,
  known_for_department: 'Directing',
  name: `Crew ${id}`,
  original_name: `Crew ${id}`,
  department: 'Directing',
  job,
});

/** A response of `movie/{id}` with credits: the fields that the code reads, and one more. */
export const detailed = (id: number, changes: Record<string, unknown> = {}) => ({
  budget: id * 1_000,
  id,
  imdb_id: `tt${String(id).padStart(7, '0')}`,
  origin_country: ['US'],
  runtime: 100,
  credits: { cast: [inCast(1)], crew: [inCrew(2)] },
  ...changes,
});

/** Dates as days, both ends included. */
export const daysFrom = (from: string, to: string): Day[] => {
  const days: Day[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += 86_400_000)
    days.push(new Date(at).toISOString().slice(0, 10) as Day);
  return days;
};
