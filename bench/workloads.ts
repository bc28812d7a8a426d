import { type Catalogue, catalogueOf } from '../local/simulator/catalogue.ts';
import { chance } from '../local/simulator/chance.ts';
import { CRIME, MOVIE_GENRES, WAR } from '../local/simulator/genres.ts';
import { dayIn, inventedMovie } from '../local/simulator/invented-movies.ts';

/** Movies to list, and the requests that no client can save. */
export interface Workload {
  catalogue: Catalogue;
  /** TMDB's ids of the genres. */
  genres: readonly number[];
  years: { from: number; to: number };
  /** Sum over all branches: a movie in two branches counts twice. */
  listed: number;
  distinct: number;
  /** Pages of all lists. */
  pages: number;
}

/** Movies on a page of a list. */
export const PAGE = 20;

/** A fifth of the movies of crime and war has a budget, as in the real TMDB. */
const WITH_BUDGET = 0.207;

const movies = (all: Iterable<{ genres: readonly number[]; year: number }>): Catalogue => {
  const luck = chance('bench');
  return catalogueOf(
    [...all].map(({ genres, year }, index) =>
      inventedMovie({
        id: 100 + index,
        imdb_id: `tt${90_000_000 + index}`,
        genres,
        release_date: dayIn(luck, year),
        vote_count: luck.whole(5, 900),
        budget: luck.hits(WITH_BUDGET) ? luck.whole(1, 90) * 1_000_000 : 0,
      }),
    ),
  );
};

/** The movies of each list: all genres × years, in that order. */
export const listsOf = ({ catalogue, genres, years }: Pick<Workload, 'catalogue' | 'genres' | 'years'>) =>
  genres.flatMap((genre) =>
    Array.from({ length: years.to - years.from + 1 }, (_, index) => {
      const year = `${years.from + index}-`;
      return catalogue.movies.filter(
        (movie) => movie.release_date.startsWith(year) && movie.genres.some(({ id }) => id === genre),
      );
    }),
  );

const counted = (catalogue: Catalogue, genres: readonly number[], years: Workload['years']): Workload => {
  const lists = listsOf({ catalogue, genres, years });
  return {
    catalogue,
    genres,
    years,
    listed: lists.reduce((sum, { length }) => sum + length, 0),
    distinct: new Set(lists.flat()).size,
    pages: lists.reduce((sum, { length }) => sum + Math.max(1, Math.ceil(length / PAGE)), 0),
  };
};

/**
 * Crime and war, 2012 to 2022, in the size that the real lists had: 22 lists, 2,447 movies, of which 2,190 are distinct,
 * on 134 pages.
 */
export const crimeWar = (): Workload => {
  const years = { from: 2012, to: 2022 };
  const all = function* () {
    for (let index = 0; index <= years.to - years.from; index++) {
      const both = index < 4 ? 24 : 23;
      const lists = [
        [[CRIME], 121 + 7 * index - both],
        [[WAR], 57 + 2 * index - (index === 5 ? 6 : 0) - both],
        [[CRIME, WAR], both],
      ] as const;
      for (const [genres, count] of lists) for (let i = 0; i < count; i++) yield { genres, year: years.from + index };
    }
  };
  return counted(movies(all()), [CRIME, WAR], years);
};

/** Every genre in five years. Each movie has one to four genres, so a movie is in two lists on average. */
export const allGenres = (count: number): Workload => {
  const years = { from: 2018, to: 2022 };
  const luck = chance('all genres');
  const ids = MOVIE_GENRES.map(({ id }) => id);
  const all = function* () {
    for (let i = 0; i < count; i++)
      yield {
        genres: [...new Set(Array.from({ length: luck.whole(1, 4) }, () => luck.of(ids)))],
        year: luck.whole(years.from, years.to),
      };
  };
  return counted(movies(all()), ids, years);
};
