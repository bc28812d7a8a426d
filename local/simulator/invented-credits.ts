import { type Chance, chance, hash } from './chance.ts';
import { imagePath } from './invented-movies.ts';
import { inventedName } from './invented-titles.ts';

export interface Credits {
  cast: readonly object[];
  crew: readonly object[];
}

const JOBS = [
  ['Production', 'Producer'],
  ['Production', 'Executive Producer'],
  ['Production', 'Casting'],
  ['Writing', 'Screenplay'],
  ['Writing', 'Story'],
  ['Camera', 'Director of Photography'],
  ['Directing', 'Assistant Director'],
  ['Editing', 'Editor'],
  ['Sound', 'Original Music Composer'],
  ['Art', 'Production Design'],
  ['Costume & Make-Up', 'Costume Design'],
  ['Visual Effects', 'Visual Effects Supervisor'],
  ['Crew', 'Stunts'],
] as const;

/** Number of actors. The crew has the same number of other people. Each person is the same in all credits. */
const PEOPLE = 60_000;

const person = (id: number) => {
  const luck = chance('person', id);
  const name = inventedName(luck);
  const trade = id > PEOPLE ? luck.of(JOBS)[0] : 'Acting';
  return {
    adult: false,
    gender: luck.of([0, 1, 2, 2]),
    id,
    // About a tenth of a cast has another department or none. A dataset that selects actors must leave these out.
    known_for_department: luck.hits(0.88) ? trade : luck.of([null, 'Directing', 'Writing', 'Production', 'Crew']),
    name,
    original_name: name,
    popularity: Math.round(luck.next() * 50_000) / 10_000,
    profile_path: imagePath(luck, 0.6),
  };
};

const creditId = (luck: Chance, place: number) =>
  [hash('credit', place, luck.next()), hash('credit id', place, luck.next()), place]
    .map((bits) => bits.toString(16).padStart(8, '0'))
    .join('');

/**
 * The credits of one movie or series. They are generated for each request, because storing them would take hundreds of MB.
 *
 * The cast has 10 to 80 people and the crew 5 to 120; small numbers are more frequent. Most movies have one director, and
 * a few have two or none. A person often has several jobs.
 */
export const inventedCredits = (kind: 'movie' | 'tv', id: number): Credits => {
  const luck = chance('credits', kind, id);
  const size = (from: number, to: number) => Math.min(luck.whole(from, to), luck.whole(from, to));

  const cast = Array.from({ length: size(10, 80) }, (_, order) => ({
    ...person(luck.whole(1, PEOPLE)),
    ...(kind === 'movie' && { cast_id: order + 1 }),
    character: luck.hits(0.08) ? '' : inventedName(luck) + (luck.hits(0.1) ? ' (voice)' : ''),
    credit_id: creditId(luck, order),
    order,
  }));

  const jobs: (readonly [string, string])[] = Array.from({ length: size(5, 120) }, () => luck.of(JOBS));
  const directors = luck.hits(0.04) ? 0 : luck.hits(0.1) ? 2 : 1;
  for (let i = 0; i < directors; i++) jobs[i * 2 + luck.whole(0, 1)] = ['Directing', 'Director'];
  let personId = 0;
  const crew = jobs.map(([department, job], place) => {
    if (job === 'Director' || !luck.hits(0.2) || personId === 0) personId = PEOPLE + luck.whole(1, PEOPLE);
    return { ...person(personId), credit_id: creditId(luck, 1000 + place), department, job };
  });

  return { cast, crew };
};
