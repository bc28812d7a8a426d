import type { Dataset, SourceOf } from '../datasets/dataset.ts';
import type { Query } from '../tmdb/client.ts';
import { collect, itemsOf, passOver, rowsOf, type Seen } from './pages.ts';
import type { Source, SourceBranch } from './source.ts';

const PATHS = { movies: '/movie/popular', series: '/tv/popular' } as const;

/** `movie/popular` and `tv/popular`: the first pages, as they come. */
export const popular: Source<'popular'> = {
  firstPage: ({ media }, { source }) => ({
    path: PATHS[media],
    query: queryOf(source),
    expected: ({ results, total_results }) => Math.min(total_results, results.length * pagesOf(source)),
  }),
  list: async ({ media }, { source }, pages) => {
    const rows = rowsOf(await passOver(pages, 'pass-1', PATHS[media], queryOf(source), pagesOf(source)));
    const seen: Seen = new Map();
    const doubled = rows.length - collect(seen, rows);
    return {
      items: itemsOf(seen),
      // The whole list has a million; what we set out to get are these pages.
      expected: rows.length,
      listed: rows.length,
      doubled,
      passes: 1,
      warnings:
        doubled === 0
          ? []
          : [`${doubled} of ${rows.length} items stood on two pages; as many others may have slipped between them`],
    };
  },
};

const pagesOf = (source: Dataset['source']): number => (source.kind === 'popular' ? source.pages : 0);

const queryOf = (source: Dataset['source']): Query =>
  source.kind === 'popular' ? { language: source.language, ...(source.region && { region: source.region }) } : {};

/** A branch each for movies and series, never both in one file. */
export const popularBranches = (source: SourceOf<'popular'>): SourceBranch[] =>
  [...new Set(source.media)].map((media) => ({
    name: `popular-${media}`,
    listFrom: { kind: 'popular', media },
    placeholders: { media, Media: media === 'movies' ? 'Movies' : 'Series' },
  }));
