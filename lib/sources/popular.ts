import * as z from 'zod';
import type { ListPage } from '../tmdb/responses.ts';
import { collect, itemsOf, PAGE_SIZE, readAllPages, rowsOf, type Seen } from './pages.ts';
import { ListIncompleteError, type SourceKind } from './source.ts';

const settings = z.strictObject({
  kind: z.literal('popular'),
  media: z.array(z.enum(['movies', 'series'])).min(1),
  pages: z.int().min(1).max(500).default(1).describe('20 items each; TMDB serves no page after 500'),
  language: z.string().default('en-US'),
  region: z.string().optional(),
});

const listFrom = z.object({ media: z.enum(['movies', 'series']) });

const ITEMS = { movies: 'movie', series: 'tv' } as const;
const PATHS = { movies: '/movie/popular', series: '/tv/popular' } as const;

/** `movie/popular` and `tv/popular`: the first pages, as they come. A branch each for movies and series. */
export const popular: SourceKind = {
  settings,
  listsItems: true,
  branchFields: ['media'],
  placeholders: ['media', 'Media'],
  keyProblem: (source, { folder }) =>
    // In the folder, not only in the file's name: a table over movies must not read series.
    (settings.safeParse(source).data?.media.length ?? 0) > 1 && !folder.includes('media') && !folder.includes('Media')
      ? 'movies and series need a folder each: put {media} or {Media} into it'
      : undefined,

  open: ({ source: given, ask, tolerance }) => {
    const source = settings.parse(given);
    /** The whole list has a million items; what the dataset asks for are the first pages. */
    const wantedOf = ([page]: readonly ListPage[]): number =>
      Math.min(page?.total_results ?? 0, source.pages * PAGE_SIZE);
    const pagesOf = (items: number): number => Math.min(source.pages, Math.max(1, Math.ceil(items / PAGE_SIZE)));
    const query = { language: source.language, ...(source.region && { region: source.region }) };
    return {
      noun: 'items',
      media: [...new Set(source.media)].map((one) => ITEMS[one]),
      accepts: [],
      howToSplit: 'make two datasets of it',
      requestsPerItem: ask.length ? 1 : 0,
      pagesPerList: pagesOf,
      requestsPerList: pagesOf,

      branches: async () => {
        const ofRun = [...new Set(source.media)].map((media) => ({
          name: `popular-${media}`,
          listFrom: { media },
          placeholders: { media, Media: media === 'movies' ? 'Movies' : 'Series' },
        }));
        return { ofRun, wholeDay: ofRun.map(({ name }) => name) };
      },

      firstPage: (from) => ({
        path: PATHS[listFrom.parse(from).media],
        query,
        expected: ({ total_results }) => Math.min(total_results, source.pages * PAGE_SIZE),
      }),

      list: async (from, pages) => {
        const path = PATHS[listFrom.parse(from).media];
        const read = (name: string) => readAllPages(pages, name, path, query, source.pages);
        const first = await read('pass-1');
        const all = rowsOf(first).length < wantedOf(first) ? await read('pass-2') : first;
        const rows = rowsOf(all);
        const expected = wantedOf(all);
        if (expected - rows.length > expected * tolerance)
          throw new ListIncompleteError(
            `TMDB's pages should list ${expected} items and list ${rows.length}; the dataset tolerates ${tolerance * 100} % missing.`,
          );
        const seen: Seen = new Map();
        const doubled = rows.length - collect(seen, rows);
        return {
          items: itemsOf(seen),
          expected,
          listed: rows.length,
          doubled,
          passes: all === first ? 1 : 2,
          warnings:
            doubled === 0
              ? []
              : [`${doubled} of ${rows.length} items were on two pages; as many others may have been on none`],
        };
      },

      itemRequest: (from) => ({
        media: ITEMS[listFrom.parse(from).media],
        ids: 'tmdb',
        language: source.language,
      }),
    };
  },
};
