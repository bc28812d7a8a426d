import { isUtf8 } from 'node:buffer';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { BadInputError } from '../../lib/parse.ts';
import { DEFAULT_COLUMNS } from '../../lib/sources/csv-header.ts';

/** A file's path, and its properties at the time of the check. */
export interface CheckedFile {
  path: string;
  bytes: number;
  mtimeMs: number;
  inode: number;
}

/** The columns that a csv dataset reads by default. */
export const NEEDED_COLUMNS: readonly string[] = Object.values(DEFAULT_COLUMNS);

/** Bytes to check at the start and at the end of a file: the header and a few hundred rows. */
const WINDOW_BYTES = 65_536;

const NEWLINE = 0x0a;

/**
 * Checks the start and the end of a file: whether it is UTF-8 text, and a CSV with the needed columns.
 *
 * @param shown The file's name in error messages.
 * @param needed Columns that its header must have.
 * @throws {BadInputError} Names the file, what is wrong, what is allowed and what to do.
 */
export const checkCsvFile = async (
  path: string,
  delimiter: string,
  shown: string,
  needed: readonly string[] = NEEDED_COLUMNS,
): Promise<CheckedFile> => {
  const wrong = (what: string) => new BadInputError(`${shown}: ${what}.`);
  try {
    const kind = await stat(path);
    if (kind.isDirectory()) throw wrong('it is a folder; give the paths of the CSV files in it');
    if (!kind.isFile())
      throw wrong('it is not a regular file; copy its content to a regular file, and upload that file');
    await using file = await open(path);
    const { size, mtimeMs, ino } = await file.stat();
    if (size === 0) throw wrong('it is empty; a CSV must have a header and at least one row');
    const start = await read(file, 0, Math.min(size, WINDOW_BYTES));
    const tailStart = Math.max(0, size - WINDOW_BYTES);
    const end = await read(file, tailStart, size - tailStart);

    const problem =
      encodingProblem(start, { whole: start.length === size }) ??
      encodingProblemAtEnd(end, tailStart) ??
      tableProblem(start, { whole: start.length === size, delimiter, needed });
    if (problem) throw wrong(problem);
    return { path, bytes: size, mtimeMs, inode: ino };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw wrong('there is no such file; give the path of a CSV file');
    if (code) throw wrong(`it is not readable (${code}); change its permissions`);
    throw error;
  }
};

/** @returns Whether the file is unchanged since the check. */
export const isUnchanged = async ({ path, bytes, mtimeMs, inode }: CheckedFile): Promise<boolean> => {
  const now = await stat(path).catch(() => undefined);
  return now?.size === bytes && now.mtimeMs === mtimeMs && now.ino === inode;
};

const read = async (file: FileHandle, position: number, length: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
};

const NOT_UTF8 = 'is not UTF-8 (maybe Latin-1); save the file as UTF-8, or convert it with iconv -f latin1 -t utf-8';

const encodingProblem = (bytes: Buffer, { whole }: { whole: boolean }): string | undefined => {
  const nul = nulIn(bytes, 0);
  if (nul) return nul;
  if (isUtf8(whole ? bytes : withoutCutEnd(bytes))) return undefined;
  let [line, from] = [1, 0];
  for (let to = bytes.indexOf(NEWLINE); to !== -1 && isUtf8(bytes.subarray(from, to)); line++) {
    from = to + 1;
    to = bytes.indexOf(NEWLINE, from);
  }
  return `line ${line} ${NOT_UTF8}`;
};

const encodingProblemAtEnd = (bytes: Buffer, position: number): string | undefined =>
  nulIn(bytes, position) ??
  (isUtf8(position === 0 ? bytes : withoutCutStart(bytes)) ? undefined : `its end ${NOT_UTF8}`);

const nulIn = (bytes: Buffer, position: number): string | undefined => {
  const nul = bytes.indexOf(0);
  if (nul === -1) return undefined;
  return `byte ${position + nul} is NUL, so the file is binary or UTF-16; save it as UTF-8 text`;
};

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Removes an incomplete character at the end. A character has at most 4 bytes. */
const withoutCutEnd = (bytes: Buffer): Buffer => {
  let lead = bytes.length - 1;
  while (lead > bytes.length - 4 && isContinuation(bytes[lead])) lead -= 1;
  const first = bytes[lead] ?? 0;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return lead + length > bytes.length ? bytes.subarray(0, lead) : bytes;
};

/** Removes an incomplete character at the start. */
const withoutCutStart = (bytes: Buffer): Buffer => {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start += 1;
  return bytes.subarray(start);
};

const tableProblem = (
  start: Buffer,
  { whole, delimiter, needed }: { whole: boolean; delimiter: string; needed: readonly string[] },
): string | undefined => {
  const end = start.indexOf(NEWLINE);
  if (end === -1 && !whole)
    return `its first line has more than ${WINDOW_BYTES} bytes; the first line must be the header`;
  const header = start
    .subarray(0, end === -1 ? start.length : end)
    .toString()
    .replace(/^\uFEFF/, '')
    .replace(/\r$/, '');
  if (header.trim() === '')
    return `its first line is empty; the first line must be the header, with the columns ${listed(needed)}`;
  const columns = header.split(delimiter);
  const likely = likelyDelimiter(header, delimiter, needed);
  const hint =
    likely === undefined
      ? ''
      : `; its delimiter seems to be ${JSON.stringify(likely)}: use --delimiter ${quoted(likely)}, and set the same delimiter in the dataset`;
  if (columns.length === 1)
    return `its header has no delimiter ${JSON.stringify(delimiter)}${hint || `; the header is ${shortened(header)}, so use --delimiter`}`;
  const missing = needed.filter((name) => !columns.includes(name));
  if (missing.length)
    return `its header has no column ${listed(missing)}${hint || `; the header is ${shortened(header)}`}`;
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined)
    return `its header has the column ${JSON.stringify(twice)} twice; column names must be unique, so rename one of them`;
  const below = end === -1 ? '' : start.subarray(end + 1).toString();
  if (below.trim() === '' && whole) return 'it has a header but no rows; a CSV must have at least one row';
  return undefined;
};

/** The delimiter that gives the needed columns. If there is none, the most frequent delimiter in the header. */
const likelyDelimiter = (header: string, given: string, needed: readonly string[]): string | undefined => {
  const others = ['|', ';', ',', '\t'].filter((one) => one !== given && header.includes(one));
  const count = (one: string) => header.split(one).length;
  return (
    others.find((one) => needed.every((name) => header.split(one).includes(name))) ??
    (header.includes(given) ? undefined : others.toSorted((a, b) => count(b) - count(a))[0])
  );
};

const listed = (names: readonly string[]): string =>
  new Intl.ListFormat('en-GB').format(names.map((name) => JSON.stringify(name)));
const quoted = (delimiter: string): string => `'${delimiter === '\t' ? '\\t' : delimiter}'`;
const shortened = (text: string): string => JSON.stringify(text.length > 120 ? `${text.slice(0, 117)}...` : text);
