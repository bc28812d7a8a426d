import type { Listing } from '../runs/work.ts';
import type { Query } from '../tmdb/client.ts';
import type { ListedItem, ListPage } from '../tmdb/responses.ts';
import type { PagesOf } from './source.ts';

/** TMDB serves no page after this one, whatever total_pages says (400, code 22). */
export const LAST_PAGE = 500;

/** Items on one page. */
export const PAGE_SIZE = 20;

/** Pages that are requested and kept together: as many requests as a chunk of movies, since a kill repeats one of them. */
const PAGES_AT_ONCE = 20;

/** Reads a list once: page 1, which says how many pages there are, then the others. */
export const readAllPages = async (
  pages: PagesOf,
  name: string,
  path: string,
  query: Query,
  most = LAST_PAGE,
): Promise<ListPage[]> => {
  const [first] = await pages(`${name}-1`, path, query, [1]);
  if (!first) return [];
  const last = Math.min(first.total_pages, most);
  const all = [first];
  for (let from = 2; from <= last; from += PAGES_AT_ONCE) {
    const length = Math.min(PAGES_AT_ONCE, last - from + 1);
    const numbers = Array.from({ length }, (_, index) => from + index);
    all.push(...(await pages(`${name}-${from}`, path, query, numbers)));
  }
  return all;
};

/** The items of a list under their ids: the first time each was seen. */
export type Seen = Map<number, ListedItem>;

export const rowsOf = (pages: readonly ListPage[]): ListedItem[] => pages.flatMap(({ results }) => results);

/** Adds what is new among some rows, and says how many of them were. */
export const collect = (seen: Seen, rows: readonly ListedItem[]): number => {
  const before = seen.size;
  for (const item of rows) if (!seen.has(item.id)) seen.set(item.id, item);
  return seen.size - before;
};

export const itemsOf = (seen: Seen): Listing['items'] =>
  [...seen.values()].map((listed) => ({ id: listed.id, listed }));
