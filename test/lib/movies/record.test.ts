import { describe, expect, it } from 'vitest';
import { recordOf, type Subject, subjectOf } from '../../../lib/movies/record.ts';
import { crimeWar, detailed, inCast, inCrew, listed } from '../crime-2017.ts';

const subject = (changes: Record<string, unknown> = {}): Subject => {
  const details = detailed(7, changes);
  return { id: 7, asked: 7, listed: listed(7), details, credits: details.credits };
};
const crimeWarRecord = (one: Subject) => recordOf(one, crimeWar().record);
const ids = (people: unknown) => (people as { id: number }[]).map(({ id }) => id);

describe('a record of crime-war', () => {
  it("is the list's item without five fields, then budget, imdb_id, origin_country, actors and directors", () => {
    expect(JSON.stringify(crimeWarRecord(subject()), null, 1)).toBe(
      JSON.stringify(
        {
          genre_ids: [28, 80],
          id: 7,
          title: 'Movie 7',
          original_language: 'en',
          popularity: 54.8,
          poster_path: '/p.jpg',
          release_date: '2017-03-13',
          softcore: false,
          vote_average: 6.1,
          vote_count: 1520,
          budget: 7_000,
          imdb_id: 'tt0000007',
          origin_country: ['US'],
          actors: [{ gender: 2, popularity: 4.2, id: 1, name: 'Actor 1', character: 'Tobey', order: 1 }],
          directors: [{ gender: 2, popularity: 4.2, id: 2, name: 'Crew 2', job: 'Director' }],
        },
        null,
        1,
      ),
    );
  });

  it("keeps a field that TMDB adds later, in TMDB's order", () => {
    const { id, title, ...rest } = listed(7);
    const item = { id, new_in_2027: { a: [null] }, title, ...rest };

    expect(Object.entries(crimeWarRecord({ ...subject(), listed: item })).slice(0, 3)).toEqual([
      ['id', 7],
      ['new_in_2027', { a: [null] }],
      ['title', 'Movie 7'],
    ]);
  });

  it('has 0, "" and [] when the details have no such fields, and null where TMDB sent null', () => {
    const all = subject();
    const { budget: _, imdb_id: __, origin_country: ___, ...details } = all.details ?? { id: 7 };
    const nulls = { budget: null, imdb_id: null, origin_country: null };

    expect(crimeWarRecord({ ...all, details })).toMatchObject({ budget: 0, imdb_id: '', origin_country: [] });
    expect(crimeWarRecord(subject(nulls))).toMatchObject(nulls);
  });

  it('has empty lists of people without credits', () => {
    const { credits: _, ...uncredited } = subject();

    expect(crimeWarRecord(uncredited)).toMatchObject({ actors: [], directors: [] });
    expect(crimeWarRecord({ ...uncredited, credits: { cast: [], crew: [] } })).toMatchObject({ actors: [] });
  });

  it("lists as actors the first five people known for acting, in TMDB's order", () => {
    const cast = [
      inCast(9),
      inCast(3, 'Directing'),
      inCast(8),
      inCast(4, null),
      inCast(7),
      inCast(6),
      inCast(5),
      inCast(2),
    ];

    expect(ids(crimeWarRecord({ ...subject(), credits: { cast, crew: [] } }).actors)).toEqual([9, 8, 7, 6, 5]);
  });

  it('lists all directors, and no other crew', () => {
    const crew = [inCrew(1, 'Producer'), inCrew(2), inCrew(3, 'Assistant Director'), inCrew(4)];

    expect(ids(crimeWarRecord({ ...subject(), credits: { cast: [], crew } }).directors)).toEqual([2, 4]);
  });

  it('puts an added field at the end, even if the list has a field of that name', () => {
    const record = crimeWarRecord({ ...subject(), listed: { budget: -1, ...listed(7) } });

    expect(record.budget).toBe(7_000);
    expect(Object.keys(record).indexOf('budget')).toBeGreaterThan(Object.keys(record).indexOf('vote_count'));
  });

  it("does not change TMDB's objects", () => {
    const one = subject();
    const before = structuredClone(one);
    crimeWarRecord(one);

    expect(one).toEqual(before);
  });
});

describe('a record with other settings', () => {
  const rest = { without: [], with: {}, peopleWithout: [] };

  it('of the details has no credits, even if the same request returned them', () => {
    const { credits: _, ...details } = detailed(7);

    expect(recordOf(subject(), { from: 'details', ...rest })).toEqual(details);
  });

  it('of the credits starts with the id, also when the details contain credits without an id', () => {
    const { credits } = detailed(7);

    expect(Object.entries(recordOf(subject(), { from: 'credits', ...rest }))).toEqual([
      ['id', 7],
      ['cast', credits.cast],
      ['crew', credits.crew],
    ]);
  });

  it('can contain the requested id', () => {
    const found = { ...subject(), asked: 'tt0137523' };
    const record = recordOf(found, { from: 'details', ...rest, with: { imdb_id: { from: 'asked' } } });

    expect(record).toMatchObject({ id: 7, imdb_id: 'tt0137523' });
    expect(Object.keys(record).at(-1)).toBe('imdb_id');
  });

  it('has null for a missing field of the details without a default', () => {
    const made = { from: 'listed', ...rest, with: { revenue: { from: 'details' } } } as const;

    expect(recordOf(subject(), made).revenue).toBeNull();
  });
});

describe('the data for a record', () => {
  const outcome = { id: 7, outcome: 'fetched', tmdbId: 7, body: detailed(7) } as const;

  it('is the item of the list, the details, and the credits in the details', () => {
    expect(subjectOf(['details', 'credits'], { id: 7, listed: listed(7) }, outcome)).toEqual({
      id: 7,
      asked: 7,
      listed: listed(7),
      details: detailed(7),
      credits: detailed(7).credits,
    });
  });

  it('is the credits when only these were requested', () => {
    const { credits } = detailed(7);

    expect(subjectOf(['credits'], { id: 7 }, { ...outcome, body: credits })).toEqual({
      id: 7,
      asked: 7,
      credits,
    });
  });

  it("has TMDB's id and the requested id", () => {
    expect(subjectOf(['details'], { id: 'tt0000007' }, { ...outcome, id: 'tt0000007' })).toMatchObject({
      id: 7,
      asked: 'tt0000007',
    });
  });
});
