import type { Dataset } from '../datasets/dataset.ts';
import type { Fetched } from '../runs/work.ts';
import type { Credits, Details } from '../tmdb/responses.ts';

/** The data of one movie (or series) from which its record is built. */
export interface Subject {
  /** TMDB's id. */
  id: number;
  /** The requested id: TMDB's id, or the IMDb id from a CSV. */
  asked: number | string;
  listed?: Fields;
  details?: Details;
  credits?: Credits;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Combines the data of one item: its entry in the list, and the response to its request.
 *
 * @param ask What the dataset asks for.
 * @param asked What was asked for when the response was kept: the same, or more.
 */
export const subjectOf = (
  ask: Dataset['ask'],
  item: { id: number | string; listed?: Record<string, unknown> },
  fetched: Fetched | undefined,
  asked = ask,
): Subject => {
  const listed = item.listed && { listed: item.listed };
  if (!fetched) return { id: Number(item.id), asked: item.id, ...listed };
  const details = asked.includes('details') ? (fetched.body as Details) : undefined;
  const credits = details ? details.credits : (fetched.body as Credits);
  return {
    id: fetched.tmdbId,
    asked: item.id,
    ...listed,
    ...(details && ask.includes('details') && { details }),
    ...(credits && ask.includes('credits') && { credits }),
  };
};

/**
 * Builds the record that a dataset keeps of a movie: TMDB's object without some fields, and with added fields at its end.
 *
 * All fields that the dataset doesn't name are kept, in TMDB's order. This includes fields that TMDB adds later.
 */
export const recordOf = (
  subject: Subject,
  { from, without, with: added, peopleWithout }: Dataset['record'],
): Fields => {
  const removed = new Set([...without, ...Object.keys(added)]);
  const base = Object.entries(bases(subject)[from] ?? {}).filter(([name]) => !removed.has(name));
  const extra = Object.entries(added).map(([name, how]) => [name, value(name, how, subject, peopleWithout)] as const);
  return Object.fromEntries([...base, ...extra]);
};

const bases = ({ id, listed, details, credits }: Subject) => ({
  listed,
  // Where one request asked for both, TMDB puts the credits inside the details.
  details: details && Object.fromEntries(Object.entries(details).filter(([name]) => name !== 'credits')),
  credits: credits && { id, ...credits },
});

type Added = Dataset['record']['with'][string];

const value = (
  name: string,
  how: Added,
  { asked, details, credits }: Subject,
  peopleWithout: readonly string[],
): unknown => {
  if (how.from === 'asked') return asked;
  // A null that TMDB sent stays null; the default is for a field that is missing.
  if (how.from === 'details') return details && Object.hasOwn(details, name) ? details[name] : (how.default ?? null);
  const people: readonly Fields[] = credits?.[how.from] ?? [];
  return people
    .filter((person) => Object.entries(how.where ?? {}).every(([field, wanted]) => person[field] === wanted))
    .slice(0, how.first)
    .map((person) => Object.fromEntries(Object.entries(person).filter(([field]) => !peopleWithout.includes(field))));
};
