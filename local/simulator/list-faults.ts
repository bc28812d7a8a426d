import type { Answer } from './answers.ts';
import { draw } from './chance.ts';

/** One genre and one year in requests for discover/movie. */
export interface Pair {
  genre: number;
  year: number;
}

/**
 * A list that changes while a client reads it. A list is a path and a query without `page`.
 *
 * The planner requests page 1 of each list before the walker does. So a change while the walker reads happens after the
 * second response with page 1.
 */
export type ListFault = {
  /** Only for lists of this genre and year, or of a part of the year. */
  of?: Pair;
} & (
  | {
      /**
       * list-leaves: a movie of page 1 leaves the list. All later movies move up one position, and the total is one less.
       * list-swaps: the same, but the last movie of the list is not listed before this moment. The total stays the same.
       * list-grows: the last movie of the list is not listed before this moment.
       * list-reorders: one response with page 2 comes from the list in another order.
       *
       * Lists with one page don't change.
       */
      kind: 'list-leaves' | 'list-swaps' | 'list-grows' | 'list-reorders';
      /** Number of responses with page 1 before the change. */
      after: number;
    }
  | {
      /** The list is empty, or has only its first half. */
      kind: 'list-empties' | 'list-halves';
      /** The response with page 1 that has the fault, counted from 1. */
      at: number;
      /** All later responses have the fault too, with any page. */
      forGood?: boolean;
    }
  /** `total_pages` is 1,000,000,000. The pages are correct. */
  | { kind: 'list-huge' }
);

export const isListFault = (fault: { kind: string }): fault is ListFault => fault.kind.startsWith('list-');

/** Whether the release dates of a discover request include a day of the year. Without bounds, they include every year. */
const includesYear = (query: URLSearchParams, year: number) => {
  const exactly = query.get('primary_release_year');
  const from = query.get('primary_release_date.gte') ?? '';
  const to = query.get('primary_release_date.lte') ?? '9999';
  return exactly ? Number(exactly) === year : from <= `${year}-12-31` && to >= `${year}-01-01`;
};

export const isAbout = ({ genre, year }: Pair, path: string, query: URLSearchParams): boolean => {
  const genres = query.get('with_genres')?.split(/[,|]/) ?? [];
  return path === '/discover/movie' && genres.includes(String(genre)) && includesYear(query, year);
};

const PER_PAGE = 20;
const HUGE_PAGES = 1_000_000_000;

interface Page {
  page: number;
  results: readonly unknown[];
  total_pages: number;
  total_results: number;
}

const isPage = (body: unknown): body is Page =>
  typeof body === 'object' && body !== null && 'results' in body && 'total_results' in body;

/** A list with faults applied. */
interface View {
  total: number;
  /** Index in the unchanged list of the movie at this index. */
  place: (index: number) => number;
  totals?: { total_pages: number; total_results: number };
}

const withPage = (query: URLSearchParams, page: number) => {
  const other = new URLSearchParams(query);
  other.set('page', String(page));
  return other;
};

/** Applies list faults to the responses of one simulator. It counts the responses with page 1 of each list. */
export const changingLists = (seed: number, faults: readonly ListFault[]) => {
  const firstPages = new Map<string, number>();
  const reordered = new Set<string>();

  const change = (fault: ListFault, view: View, list: string, page: number, before: number): View => {
    const { total, place } = view;
    switch (fault.kind) {
      case 'list-huge':
        return { ...view, totals: { total_pages: HUGE_PAGES, total_results: HUGE_PAGES * PER_PAGE } };
      case 'list-empties':
      case 'list-halves': {
        const now = page === 1 && before + 1 === fault.at;
        const later = page === 1 ? before + 1 > fault.at : before >= fault.at;
        if (!now && !(fault.forGood && later)) return view;
        return { place, total: fault.kind === 'list-halves' ? total >> 1 : 0 };
      }
      case 'list-reorders':
        if (page !== 2 || before < fault.after || reordered.has(list)) return view;
        reordered.add(list);
        return {
          ...view,
          place: (index) => place((index + 1 + Math.floor(draw('reorders', seed, list) * 18)) % total),
        };
      case 'list-grows':
        return total - 1 > PER_PAGE && before < fault.after ? { ...view, total: total - 1 } : view;
      case 'list-leaves':
      case 'list-swaps': {
        const withheld = fault.kind === 'list-swaps' ? 1 : 0;
        if (total - withheld <= PER_PAGE) return view;
        if (before < fault.after) return { ...view, total: total - withheld };
        const left = Math.floor(draw('leaves', seed, list) * PER_PAGE);
        return { total: total - 1, place: (index) => place(index < left ? index : index + 1) };
      }
    }
  };

  /** @param ask Returns TMDB's answer without list faults. */
  return (path: string, query: URLSearchParams, ask: (query: URLSearchParams) => Answer): Answer => {
    const answer = ask(query);
    const mine = faults.filter(({ of }) => !of || isAbout(of, path, query));
    if (mine.length === 0 || !isPage(answer.body)) return answer;
    const { page, total_results } = answer.body;
    const list = `${path}?${[...query].filter(([name]) => name !== 'page').join('&')}`;
    const before = firstPages.get(list) ?? 0;
    if (page === 1) firstPages.set(list, before + 1);

    const { total, place, totals } = mine.reduce<View>((view, fault) => change(fault, view, list, page, before), {
      total: total_results,
      place: (index) => index,
    });
    const real = new Map<number, readonly unknown[]>();
    const movieAt = (index: number): unknown => {
      const number = Math.floor(index / PER_PAGE) + 1;
      if (!real.has(number)) {
        const { body } = ask(withPage(query, number));
        real.set(number, isPage(body) ? body.results : []);
      }
      return real.get(number)?.[index % PER_PAGE];
    };
    const places = Array.from({ length: PER_PAGE }, (_, index) => (page - 1) * PER_PAGE + index);
    return {
      status: answer.status,
      body: {
        page,
        results: places
          .filter((index) => index < total)
          .map((index) => movieAt(place(index)))
          .filter((movie) => movie !== undefined),
        total_pages: Math.max(1, Math.ceil(total / PER_PAGE)),
        total_results: total,
        ...totals,
      },
    };
  };
};
