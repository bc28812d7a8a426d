import type { DayManifest } from '../runs/day-manifest.ts';
import type { BranchManifest } from '../runs/manifest.ts';

export interface Nouns {
  one: string;
  many: string;
}

const MOVIES: Nouns = { one: 'movie', many: 'movies' };
const SERIES: Nouns = { one: 'series', many: 'series' };
const RECORDS: Nouns = { one: 'record', many: 'records' };

/** What the records of a day are, from the folder of their parts: Raw/TMDB/JSON/MovieDetails/… has movies. */
export const nounsOf = (branches: readonly BranchManifest[], { dataset }: Pick<DayManifest, 'dataset'>): Nouns => {
  const patterns = new Set(branches.map(({ branch, output }) => `${output?.key ?? ''} ${branch} ${dataset}`));
  const are = (what: RegExp) => patterns.size > 0 && [...patterns].every((pattern) => what.test(pattern));
  const [movies, series] = [are(/movie/i), are(/series|tv/i)];
  if (movies === series) return RECORDS;
  return movies ? MOVIES : SERIES;
};
