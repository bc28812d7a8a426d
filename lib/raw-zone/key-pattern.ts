import type { Day } from '../day.ts';

/**
 * Key patterns: where a dataset's parts go.
 *
 * `Raw/TMDB/JSON/Movies/{yyyy}/{mm}/{dd}/movie_{genre}_{year}_part_{part}_{yyyymmdd}.json`: names in braces are
 * filled in from the day, the part's number and what the branch stands for.
 */
export type Placeholders = Readonly<Record<string, string>>;

const PLACEHOLDER = /\{(\w+)\}/g;

/** The names in braces, in order. */
export const placeholdersIn = (pattern: string): string[] =>
  [...pattern.matchAll(PLACEHOLDER)].map(([, name = '']) => name);

const DAY_PLACEHOLDERS = ['yyyy', 'mm', 'dd', 'yyyymmdd'] as const;

const dayPlaceholders = (day: Day): Placeholders => {
  const [yyyy = '', mm = '', dd = ''] = day.split('-');
  return { yyyy, mm, dd, yyyymmdd: `${yyyy}${mm}${dd}` };
};

/** The keys of one branch's parts on one day: each part's own, and how to know them when listed. */
export const partKeys = (pattern: string, day: Day, branch: Placeholders) => {
  const known: Placeholders = { ...branch, ...dayPlaceholders(day) };
  const filled = pattern.replaceAll(PLACEHOLDER, (whole, name: string) => known[name] ?? whole);
  const [before = '', ...after] = filled.split('{part}');
  const mine = new RegExp(`^${[before, ...after].map(RegExp.escape).join('\\d+')}$`);
  return {
    /** @param number From 1. */
    key: (number: number): string => filled.replaceAll('{part}', String(number)),
    /** All of this branch's parts begin so; others may, too. */
    prefix: before,
    isMine: (key: string): boolean => mine.test(key),
  };
};

/**
 * Whether two key patterns could put files into one folder, or into one below the other.
 *
 * One structure per folder: a reader points a table at the folder above the dates. So what is compared is that folder,
 * segment by segment, where a name in braces may stand for anything but a slash.
 */
export const couldMeet = (one: string, other: string): boolean => {
  const [a, b] = [folderAboveDates(one), folderAboveDates(other)];
  const depth = Math.min(a.length, b.length);
  return a.slice(0, depth).every((segment, at) => segmentsMeet(segment, b[at] ?? ''));
};

const folderAboveDates = (pattern: string): string[] => {
  const segments = pattern.split('/').slice(0, -1);
  const dated = segments.findIndex((segment) =>
    placeholdersIn(segment).some((name) => DAY_PLACEHOLDERS.some((day) => day === name)),
  );
  return dated === -1 ? segments : segments.slice(0, dated);
};

/** Whether some text matches both segments, each with its placeholders as wildcards. */
const segmentsMeet = (one: string, other: string): boolean => {
  const ANY = '\0';
  const [a, b] = [one, other].map((segment) => [...segment.replaceAll(PLACEHOLDER, ANY)]);
  const meet = (i: number, j: number): boolean => {
    const [x, y] = [a?.[i], b?.[j]];
    if (x === undefined && y === undefined) return true;
    if (x === ANY) return meet(i + 1, j) || (y !== undefined && meet(i, j + 1));
    if (y === ANY) return meet(i, j + 1) || (x !== undefined && meet(i + 1, j));
    return x === y && meet(i + 1, j + 1);
  };
  return meet(0, 0);
};
