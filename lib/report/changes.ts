import { keyOf, type Movie } from './records.ts';

/** What differs between two days of a dataset. Each list is sorted, so the same two days give the same lists. */
export interface Changes {
  added: Movie[];
  gone: { movie: Movie; why: string }[];
  budgets: Changed[];
  votes: Changed[];
}

export interface Changed {
  movie: Movie;
  from: number;
  to: number;
}

/** By `keyOf`. */
type Movies = ReadonlyMap<string, Movie>;

/** @param why Why a movie of the earlier day is not in this one. */
export const changesBetween = (before: Movies, now: Movies, why: (id: number | string) => string): Changes => {
  const both = [...now.values()].flatMap((movie) => {
    const earlier = before.get(keyOf(movie));
    return earlier ? [{ movie, earlier }] : [];
  });
  const changed = (field: 'budget' | 'votes'): Changed[] =>
    both
      .flatMap(({ movie, earlier }) => {
        const [from, to] = [earlier[field], movie[field]];
        return from !== undefined && to !== undefined && from !== to ? [{ movie, from, to }] : [];
      })
      .toSorted((a, b) => Math.abs(b.to - b.from) - Math.abs(a.to - a.from) || byRank(a.movie, b.movie));
  return {
    added: [...now.values()].filter((movie) => !before.has(keyOf(movie))).toSorted(byRank),
    gone: [...before.values()]
      .filter((movie) => !now.has(keyOf(movie)))
      .toSorted(byRank)
      .map((movie) => ({ movie, why: why(movie.id) })),
    budgets: changed('budget'),
    votes: changed('votes'),
  };
};

/** What the records of a dataset can be ranked by: the first of these that they have. */
export const RANKS = ['budget', 'popularity', 'votes', 'cast'] as const;

/** Highest budget first, then popularity, votes, size of the cast; then by id. */
export const byRank = (a: Movie, b: Movie): number => {
  for (const rank of RANKS) {
    const difference = (b[rank] ?? -1) - (a[rank] ?? -1);
    if (difference !== 0) return difference;
  }
  return a.id < b.id ? -1 : 1;
};
