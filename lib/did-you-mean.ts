/**
 * The known name that a person probably meant.
 *
 * @returns undefined where no name is close: more than a quarter of the letters differ (at least one may), or a number
 * does, since crime-2019 is no other spelling of crime-1999.
 */
export const closest = (word: string, known: Iterable<string>): string | undefined => {
  const given = plain(word);
  let best: { name: string; edits: number } | undefined;
  for (const name of known) {
    if (digits(name) !== digits(given)) continue;
    const edits = editsBetween(given, plain(name));
    if (edits < (best?.edits ?? Number.POSITIVE_INFINITY)) best = { name, edits };
  }
  const most = Math.min(given.length - 1, Math.max(1, Math.floor(given.length / 4)));
  return best && best.edits <= most ? best.name : undefined;
};

const digits = (text: string): string => text.replaceAll(/\D/g, '');

/** `; did you mean "budget"?`, for the middle of a message; empty where no name is close. */
export const didYouMean = (word: string, known: Iterable<string>): string => {
  const name = closest(word, known);
  return name === undefined ? '' : `; did you mean ${JSON.stringify(name)}?`;
};

/** Capitals, and which of space, _ and - stands between words, are no difference. */
const plain = (word: string): string =>
  word
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, '-');

/** Letters to add, remove, replace, or swap with their neighbour: the distance of Damerau and Levenshtein. */
const editsBetween = (a: string, b: string): number => {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const [removed = 0, added = 0, replaced = 0] = [last[j], row[j - 1], last[j - 1]];
      row[j] = Math.min(removed + 1, added + 1, replaced + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j] ?? 0, (before[j - 2] ?? 0) + 1);
    }
    [before, last] = [last, row];
  }
  return last[b.length] ?? 0;
};
