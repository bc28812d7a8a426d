import type { Day } from '../day.ts';

/**
 * Key patterns: they define the keys of a dataset's parts.
 *
 * `Raw/TMDB/JSON/Movies/{yyyy}/{mm}/{dd}/movie_{genre}_{year}_part_{part}_{yyyymmdd}.json`: each placeholder in braces
 * is replaced by a value of the day, of the branch, or by the part's number.
 */
export type Placeholders = Readonly<Record<string, string>>;

const PLACEHOLDER = /\{(\w+)\}/g;

/** The names of the placeholders, in their order. */
export const placeholdersIn = (pattern: string): string[] =>
  [...pattern.matchAll(PLACEHOLDER)].map(([, name = '']) => name);

const DAY_PLACEHOLDERS = ['yyyy', 'mm', 'dd', 'yyyymmdd'] as const;

const dayPlaceholders = (day: Day): Placeholders => {
  const [yyyy = '', mm = '', dd = ''] = day.split('-');
  return { yyyy, mm, dd, yyyymmdd: `${yyyy}${mm}${dd}` };
};

/** The keys of one branch's parts on one day: the key of each part, and a test whether a listed key is one of them. */
export const partKeys = (pattern: string, day: Day, branch: Placeholders) => {
  const known: Placeholders = { ...branch, ...dayPlaceholders(day) };
  const filled = pattern.replaceAll(PLACEHOLDER, (whole, name: string) => known[name] ?? whole);
  const [before = '', ...after] = filled.split('{part}');
  const mine = new RegExp(`^${[before, ...after].map(RegExp.escape).join('\\d+')}$`);
  return {
    /** @param number From 1. */
    key: (number: number): string => filled.replaceAll('{part}', String(number)),
    /** The keys of all parts of this branch begin with it. Keys of other branches may begin with it too. */
    prefix: before,
    isMine: (key: string): boolean => mine.test(key),
  };
};

/** Where the parts of one day lie, for any branch: to find files that are no part. */
export const dayKeys = (pattern: string, day: Day) => {
  const known = dayPlaceholders(day);
  const segments = pattern.split('/').map((segment) => ({
    text: segment.replaceAll(PLACEHOLDER, (whole, name: string) => known[name] ?? whole),
    names: placeholdersIn(segment),
  }));
  const file = segments.pop();
  const inFolders = segments.flatMap(({ names }) => names);
  const isFolderOfDay =
    inFolders.includes('yyyymmdd') || ['yyyy', 'mm', 'dd'].every((name) => inFolders.includes(name));
  const fileOfDay = asTest(file?.text ?? '');
  return {
    /** The folders from the top down: the name of a folder, or a test where it depends on the branch. */
    folders: segments.map(({ text }) => (placeholdersIn(text).length ? asTest(text) : text)),
    /** Whether a key below these folders belongs to the day. A folder without a day has the files of all days. */
    isOfDay: (key: string): boolean => isFolderOfDay || fileOfDay.test(key.slice(key.lastIndexOf('/') + 1)),
  };
};

const asTest = (segment: string): RegExp =>
  new RegExp(
    `^${segment
      .split(PLACEHOLDER)
      .filter((_, index) => index % 2 === 0)
      .map(RegExp.escape)
      .join('[^/]+')}$`,
  );

/**
 * Whether two key patterns could write to the same folder, or one of them to a folder below the other's.
 *
 * A reader defines a table on the folder above the dates, so all files below it must have the same structure. This
 * function compares these folders segment by segment. A placeholder matches any text without a slash.
 */
export const couldMeet = (one: string, other: string): boolean => {
  const [a, b] = [folderAboveDates(one), folderAboveDates(other)];
  const depth = Math.min(a.length, b.length);
  return a.slice(0, depth).every((segment, index) => segmentsMeet(segment, b[index] ?? ''));
};

const folderAboveDates = (pattern: string): string[] => {
  const segments = pattern.split('/').slice(0, -1);
  const dated = segments.findIndex((segment) =>
    placeholdersIn(segment).some((name) => DAY_PLACEHOLDERS.some((day) => day === name)),
  );
  return dated === -1 ? segments : segments.slice(0, dated);
};

/** Whether some text matches both segments when placeholders are wildcards. */
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
